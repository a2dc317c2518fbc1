# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What served before a change is found, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import Candidate
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.process import Service
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_before import (
    Before,
    look_before,
)
from fake_haproxy import LAYOUT, FakeHaproxy, config

OLD, NEW = config(), config("# new\n")
EDITED = f"{OLD}# by hand\n"
FOREIGN = "global\nlisten theirs\n    bind :80\n"
MAPS = {"sites.map": "a.test a\n"}
MORE = {"sites.map": "a.test a\nb.test b\n"}


def started(text: str, *, later: float = 60) -> FakeHaproxy:
    """A service whose config was written this long before it started; a minute ago."""
    haproxy = FakeHaproxy()
    haproxy.write(text, MAPS)
    haproxy.host.clock.sleep(later)
    haproxy.start()
    haproxy.host.clock.sleep(60)
    return haproxy


def before(haproxy: FakeHaproxy) -> Before:
    """As a transaction finds it."""
    running = Service(haproxy.host.ports, LAYOUT).info()
    return look_before(haproxy.host.ports, LAYOUT, running)


@pytest.mark.parametrize("text", [OLD, EDITED, FOREIGN], ids=["ours", "edited", "foreign"])
def test_what_was_written_before_the_start_serves(text: str) -> None:
    """Whoever wrote it, and it has to be kept."""
    found = before(started(text))
    assert found.served == Candidate(text, MAPS)
    assert found.has_to_be_kept(Candidate(NEW, MAPS))


@pytest.mark.parametrize("text", [EDITED, NEW, FOREIGN], ids=["edited", "ours", "foreign"])
def test_what_was_written_since_does_not_serve(text: str) -> None:
    """Whatever its description says."""
    haproxy = started(OLD)
    haproxy.write(text, MAPS)
    found = before(haproxy)
    assert (found.disk, found.served) == (Candidate(text, MAPS), None)
    assert not found.has_to_be_kept(Candidate(NEW, MAPS))


def test_the_text_proves_more_than_the_time() -> None:
    """Written again, just so, since the start."""
    haproxy = started(OLD)
    haproxy.write(OLD, MAPS)
    assert before(haproxy).served == Candidate(OLD, MAPS)


@pytest.mark.parametrize("text", [OLD, FOREIGN], ids=["ours", "foreign"])
def test_the_copy_of_a_killed_run_is_what_serves(text: str) -> None:
    """It had swapped config and maps, and not reloaded."""
    haproxy = started(text)
    haproxy.maps[f"{LAYOUT.maps}/sites.map"] = (("a.test", "a"),)
    Candidate(text, MAPS).write(haproxy.host.files, LAYOUT.previous)
    Candidate(NEW, MORE).install(haproxy.host.files, LAYOUT)
    found = before(haproxy)
    assert found.served == Candidate(text, MAPS)
    assert not found.has_to_be_kept(Candidate(NEW, MORE))


def test_maps_that_came_since_the_copy_come_back() -> None:
    """The process has them, so they are not those of the copy."""
    haproxy = started(OLD)
    Candidate(OLD, {"sites.map": "x.test x\n"}).write(haproxy.host.files, LAYOUT.previous)
    haproxy.write(EDITED, MAPS)
    assert before(haproxy).served == Candidate(OLD, MAPS)


def test_an_old_copy_of_a_foreign_config_proves_nothing() -> None:
    """No digest tells two of them apart."""
    haproxy = FakeHaproxy()
    Candidate("global\n# ancient\n").write(haproxy.host.files, LAYOUT.previous)
    haproxy.host.clock.sleep(60)
    haproxy.write(FOREIGN, MAPS)
    haproxy.start()
    assert before(haproxy).served is None


def test_new_maps_alone_are_reason_to_keep() -> None:
    """The same config and maps are none."""
    found = before(started(OLD))
    assert found.has_to_be_kept(Candidate(OLD, MORE))
    assert not found.has_to_be_kept(Candidate(OLD, MAPS))


def test_nothing_serves_where_nothing_runs() -> None:
    """The files are still there to come back to."""
    haproxy = started(OLD)
    haproxy._die()
    assert before(haproxy) == Before(Candidate(OLD, MAPS), None)
