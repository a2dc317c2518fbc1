# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module plans first and acts when it is let."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import Candidate
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_plan import Wish
from ansible_collections.hitless.edge.plugins.modules.haproxy_reload import ensure, spec
from fake_haproxy import LAYOUT, FakeHaproxy, config


def test_a_staged_config_is_activated_by_apply_alone() -> None:
    """The plan changes nothing."""
    haproxy = FakeHaproxy()
    haproxy.write(config(), {})
    haproxy.start()
    Candidate(config("# new\n")).write(haproxy.host.files, LAYOUT.staged)
    change = ensure(haproxy.host.ports, Wish())
    assert (change.result["action"], haproxy.reloads) == ("reload", 0)
    assert change.apply()["action"] == "reload"
    assert haproxy.reloads == 1
    assert not ensure(haproxy.host.ports, Wish()).is_needed


def test_defaults_of_options_and_wish_are_the_same() -> None:
    """Whoever calls."""
    defaults = {name: option.get("default") for name, option in spec().options.items()}
    assert Wish.from_params(defaults) == Wish()
