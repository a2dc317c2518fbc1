# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that brings the process to what is wanted."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import Candidate
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_plan import (
    Action,
    Plan,
    Planner,
    Wish,
    stale_maps,
)
from fake_haproxy import LAYOUT, FakeHaproxy, config, digest_of

OLD, NEW = config(), config("# new\n")
MAPS = {"sites.map": "a.test a\n"}
FOREIGN = "global\n    description somebody's\nfrontend f\n    bind :80\n"


def running(text: str = OLD) -> FakeHaproxy:
    """A service that runs a config, a minute after its start."""
    haproxy = FakeHaproxy()
    haproxy.write(text, MAPS)
    haproxy.start()
    haproxy.host.clock.sleep(60)
    return haproxy


def plan(haproxy: FakeHaproxy, wish: Wish | None = None) -> Plan:
    """What would be done."""
    return Planner(haproxy.host.ports, LAYOUT, wish or Wish()).plan()


def test_what_runs_and_is_on_disk_needs_nothing() -> None:
    """And nothing is asked for twice."""
    assert plan(running()).action is Action.NONE


def test_another_config_staged_needs_a_reload() -> None:
    """The reason names both digests."""
    haproxy = running()
    Candidate(NEW, MAPS).write(haproxy.host.files, LAYOUT.staged)
    found = plan(haproxy)
    assert (found.action, found.staged) == (Action.RELOAD, True)
    assert found.reason == f"config {digest_of(OLD)} runs, {digest_of(NEW)} is wanted"


def test_a_candidate_that_is_held_back_stays_staged() -> None:
    """Another balancer refused it; a role that changed an error page reloads what is on disk."""
    haproxy = running()
    Candidate(NEW, MAPS).write(haproxy.host.files, LAYOUT.staged)
    assert plan(haproxy, Wish(staged=False)).action is Action.NONE
    found = plan(haproxy, Wish(staged=False, force=True))
    assert (found.action, found.staged, found.candidate.config) == (Action.RELOAD, False, OLD)


def test_another_config_on_disk_needs_a_reload() -> None:
    """A run died after its swap, or somebody edited the file."""
    haproxy = running()
    haproxy.write(NEW, MAPS)
    found = plan(haproxy)
    assert (found.action, found.staged, found.candidate.config) == (Action.RELOAD, False, NEW)


def test_an_edited_file_under_the_same_digest_is_put_right() -> None:
    """Whether the process has the edit, nobody can tell: a reload loses nothing."""
    haproxy = running()
    haproxy.write(OLD + "# edited\n", MAPS)
    Candidate(OLD, MAPS).write(haproxy.host.files, LAYOUT.staged)
    assert plan(haproxy).action is Action.RELOAD


def test_half_a_candidate_is_not_taken() -> None:
    """A run died while it staged."""
    haproxy = running()
    Candidate(NEW, MAPS).write(haproxy.host.files, LAYOUT.staged)
    haproxy.host.files.remove(f"{LAYOUT.staged}/wish.json")
    assert plan(haproxy).action is Action.NONE


def test_a_foreign_config_is_reloaded_when_its_file_changed() -> None:
    """Without digest its time has to do."""
    haproxy = running(FOREIGN)
    haproxy.host.files.times[LAYOUT.config] = haproxy.host.clock.now().replace(hour=1)
    assert plan(haproxy).action is Action.NONE
    haproxy.write(FOREIGN, MAPS)
    assert plan(haproxy).action is Action.RELOAD


def test_without_any_config_there_is_nothing_to_do() -> None:
    """And that is said."""
    with pytest.raises(Refused, match="there is no config"):
        plan(FakeHaproxy())


def test_a_bare_host_is_predicted_to_start() -> None:
    """In check mode nothing is staged: the digest is what is known."""
    found = plan(FakeHaproxy(), Wish(digest=digest_of(NEW)))
    assert (found.action, found.staged) == (Action.START, False)


def test_maps_differ_on_disk_or_in_the_process() -> None:
    """A map that the process has not loaded counts on disk alone."""
    haproxy = running()
    ports, same = haproxy.host.ports, Candidate(OLD, {**MAPS, "new.map": "x y\n"})
    assert stale_maps(ports, LAYOUT, same, in_process=True) == ("new.map",)
    haproxy.host.files.write(f"{LAYOUT.maps}/new.map", b"x y\n")
    assert stale_maps(ports, LAYOUT, same, in_process=True) == ()
    haproxy.maps[f"{LAYOUT.maps}/sites.map"] = ()
    assert stale_maps(ports, LAYOUT, same, in_process=True) == ("sites.map",)
    assert stale_maps(ports, LAYOUT, same, in_process=False) == ()


def test_a_wish_is_made_of_the_options() -> None:
    """An empty digest is none."""
    params = {
        "digest": "", "staged": False, "maps_changed": ["a.map"], "force": True, "probe_url": "",
        "timeout": 7,
    }  # fmt: skip
    wish = Wish(staged=False, maps_changed=("a.map",), force=True, probe_url="", timeout_seconds=7)
    assert Wish.from_params(params) == wish
