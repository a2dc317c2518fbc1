# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event is one line where somebody looks for it, and no key is in it."""

from __future__ import annotations

import io
import os
import re
import socket
from pathlib import Path

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import (
    LONGEST,
    Journal,
    Level,
    choose_sink,
    is_journal,
    one_line,
    plain,
    prefixed,
    syslog,
)
from hypothesis import given
from hypothesis import strategies as st

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg\n-----END EC PRIVATE KEY-----\n"


@given(st.text())
def test_an_event_is_one_printable_line(text: str) -> None:
    """Whatever a peer has put into it: nobody can forge a second line, nor colour a terminal."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= LONGEST + 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"before {KEY} after", id="whole"),
        pytest.param(KEY.partition("-----END")[0], id="cut off"),
        pytest.param(KEY.replace("EC ", "") + KEY, id="two"),
    ],
)
@pytest.mark.parametrize("sink", [plain, prefixed])
def test_a_private_key_never_gets_into_it(sink: object, text: str) -> None:
    """Not in any form of it."""
    stream = io.StringIO()
    (plain if sink is plain else prefixed)(stream)(Level.ERROR, text)
    assert "MHcCAQEEIBkg" not in stream.getvalue()
    assert "(private key)" in stream.getvalue()


def test_what_comes_after_a_key_is_told() -> None:
    """Only the key is taken out."""
    assert one_line(f"before {KEY} after") == "before (private key) | after"


def test_a_long_key_is_taken_out_whole() -> None:
    """A line is cut only once there is no key in it, so no half of one is left."""
    long = KEY.replace("MHcCAQEEIBkg", "MHcCAQEEIBkg" * 2000)
    assert one_line(f"{long} after") == "(private key) | after"


def test_under_systemd_each_line_has_its_priority() -> None:
    """As sd-daemon(3) has it; several lines are one event."""
    stream = io.StringIO()
    journal = Journal(prefixed(stream))
    journal.error("a\nb")
    journal.warning("c")
    journal.notice("d")
    journal.info("e")
    assert stream.getvalue() == "<3>a | b\n<4>c\n<5>d\n<6>e\n"


def test_a_person_reads_plain_lines() -> None:
    """What is wrong is marked; a list of faults stays a list."""
    stream = io.StringIO()
    journal = Journal(plain(stream))
    journal.error("2 faults:\n  a\n  b")
    journal.warning("c")
    journal.notice("d")
    assert stream.getvalue() == "error: 2 faults:\n  a\n  b\nwarning: c\nd\n"


def test_a_crash_is_told_with_its_traceback() -> None:
    """Each line of it as a line of the journal."""
    stream = io.StringIO()
    try:
        raise KeyError("x")
    except KeyError as error:
        Journal(prefixed(stream)).crash(error)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "<3>Traceback (most recent call last):"
    assert lines[-1] == "<3>KeyError: 'x'"
    assert len(lines) > 3


def test_syslog_gets_one_datagram_for_each_event(tmp_path: Path) -> None:
    """With facility daemon, in the form of RFC 3164."""
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        syslog(path)(Level.WARNING, "refused\nx")
        line = log.recv(4096).decode()
    stamp = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    assert re.fullmatch(rf"<28>{stamp} hitless-edge\[{os.getpid()}\]: refused \| x", line)


def test_a_host_without_log_is_no_error(tmp_path: Path) -> None:
    """A certificate does not wait for a log."""
    syslog(str(tmp_path / "log"))(Level.ERROR, "x")


def test_the_journal_is_known_by_its_file(tmp_path: Path) -> None:
    """As systemd names it: device and inode of the stream, and of no other one."""
    path = tmp_path / "stream"
    with path.open("w") as stream:
        found = path.stat()
        assert is_journal(f"{found.st_dev}:{found.st_ino}", stream)
        assert not is_journal(f"{found.st_dev}:{found.st_ino + 1}", stream)
        assert not is_journal("", stream)
    assert not is_journal(f"{found.st_dev}:{found.st_ino}", stream)  # closed


@pytest.mark.parametrize("is_for_peer", [True, False])
def test_under_systemd_the_journal_is_told(tmp_path: Path, is_for_peer: bool) -> None:
    """Whoever reads the output."""
    path = tmp_path / "stream"
    with path.open("w") as stream:
        found = path.stat()
        environment = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        choose_sink(environment, stream, is_for_peer=is_for_peer)(Level.INFO, "x")
    assert path.read_text() == "<6>x\n"


def test_a_peer_reads_nothing_of_it() -> None:
    """What sshd started tells the host's log; a person at a terminal is told."""
    stream = io.StringIO()
    choose_sink({}, stream, is_for_peer=True)(Level.INFO, "x")
    assert stream.getvalue() == ""
    choose_sink({}, stream, is_for_peer=False)(Level.INFO, "x")
    assert stream.getvalue() == "x\n"
