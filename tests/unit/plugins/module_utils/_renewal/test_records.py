# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of runs: what was written is read, and what is broken is nothing."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._renewal.records import (
    HostRecord,
    disk_faults_told,
    load_pushes,
    load_record,
    moment,
    record_path,
    save_pushes,
    save_record,
)
from fakes import NOON, FakeHost
from hypothesis import given
from hypothesis import strategies as st
from renewing import HOME, HOUR, SickFiles

BROKEN = [b"", b"\xff", b"[]", b"3", b'{"hosts": 3}', b'{"hosts": {"a": 3}}', b"[" * 100_000]


def test_a_record_is_read_as_it_was_written() -> None:
    """With its format beside."""
    files = FakeHost().files
    save_record(files, HOME, "renew", {"ok": True})
    assert load_record(files, HOME, "renew") == {"format": 1, "ok": True}
    assert load_record(files, HOME, "sync") == {}


@pytest.mark.parametrize("content", BROKEN, ids=lambda content: repr(content)[:20])
def test_a_broken_record_is_none(content: bytes) -> None:
    """Neither `status` nor the next run stumbles over it."""
    host = FakeHost()
    host.files.write(record_path(HOME, "push"), content)
    assert load_pushes(host.files, HOME) == {}
    save_pushes(host.ports, HOME, {"lb2": None})
    assert load_pushes(host.files, HOME) == {"lb2": HostRecord(NOON, last_ok=NOON)}


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reader(content: bytes) -> None:
    """Whatever a broken disk holds."""
    host = FakeHost()
    host.files.write(record_path(HOME, "push"), content)
    assert isinstance(load_pushes(host.files, HOME), dict)


def test_failures_are_counted_from_the_first() -> None:
    """A success ends them, and is remembered through the next ones."""
    host = FakeHost()
    for error in (None, "down", "still down"):
        save_pushes(host.ports, HOME, {"lb2": error})
        host.clock.sleep(3600)
    (found,) = load_pushes(host.files, HOME).values()
    assert found == HostRecord(NOON + 2 * HOUR, "still down", NOON + HOUR, NOON)
    save_pushes(host.ports, HOME, {"lb2": None})
    (found,) = load_pushes(host.files, HOME).values()
    assert (found.error, found.failing_since, found.last_ok) == (None, None, NOON + 3 * HOUR)


def test_a_host_that_is_no_more_is_forgotten() -> None:
    """What is not pushed to is not told of."""
    host = FakeHost()
    save_pushes(host.ports, HOME, {"lb2": "down", "lb3": None})
    save_pushes(host.ports, HOME, {"lb3": None})
    assert set(load_pushes(host.files, HOME)) == {"lb3"}


def test_a_full_disk_keeps_nobody_from_going_on() -> None:
    """The record is lost, and nothing else."""
    host = FakeHost()
    files = host.files = SickFiles(host.clock)
    files.fault = lambda path: OSError(28, "No space left on device", path)
    save_pushes(host.ports, HOME, {"lb2": None})
    assert load_pushes(files, HOME) == {}


@pytest.mark.parametrize("value", [None, 3, "", "soon", "2026-11-22T12:00:00"])
def test_what_is_no_moment_is_none(value: object) -> None:
    """Also a time without its zone."""
    assert moment(value) is None


def test_a_fault_of_the_disk_names_path_and_remedy() -> None:
    """In words, not as a number."""
    with (
        pytest.raises(EdgeError, match="/x/y cannot be read or written: read-only file system"),
        disk_faults_told(HOME),
    ):
        raise OSError(30, "Read-only file system", "/x/y")
