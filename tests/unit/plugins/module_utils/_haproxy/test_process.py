# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on the host, whichever socket tells it."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.process import (
    Service,
    loud,
    relevant,
)
from fake_haproxy import LAYOUT, FakeHaproxy, config, digest_of
from fakes import FakeHost

NOTICE = "[NOTICE]   (9) : haproxy version is 3.0.11"
FORMER = "[WARNING]  (9) : Former worker (8) exited with code 0 (Exit)"
ALERT = "[ALERT]    (9) : [haproxy.main()] Cannot chroot(/nonexist)."


@pytest.fixture
def haproxy() -> FakeHaproxy:
    """A service that runs."""
    one = FakeHaproxy()
    one.write(config(), {})
    one.start()
    return one


def service(haproxy: FakeHaproxy) -> Service:
    """Its face."""
    return Service(haproxy.host.ports, LAYOUT)


def test_the_worker_tells_what_it_serves(haproxy: FakeHaproxy) -> None:
    """By its own socket."""
    info = service(haproxy).info()
    assert info is not None
    assert info.digest == digest_of(config())


def test_a_worker_without_our_socket_is_asked_through_the_master(haproxy: FakeHaproxy) -> None:
    """A config of somebody else."""
    del haproxy.host.socket.servers[LAYOUT.runtime_socket]
    info = service(haproxy).info()
    assert info is not None
    assert info.pid == haproxy.worker


def test_a_service_that_does_not_run_has_no_info(haproxy: FakeHaproxy) -> None:
    """Nor does one on a host without service manager."""
    haproxy._die()
    assert service(haproxy).info() is None

    def no_command(_argv: object) -> Completed:
        raise Unavailable("there is no command systemctl on this host")

    host = FakeHost()
    host.runner.answer = no_command
    assert Service(host.ports, LAYOUT).info() is None


def test_a_service_that_runs_and_does_not_answer_is_unavailable(haproxy: FakeHaproxy) -> None:
    """After the moment that a reload takes; the remedy is named."""
    haproxy.host.socket.servers.clear()
    with pytest.raises(Unavailable, match=r"needs `-S /run/haproxy-master\.sock`"):
        service(haproxy).info()
    assert haproxy.host.clock.monotonic() > 5


def test_processes_are_told_after_a_reload_that_is_under_way(haproxy: FakeHaproxy) -> None:
    """The socket is shut meanwhile."""
    haproxy.shut = 3
    found = service(haproxy).processes()
    assert found is not None
    assert found.current == (haproxy.worker,)


@pytest.mark.parametrize("runs", [True, False])
def test_without_our_socket_there_are_no_processes(haproxy: FakeHaproxy, runs: bool) -> None:
    """Whether it runs or not; a service that is down is not waited for."""
    if runs:
        haproxy.host.socket.servers.clear()
    else:
        haproxy._die()
    assert service(haproxy).processes() is None
    assert (haproxy.host.clock.monotonic() > 0) is runs


def test_the_limit_is_that_of_the_running_master(haproxy: FakeHaproxy) -> None:
    """A reload runs under it, whatever the unit says by now."""
    limits = b"Limit     Soft Limit  Hard Limit  Units\nMax open files   1024   20000   files\n"
    haproxy.host.files.content[f"/proc/{haproxy.master}/limits"] = limits
    assert service(haproxy).open_files() == "1024:20000"


@pytest.mark.parametrize(
    ("told", "limit"),
    [
        ("LimitNOFILESoft=1024\nLimitNOFILE=524288\n", "1024:524288"),
        ("LimitNOFILESoft=infinity\nLimitNOFILE=infinity\n", None),
        ("", None),
    ],
    ids=["numbers", "infinity", "nothing"],
)
def test_else_the_limit_is_that_of_the_unit(told: str, limit: str | None) -> None:
    """Only numbers are taken."""
    host = FakeHost()
    host.runner.answer = lambda _argv: Completed(0, told, "")
    assert Service(host.ports, LAYOUT).open_files() == limit


def test_only_alerts_and_warnings_matter() -> None:
    """Without those that every good reload gives."""
    assert loud("\n".join([NOTICE, FORMER, ALERT])) == ALERT
    assert loud("\n".join([NOTICE, FORMER])) == ""


def test_a_failure_is_told_by_its_alerts() -> None:
    """Not by warnings that every start gives."""
    warning = "[WARNING]  (9) : config : no SSL certificate specified"
    assert relevant(f"{warning}\n{ALERT}\n") == ALERT
    assert relevant(f"{NOTICE}\n{warning}\n") == warning


def test_words_without_alert_are_kept() -> None:
    """Who fails without one is quoted as it is."""
    assert relevant("unshare failed\n") == "unshare failed"
    assert relevant(f"{NOTICE}\n{ALERT}\n") == ALERT


def test_a_start_forgets_earlier_failures_first(haproxy: FakeHaproxy) -> None:
    """Else the service manager would refuse: start request repeated too quickly."""
    service(haproxy).start()
    commands = [argv[1] for argv in haproxy.host.runner.runs if argv[0] == "systemctl"]
    assert commands == ["reset-failed", "restart"]


def test_a_master_is_taken_out_of_the_state_after_a_failed_reload(haproxy: FakeHaproxy) -> None:
    """By a second one, once; where none was begun, nothing is done."""
    before = service(haproxy).master.settled()
    service(haproxy).recover(before)
    assert haproxy.reloads == 0
    haproxy.fails = 1
    assert not service(haproxy).master.reload().succeeded
    service(haproxy).recover(before)
    assert (haproxy.reloads, haproxy.failed, haproxy.starts) == (2, 0, 1)


def test_a_service_that_a_reload_killed_is_started(haproxy: FakeHaproxy) -> None:
    """Nobody is left to be reloaded."""
    before = service(haproxy).master.settled()
    haproxy._die()
    service(haproxy).recover(before)
    assert haproxy.starts == 2


@pytest.mark.parametrize(("runs", "starts"), [(True, 1), (False, 2)], ids=["runs", "died"])
def test_a_service_that_runs_without_our_socket_is_not_restarted(
    haproxy: FakeHaproxy, runs: bool, starts: int
) -> None:
    """That would cost connections."""
    if not runs:
        haproxy._die()
    service(haproxy).recover(None)
    assert haproxy.starts == starts
