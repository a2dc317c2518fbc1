# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wish is compared with disk and process, validated, and left waiting."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput, Refused
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import (
    Candidate,
    read_folder,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.staging import (
    PROCESS,
    Wish,
    parse_wish,
    plan_staging,
)
from fake_haproxy import BROKEN_LINE, LAYOUT, FakeHaproxy, config, digest_of

OLD, NEW = config(), config("# new\n")
MAPS = {"sites.map": "a.test a\n"}
MORE = {"sites.map": "a.test a\nb.test b\n"}


@pytest.fixture
def haproxy() -> FakeHaproxy:
    """A service that runs the old config."""
    one = FakeHaproxy()
    one.write(OLD, MAPS)
    one.start()
    return one


def wish(text: str, maps: dict[str, str] | None = None) -> Wish:
    """For this config and these maps."""
    return Wish(Candidate(text, MAPS if maps is None else maps), digest_of(text))


def live(haproxy: FakeHaproxy) -> dict[str, bytes]:
    """All files but the staged ones."""
    files = haproxy.host.files.content
    return {path: text for path, text in files.items() if not path.startswith(LAYOUT.staged)}


def test_what_runs_and_is_on_disk_is_unchanged(haproxy: FakeHaproxy) -> None:
    """Nothing is validated for it."""
    change = plan_staging(haproxy.host.ports, wish(OLD))
    assert not change.is_needed
    assert (change.result["staged"], change.result["reload_needed"]) == (False, False)
    assert haproxy.trials == []


def test_a_new_config_is_staged_and_nothing_live_is_changed(haproxy: FakeHaproxy) -> None:
    """The diff shows its text and its digest."""
    change = plan_staging(haproxy.host.ports, wish(NEW))
    before = live(haproxy)
    assert read_folder(haproxy.host.files, LAYOUT.staged) is None
    change.apply()
    assert read_folder(haproxy.host.files, LAYOUT.staged) == Candidate(NEW, MAPS)
    assert live(haproxy) == before
    assert (change.before[LAYOUT.config], change.after[LAYOUT.config]) == (OLD, NEW)
    assert change.result == {
        "digest": digest_of(NEW), "staged": True, "reload_needed": True, "maps_changed": [],
    }  # fmt: skip


def test_a_diff_shows_that_a_password_changed_and_not_which(haproxy: FakeHaproxy) -> None:
    """Diffs end in logs."""
    text = config("userlist people\n    user ann insecure-password hunter22\n")
    haproxy.write(text, MAPS)
    haproxy.start()
    new = config("userlist people\n    user ann insecure-password hunter23\n")
    shown = str(plan_staging(haproxy.host.ports, wish(new)).diff())
    assert "hunter2" not in shown
    assert "insecure-password ******** (new)" in shown


def test_new_maps_need_no_reload(haproxy: FakeHaproxy) -> None:
    """Only their lines are shown, and only `haproxy -c` is asked."""
    change = plan_staging(haproxy.host.ports, wish(OLD, MORE))
    assert (change.result["reload_needed"], change.result["maps_changed"]) == (False, ["sites.map"])
    headers = [entry["after_header"] for entry in change.diff()]
    assert headers == [f"{LAYOUT.maps}/sites.map", PROCESS]
    assert change.after[f"{LAYOUT.maps}/sites.map"] == "b.test b\n"
    assert haproxy.trials == []


def test_a_stale_process_is_a_change(haproxy: FakeHaproxy) -> None:
    """A run died between swap and reload: files alone would say ok."""
    haproxy.write(NEW, MAPS)
    change = plan_staging(haproxy.host.ports, wish(NEW))
    assert change.is_needed
    assert change.result["reload_needed"]
    assert [entry["after_header"] for entry in change.diff()] == [PROCESS]


def test_a_refused_config_is_refused_again(haproxy: FakeHaproxy) -> None:
    """Not green over a stale process."""
    for _unused in range(2):
        with pytest.raises(Refused, match="bogus"):
            plan_staging(haproxy.host.ports, wish(config(BROKEN_LINE)))
    assert not plan_staging(haproxy.host.ports, wish(OLD)).is_needed


def test_what_an_earlier_run_left_goes(haproxy: FakeHaproxy) -> None:
    """The wish came back to what runs; nobody wants the candidate, and it is no change."""
    plan_staging(haproxy.host.ports, wish(NEW)).apply()
    change = plan_staging(haproxy.host.ports, wish(OLD))
    assert change.is_needed
    assert change.result["changed"] is False
    change.apply()
    assert haproxy.host.files.names(LAYOUT.staged) == ()
    assert not plan_staging(haproxy.host.ports, wish(OLD)).is_needed


def test_a_host_without_haproxy_predicts_and_warns() -> None:
    """In check mode; the run itself refuses."""
    haproxy = FakeHaproxy(installed=False)
    change = plan_staging(haproxy.host.ports, wish(NEW))
    assert change.is_needed
    assert change.warnings == ("HAProxy is not installed yet, so the config was not validated",)
    with pytest.raises(Refused, match="not installed"):
        change.apply()


def test_a_service_that_does_not_run_is_a_change(haproxy: FakeHaproxy) -> None:
    """It needs a start."""
    haproxy._die()
    change = plan_staging(haproxy.host.ports, wish(OLD, {}))
    assert change.result["reload_needed"]
    assert change.before[PROCESS]["config"] == "does not run"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "config: is empty"),
        ({"config": OLD, "digest": "f" * 16}, "digest: is ffff"),
        ({"config": OLD, "digest": digest_of(OLD), "maps": {"../x.map": ""}}, r"maps\.\.\./x\.map"),
        ({"config": OLD, "digest": digest_of(OLD), "maps": {"x": ""}}, "not the file name"),
        ({"config": OLD, "digest": digest_of(OLD), "maps": {"x.map": 1}}, "not a text"),
    ],
    ids=["nothing", "digest", "path", "name", "content"],
)
def test_what_the_controller_hands_over_is_checked(options: object, fault: str) -> None:
    """A map is written only where maps are."""
    with pytest.raises(InvalidInput, match=fault):
        parse(options, "", parse_wish)
    whole = {"config": OLD, "digest": digest_of(OLD), "maps": MAPS}
    assert parse(whole, "", parse_wish) == wish(OLD)
