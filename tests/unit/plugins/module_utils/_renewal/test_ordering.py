# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The middle of a run, seen alone: what one store, one CA and what others said make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.client import Desk
from ansible_collections.hitless.edge.plugins.module_utils._acme.results import Action
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Lineage,
    Source,
    Wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.ordering import Ordering
from ansible_collections.hitless.edge.plugins.module_utils._renewal.turns import Watch
from fake_ca import FakeCa
from fakes import FakeClock
from renewing import HOME, SITE, Fleet

OWN = Lineage("own.test", KeyType.RSA, ("own.test",))


def ordering(fleet: Fleet, name: str = "lb1", *forced: str) -> Ordering:
    ports, settings = fleet.members[name].host.ports, fleet.settings_of(name)
    desk = Desk(Accounts(ports.files, HOME), Budget.of(ports.clock, 60), open_http)
    return Ordering(ports, settings, desk, frozenset(forced))


def actions(one: Ordering, error: EdgeError | None = None) -> list[str]:
    return [outcome.action for outcome in one.outcomes(error)]


def test_a_look_orders_nothing(fleet: Fleet) -> None:
    """What is due is seen, and no more."""
    one = ordering(fleet)
    one.look()
    assert actions(one) == ["would_issue"]
    assert fleet.ca.orders == {}


def test_what_stopped_the_orders_fails_what_was_to_be_ordered(fleet: Fleet) -> None:
    """And only that: what was not due stays valid."""
    fleet.renew()
    wished = (*fleet.settings.wished, Wished(Source.SELF_SIGNED, OWN))
    fleet.settings = replace(fleet.settings, wished=wished)
    one = ordering(fleet)
    one.look()
    assert actions(one, EdgeError("the disk is full")) == ["valid", "failed"]


def test_what_another_run_has_done_meanwhile_is_not_done_again(fleet: Fleet) -> None:
    """Between the look and the lock somebody else renewed: it counts as renewed."""
    one = ordering(fleet)
    one.look()
    fleet.renew()
    one.order(())
    (outcome,) = one.outcomes(None)
    assert outcome.result.action is Action.RENEWED
    assert outcome.result.leaf is not None
    assert outcome.result.leaf.fingerprint == fleet.members["lb1"].held()
    assert fleet.orders == 1


def test_since_when_it_is_due_is_on_disk_before_an_order(fleet: Fleet) -> None:
    """And pruned once it is not."""
    one = ordering(fleet, "lb2")
    one.look()
    one.order(())
    assert actions(one) == ["waits"]
    files = fleet.members["lb2"].files
    assert set(Watch.parse(files.content[f"{HOME}/due.json"]).seen) == {"a.test/ecdsa"}
    fleet.renew("lb1")
    wished = (*fleet.settings.wished, Wished(Source.SELF_SIGNED, OWN))
    fleet.settings = replace(fleet.settings, wished=wished)
    other = ordering(fleet, "lb2")
    other.look()
    other.order(())
    assert set(Watch.parse(files.content[f"{HOME}/due.json"]).seen) == {"own.test/rsa"}


def test_each_source_is_ordered_by_its_own_rules(fleet: Fleet) -> None:
    """In one run; a CA is asked only for those of a CA."""
    wished = (*fleet.settings.wished, Wished(Source.SELF_SIGNED, OWN))
    fleet.settings = replace(fleet.settings, wished=wished)
    one = ordering(fleet)
    one.look()
    one.order(())
    assert actions(one) == ["issued", "issued"]
    assert fleet.ca.issued == [("a.test",)]
    assert [outcome.source for outcome in one.outcomes(None)] == [
        Source.ACME,
        Source.SELF_SIGNED,
    ]


def test_certificates_of_a_ca_need_a_ca(fleet: Fleet) -> None:
    """Said before anything is asked."""
    fleet.settings = replace(fleet.settings, authorities=())
    with pytest.raises(EdgeError, match="no CA is listed"):
        ordering(fleet).look()


def test_registrations_come_from_the_settings(fleet: Fleet) -> None:
    """A standby that got only the key knows its account by what the play wrote."""
    fleet.members["lb2"].files.remove(f"{HOME}/account/registrations.json")
    fleet.settings = replace(fleet.settings, standby_delay_seconds=0)
    one = ordering(fleet, "lb2")
    one.look()
    one.order(())
    assert actions(one) == ["issued"]
    assert "newAccount" not in fleet.ca.resources[1 + fleet.ca.resources.index("newAccount") :]


def test_a_forced_one_has_its_reason(ca: FakeCa, clock: FakeClock) -> None:
    """Unless it is due anyway, which is the better one."""
    wished = tuple(Wished(Source.ACME, one) for one in (SITE, replace(OWN, name="b.test")))
    fleet = Fleet.made(ca, clock, wished=wished)
    fleet.renew(force=("a.test",))
    fleet.wait(timedelta(hours=1))
    one = ordering(fleet, "lb1", "a.test")
    one.look()
    reasons = [outcome.result.reason for outcome in one.outcomes(None)]
    assert reasons[0] == "forced"
    assert reasons[1].startswith("valid until")
