# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reloads as 2.6 and 3.0 make them, awaited to their end."""

from __future__ import annotations

from itertools import chain, repeat

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused, Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.master import (
    Master,
    is_alive,
    parse_processes,
)
from fake_haproxy import LAYOUT, NO_CHROOT, PORT_IN_USE, FakeHaproxy, config
from fakes import FakeHost

TABLE_26 = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
171             master          2 [failed: 1]   0d00h07m52s     2.6.12-1+deb12u4
# workers
212             worker          1               0d00h00m31s     2.6.12-1+deb12u4
# old workers
190             worker          3               0d00h05m31s     2.6.12-1+deb12u4
# programs
"""


@pytest.fixture(params=[True, False], ids=["3.0", "2.6"])
def haproxy(request: pytest.FixtureRequest) -> FakeHaproxy:
    """A service that runs."""
    one = FakeHaproxy(synchronous=request.param)
    one.write(config(), {})
    one.start()
    return one


def master(haproxy: FakeHaproxy) -> Master:
    """Its command line."""
    return Master(haproxy.host.ports, LAYOUT.master_socket)


def test_the_table_is_read() -> None:
    """Master, its counts, and who is old."""
    table = parse_processes(TABLE_26)
    assert (table.master, table.reloads, table.failed) == (171, 2, 1)
    assert (table.current, table.old) == ((212,), (190,))
    assert table.all == {171, 212, 190}


@pytest.mark.parametrize("answer", ["", "Permission denied"])
def test_another_answer_is_refused(answer: str) -> None:
    """Its words are kept."""
    with pytest.raises(Refused, match="show proc"):
        parse_processes(answer)


def test_a_good_reload_brings_a_new_worker(haproxy: FakeHaproxy) -> None:
    """Awaited, also where the answer is empty and the socket is shut for a while."""
    old = haproxy.worker
    assert master(haproxy).reload().succeeded
    assert haproxy.worker != old


def test_a_refused_reload_is_told(haproxy: FakeHaproxy) -> None:
    """By its answer, or by the count of failures."""
    haproxy.write(config(PORT_IN_USE), {})
    verdict = master(haproxy).reload()
    assert not verdict.succeeded
    assert ("Address already in use" in verdict.words) is haproxy.synchronous


def test_the_end_of_the_service_is_told(haproxy: FakeHaproxy) -> None:
    """The master's process is gone, so nobody waits for it."""
    haproxy.write(config(NO_CHROOT), {})
    assert not master(haproxy).reload().succeeded
    assert haproxy.host.clock.monotonic() < 1


def test_a_reload_that_does_not_end_is_unavailable() -> None:
    """After the time that was given, not before."""
    haproxy = FakeHaproxy(synchronous=False, silence=10**6)
    haproxy.write(config(), {})
    haproxy.start()
    with pytest.raises(Unavailable, match="did not end its reload within 30 s"):
        Master(haproxy.host.ports, LAYOUT.master_socket, timeout_seconds=30).reload()
    assert haproxy.host.clock.monotonic() > 30


def answering(*tables: str) -> Master:
    """A master that shows these tables in turn, the last one for ever."""
    host = FakeHost()
    rest = chain(tables[:-1], repeat(tables[-1]))
    host.socket.servers["/m"] = lambda _request: next(rest)
    return Master(host.ports, "/m", timeout_seconds=5)


def test_a_foreign_reload_is_waited_for() -> None:
    """Two tables that are the same, with nothing between: nobody is at it."""
    under_way = TABLE_26.replace("2 [failed: 1]", "3 [failed: 0]").replace("212 ", "300 ")
    ends = under_way.replace("300 ", "301 ")
    settled = answering(TABLE_26, "", under_way, ends, ends).settled()
    assert settled.current == (301,)


def test_reloads_without_end_are_unavailable() -> None:
    """Somebody reloads all the time: nothing is added to it."""
    tables = [TABLE_26.replace("2 [failed", f"{number} [failed") for number in range(100)]
    with pytest.raises(Unavailable, match="by somebody else"):
        answering(*tables).settled()


@pytest.mark.parametrize(
    ("stat", "alive"),
    [
        (b"7 (haproxy) S 1", True),
        (b"7 (a) b) R 1", True),
        (b"7 (haproxy) Z 1", False),
        (None, False),
    ],
    ids=["sleeps", "odd-name", "zombie", "gone"],
)
def test_a_zombie_is_dead(stat: bytes | None, alive: bool) -> None:
    """Where nobody reaps, a dead process still has an entry."""
    host = FakeHost()
    if stat is not None:
        host.files.content["/proc/7/stat"] = stat
    assert is_alive(host.files, 7) is alive


@pytest.mark.parametrize("is_there", [False, True], ids=["absent", "stays shut"])
def test_a_master_socket_that_is_not_there_is_told_soon(
    haproxy: FakeHaproxy, is_there: bool
) -> None:
    """One that is shut may come back with the end of a reload, so that is waited for."""
    del haproxy.host.socket.servers[LAYOUT.master_socket]
    if not is_there:
        del haproxy.host.files.modes[LAYOUT.master_socket]
    words = "nobody listens" if is_there else "no master socket at .*: start it by its unit"
    with pytest.raises(Unavailable, match=words):
        master(haproxy).settled()
    assert (haproxy.host.clock.monotonic() > 100) is is_there
