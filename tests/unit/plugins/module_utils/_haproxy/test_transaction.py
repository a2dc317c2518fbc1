# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One transaction: the process ends up at the candidate, or where it was."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Busy, Refused
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import (
    Candidate,
    read_folder,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction import (
    Transaction,
    plan_change,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_plan import Wish
from fake_haproxy import (
    BROKEN_LINE,
    FRAIL,
    LAYOUT,
    NO_CHROOT,
    PORT_IN_USE,
    UNHEALTHY,
    FakeHaproxy,
    config,
    digest_of,
)

OLD, NEW = config(), config("# new\n")
MAPS = {"sites.map": "a.test a\n"}
MORE = {"sites.map": "a.test a\nb.test b\n"}
DIGEST_OLD, DIGEST_NEW = digest_of(OLD), digest_of(NEW)


@pytest.fixture(params=[True, False], ids=["3.0", "2.6"])
def haproxy(request: pytest.FixtureRequest) -> FakeHaproxy:
    """A service that runs the old config."""
    one = FakeHaproxy(synchronous=request.param)
    one.write(OLD, MAPS)
    one.start()
    return one


def stage(haproxy: FakeHaproxy, text: str, maps: dict[str, str] | None = None) -> None:
    """What haproxy_config leaves behind."""
    Candidate(text, MAPS if maps is None else maps).write(haproxy.host.files, LAYOUT.staged)


def perform(haproxy: FakeHaproxy, wish: Wish | None = None) -> dict[str, object]:
    """The whole transaction."""
    return dict(Transaction(haproxy.host.ports, LAYOUT, wish or Wish()).perform())


def disk(haproxy: FakeHaproxy) -> str:
    """The live config."""
    return haproxy.host.files.content[LAYOUT.config].decode()


def test_a_new_config_takes_one_reload(haproxy: FakeHaproxy) -> None:
    """Process and disk have it, the last good one is kept, nothing stays staged."""
    stage(haproxy, NEW)
    result = perform(haproxy)
    assert (result["action"], result["digest"], haproxy.reloads) == ("reload", DIGEST_NEW, 1)
    assert haproxy.loaded == disk(haproxy) == NEW
    previous = read_folder(haproxy.host.files, LAYOUT.previous)
    assert previous is not None
    assert (previous.config, previous.maps) == (OLD, MAPS)
    assert haproxy.host.files.names(LAYOUT.staged) == ()
    assert haproxy.starts == 1


def test_drains_and_weights_are_dumped_before_the_reload(haproxy: FakeHaproxy) -> None:
    """The new worker finds the state of its servers."""
    stage(haproxy, NEW)
    perform(haproxy)
    assert haproxy.host.files.content[LAYOUT.server_state].startswith(b"1\n")
    asked = [request for _unused, request in haproxy.host.socket.requests]
    assert asked.index("show servers state\n") < asked.index("reload\n")


def test_a_second_run_does_nothing(haproxy: FakeHaproxy) -> None:
    """What runs is what is wanted."""
    stage(haproxy, NEW)
    perform(haproxy)
    assert perform(haproxy)["action"] == "none"
    assert not plan_change(haproxy.host.ports, LAYOUT, Wish()).is_needed
    assert haproxy.reloads == 1


def test_maps_alone_take_no_reload(haproxy: FakeHaproxy) -> None:
    """File and process have them."""
    stage(haproxy, OLD, MORE)
    assert perform(haproxy)["action"] == "maps"
    path = f"{LAYOUT.maps}/sites.map"
    assert haproxy.maps[path] == (("a.test", "a"), ("b.test", "b"))
    assert haproxy.host.files.content[path].decode() == MORE["sites.map"]
    assert haproxy.reloads == 0


def test_a_map_changed_in_the_process_alone_comes_back(haproxy: FakeHaproxy) -> None:
    """The process is the truth."""
    path = f"{LAYOUT.maps}/sites.map"
    haproxy.maps[path] = (("a.test", "hacked"),)
    assert perform(haproxy)["action"] == "maps"
    assert haproxy.maps[path] == (("a.test", "a"),)


def test_maps_that_the_process_refuses_come_by_a_reload(haproxy: FakeHaproxy) -> None:
    """The files are written by then."""
    haproxy.refuses_maps = True
    stage(haproxy, OLD, MORE)
    assert perform(haproxy)["action"] == "reload"
    assert haproxy.maps[f"{LAYOUT.maps}/sites.map"][1] == ("b.test", "b")


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        (PORT_IN_USE, "Address already in use"),
        (NO_CHROOT, "Cannot chroot"),
        (FRAIL, "exit-on-failure"),
        (UNHEALTHY, ""),
    ],
    ids=["port-in-use", "dies-after-fork", "dies-after-its-answer", "answers-503"],
)
def test_a_config_that_does_not_serve_goes_away_again(
    haproxy: FakeHaproxy, addition: str, words: str
) -> None:
    """The old one is on disk and serves; the refused one can be looked at; HAProxy is quoted."""
    bad = config(addition)
    stage(haproxy, bad, MORE)
    with pytest.raises(Refused) as caught:
        perform(haproxy)
    assert words in caught.value.words
    assert f"config {DIGEST_OLD} serves" in caught.value.message
    assert haproxy.loaded == disk(haproxy) == OLD
    assert haproxy.host.files.content[f"{LAYOUT.maps}/sites.map"].decode() == MAPS["sites.map"]
    rejected = haproxy.host.files.content[f"{LAYOUT.rejected}/haproxy.cfg"]
    assert rejected.decode() == bad
    assert haproxy.host.files.names(LAYOUT.staged) == ()
    assert perform(haproxy)["action"] == "none"


def test_a_health_that_was_bad_before_is_not_the_fault_of_a_config() -> None:
    """All backends are down: the config is changed nevertheless, perhaps to repair that."""
    haproxy = FakeHaproxy()
    haproxy.write(config(UNHEALTHY), MAPS)
    haproxy.start()
    stage(haproxy, config(UNHEALTHY + "# repaired a little\n"))
    assert perform(haproxy)["action"] == "reload"


def test_a_config_without_the_probes_listener_is_not_probed(haproxy: FakeHaproxy) -> None:
    """Nobody could answer."""
    stage(haproxy, NEW.replace("127.0.0.1:8404", "127.0.0.1:8405"))
    haproxy.host.network.web.clear()
    assert perform(haproxy, Wish(probe_url="http://127.0.0.1:8404/"))["action"] == "reload"


def test_a_service_that_does_not_run_is_started(haproxy: FakeHaproxy) -> None:
    """With the candidate, and proved as well."""
    haproxy._die()
    stage(haproxy, NEW)
    assert perform(haproxy)["action"] == "start"
    assert haproxy.loaded == NEW


def test_a_start_that_fails_starts_the_old_config(haproxy: FakeHaproxy) -> None:
    """It is better than nothing, and the failure is told in HAProxy's words."""
    haproxy._die()
    stage(haproxy, config(NO_CHROOT))
    with pytest.raises(Refused, match="Cannot chroot"):
        perform(haproxy)
    assert haproxy.loaded == disk(haproxy) == OLD


def test_a_run_killed_between_swap_and_reload_is_finished(haproxy: FakeHaproxy) -> None:
    """The candidate is live on disk and still staged; the process is behind."""
    stage(haproxy, NEW)
    Candidate(OLD, MAPS).write(haproxy.host.files, LAYOUT.previous)
    Candidate(NEW, MAPS).install(haproxy.host.files, LAYOUT)
    assert perform(haproxy)["action"] == "reload"
    assert haproxy.loaded == NEW
    previous = read_folder(haproxy.host.files, LAYOUT.previous)
    assert previous is not None
    assert previous.config == OLD


def test_a_config_on_disk_alone_is_validated_first(haproxy: FakeHaproxy) -> None:
    """Somebody edited it: what would kill the service is found before."""
    haproxy.write(config(NO_CHROOT), MAPS)
    with pytest.raises(Refused, match="Cannot chroot"):
        perform(haproxy)
    assert (haproxy.reloads, haproxy.starts, haproxy.loaded) == (0, 1, OLD)


def test_an_error_page_that_changed_is_loaded(haproxy: FakeHaproxy) -> None:
    """The handler need only be notified."""
    page = "/etc/haproxy/errors/503.http"
    stage(haproxy, config(f"    errorfile 503 {page}\n"))
    haproxy.host.clock.sleep(60)
    perform(haproxy)
    haproxy.host.clock.sleep(60)
    haproxy.host.files.write(page, b"HTTP/1.0 503\r\n")
    result = perform(haproxy)
    assert (result["action"], page in str(result["reason"])) == ("reload", True)
    haproxy.host.clock.sleep(60)
    assert perform(haproxy, Wish(force=True))["action"] == "reload"
    haproxy.host.clock.sleep(60)
    assert perform(haproxy)["action"] == "none"


def test_another_digest_than_the_wanted_one_is_refused(haproxy: FakeHaproxy) -> None:
    """Another run came between; nothing is changed."""
    stage(haproxy, NEW)
    with pytest.raises(Refused, match="another run came between"):
        perform(haproxy, Wish(digest="f" * 16))
    assert haproxy.loaded == OLD


def test_one_transaction_at_a_time(haproxy: FakeHaproxy) -> None:
    """The lock is held by somebody else."""
    stage(haproxy, NEW)
    with (
        haproxy.host.files.lock(LAYOUT.lock, timeout_seconds=1),
        pytest.raises(Busy),
    ):
        perform(haproxy)
    assert haproxy.loaded == OLD


@pytest.mark.parametrize(
    ("wish", "action"),
    [
        (Wish(), "none"),
        (Wish(digest=DIGEST_NEW), "reload"),
        (Wish(digest=DIGEST_OLD, maps_changed=("sites.map",)), "maps"),
        (Wish(force=True), "reload"),
    ],
    ids=["nothing", "digest", "maps", "force"],
)
def test_check_mode_predicts_what_nobody_staged(
    haproxy: FakeHaproxy, wish: Wish, action: str
) -> None:
    """From what a dry run of haproxy_config returned; nothing is written."""
    before = dict(haproxy.host.files.content)
    change = plan_change(haproxy.host.ports, LAYOUT, wish)
    assert (change.result["action"], change.is_needed) == (action, action != "none")
    assert haproxy.host.files.content == before


def test_what_haproxy_config_would_refuse_is_not_loaded_from_disk(haproxy: FakeHaproxy) -> None:
    """HAProxy's words and the line."""
    haproxy.write(config(BROKEN_LINE), MAPS)
    with pytest.raises(Refused, match="unknown keyword 'bogus'") as caught:
        perform(haproxy)
    assert caught.value.details["lines"] == [10]


def map_text(haproxy: FakeHaproxy) -> str:
    """The live map."""
    return haproxy.host.files.content[f"{LAYOUT.maps}/sites.map"].decode()


def keep_ancient(haproxy: FakeHaproxy) -> None:
    """A copy of what served long ago."""
    Candidate(config("# ancient\n"), {"sites.map": "x.test x\n"}).write(
        haproxy.host.files, LAYOUT.previous
    )


@pytest.mark.parametrize("wish", [Wish(), Wish(force=True)], ids=["refused-maps", "force"])
def test_new_maps_whose_reload_fails_go_away_again(haproxy: FakeHaproxy, wish: Wish) -> None:
    """What comes back is what served just before, not what served long ago."""
    keep_ancient(haproxy)
    haproxy.refuses_maps = True
    haproxy.fails = 1
    stage(haproxy, OLD, MORE)
    with pytest.raises(Refused, match=f"config {DIGEST_OLD} serves"):
        perform(haproxy, wish)
    assert haproxy.loaded == disk(haproxy) == OLD
    assert map_text(haproxy) == MAPS["sites.map"]
    assert haproxy.maps[f"{LAYOUT.maps}/sites.map"] == (("a.test", "a"),)


def test_a_forced_reload_that_fails_keeps_what_serves(haproxy: FakeHaproxy) -> None:
    """Nothing is staged; an old copy of another config is not taken for good."""
    keep_ancient(haproxy)
    haproxy.fails = 1
    with pytest.raises(Refused, match=f"config {DIGEST_OLD} serves"):
        perform(haproxy, Wish(force=True))
    assert haproxy.loaded == disk(haproxy) == OLD


EDITED = f"{OLD}# by hand, under the old description\n"


def test_an_edit_that_never_served_is_not_what_comes_back(haproxy: FakeHaproxy) -> None:
    """The copy of what served is."""
    Candidate(OLD, MAPS).write(haproxy.host.files, LAYOUT.previous)
    haproxy.host.clock.sleep(60)
    haproxy.write(EDITED, MAPS)
    stage(haproxy, config(PORT_IN_USE))
    with pytest.raises(Refused, match=f"config {DIGEST_OLD} serves"):
        perform(haproxy)
    assert haproxy.loaded == disk(haproxy) == OLD


def test_without_a_copy_of_what_served_the_worker_is_left_alone(haproxy: FakeHaproxy) -> None:
    """The edited file is as it was, and it is told that it is not what serves."""
    haproxy.host.clock.sleep(60)
    haproxy.write(EDITED, MAPS)
    stage(haproxy, config(PORT_IN_USE))
    with pytest.raises(Refused, match="no copy is left of what served"):
        perform(haproxy)
    assert (disk(haproxy), haproxy.loaded, haproxy.reloads) == (EDITED, OLD, 1)
    assert read_folder(haproxy.host.files, LAYOUT.previous) is None


def test_an_edit_under_the_old_description_is_loaded_when_asked(haproxy: FakeHaproxy) -> None:
    """Without a candidate the config on disk is meant, and it is not what runs."""
    haproxy.host.clock.sleep(60)
    haproxy.write(EDITED, MAPS)
    assert perform(haproxy)["action"] == "reload"
    assert haproxy.loaded == EDITED


def test_an_edit_that_fails_is_put_aside(haproxy: FakeHaproxy) -> None:
    """What served comes back on disk too, so that the next start serves it."""
    stage(haproxy, NEW)
    perform(haproxy)
    Candidate(NEW, MAPS).write(haproxy.host.files, LAYOUT.previous)
    edited = config("# by hand\n")
    haproxy.write(edited, MAPS)
    haproxy.fails = 1
    with pytest.raises(Refused, match=f"config {DIGEST_NEW} serves"):
        perform(haproxy)
    assert haproxy.loaded == disk(haproxy) == NEW
    assert haproxy.host.files.content[f"{LAYOUT.rejected}/haproxy.cfg"].decode() == edited
