# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a delivery would do."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.plan import (
    DEFAULT_FILE,
    plan_delivery,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.hot_certificates import Action
from delivering import LAYOUT, Balancer, path_of, wanted
from minted import mint

A, B = mint("a.test"), mint("b.test")


def test_planning_writes_nothing() -> None:
    """Neither files nor commands that change."""
    balancer = Balancer()
    balancer.plan(wanted("a.test", A), default_certificate=True)
    assert balancer.files.writes == []
    assert all(command.startswith("show") for command in balancer.process.commands)


def test_what_is_lacking_is_not_listed() -> None:
    """A line for a file that is not there would keep HAProxy from starting."""
    plan = Balancer().plan(wanted("a.test", A, pem=False), wanted("b.test", B))
    assert plan.listing.paths == (path_of("b.test"),)
    assert sorted(plan.manifest.files) == ["b.test.ecdsa.pem"]


def test_what_is_lacking_keeps_what_it_has() -> None:
    """An older certificate stays on the list and in the manifest."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    plan = balancer.plan(wanted("a.test", mint("a.test", serial=2), pem=False))
    assert plan.listing.paths == (path_of("a.test"),)
    assert sorted(plan.manifest.files) == ["a.test.ecdsa.pem"]
    assert plan.steps == ()


def test_what_is_not_wished_leaves_if_it_is_ours() -> None:
    """A file that is not in the manifest is nobody's to remove."""
    balancer = Balancer()
    balancer.files.write(path_of("foreign"), B.pem.encode())
    balancer.deliver(wanted("a.test", A))
    plan = balancer.plan(purge_everything=True)
    assert set(plan.removed) == {path_of("a.test")}
    assert [step.action for step in plan.steps] == [Action.REMOVE]


def test_an_empty_wish_purges_nothing_unless_it_says_so() -> None:
    """Neither when looked at nor when carried out; the remedy is named."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    with pytest.raises(InvalidInput, match=r"2 bundles(.|\n)*certificates_purge_everything"):
        balancer.plan()
    with pytest.raises(InvalidInput):
        balancer.deliver()
    assert balancer.serves("a.test") == A.fingerprint
    balancer.deliver(purge_everything=True)
    assert balancer.process.stores == {}


def test_an_empty_wish_is_fine_where_nothing_was_delivered() -> None:
    """A new balancer, one that was emptied already, and one with just its default certificate."""
    balancer = Balancer()
    balancer.deliver()
    balancer.deliver(default_certificate=True)
    assert set(balancer.plan().removed) == {f"{LAYOUT.certificates}/{DEFAULT_FILE}"}


def test_nothing_leaves_without_purge() -> None:
    """The manifest goes on claiming it."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    plan = balancer.plan(purge=False)
    assert plan.removed == {}
    assert plan.listing.paths == (path_of("a.test"),)
    assert sorted(plan.manifest.files) == ["a.test.ecdsa.pem"]


def test_a_stopped_haproxy_needs_no_steps() -> None:
    """It loads the files when it starts."""
    plan = Balancer(running=False).plan(wanted("a.test", A))
    assert plan.loaded is None
    assert plan.unheard == "HAProxy does not run"
    assert plan.steps == ()


def test_a_haproxy_with_another_config_needs_no_steps() -> None:
    """It does not load our list; a reload would not change that."""
    balancer = Balancer()
    balancer.process.loads_list = False
    plan = balancer.plan(wanted("a.test", A))
    assert plan.loaded is None
    assert LAYOUT.crt_list in plan.unheard


def test_the_default_certificate_leads_the_list() -> None:
    """HAProxy takes the first one, when it starts."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    plan = balancer.plan(wanted("a.test", A), default_certificate=True)
    assert plan.listing.paths == (f"{LAYOUT.certificates}/{DEFAULT_FILE}", path_of("a.test"))
    assert plan.has_other_default


def test_a_haproxy_that_is_mute_is_left_alone_or_a_failure() -> None:
    """It runs and its socket is not for us: who may not reload has files to write at least."""
    balancer = Balancer(running=False)
    balancer.host.runner.answer = lambda _argv: Completed(0, "active\n", "")
    wish = balancer.wish(wanted("a.test", A))
    plan = plan_delivery(balancer.host.ports, wish, may_be_mute=True)
    assert (plan.loaded, plan.steps) == (None, ())
    assert "answers neither at" in plan.unheard
    with pytest.raises(Unavailable):
        plan_delivery(balancer.host.ports, wish)
