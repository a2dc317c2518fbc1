# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One command, one answer; payloads that HAProxy can take."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused, Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.runtime import (
    PAYLOAD_LIMIT_BYTES,
    Runtime,
    parse_info,
)
from fakes import FakeSocket

PATH = "/run/haproxy/admin.sock"
INFO = (
    "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 173\nUptime: 0d 0h00m26s\nUptime_sec: 26\n"
    "description: hitless.edge 0123456789abcdef\nBuild info: x: y\nStart_time_sec: 1795334784\n"
)


def sent(command: str, payload: str = "") -> str:
    """What goes over the socket."""
    socket = FakeSocket({PATH: lambda _request: "done\n\n"})
    assert Runtime(socket, PATH).ask(command, payload) == "done"
    return socket.requests[0][1]


def test_a_command_is_one_line() -> None:
    """Ended by a line break."""
    assert sent("show info") == "show info\n"


@pytest.mark.parametrize("payload", ["a b\nc d", "a b\nc d\n", "a b\nc d\n\n"])
def test_a_payload_ends_with_one_empty_line(payload: str) -> None:
    """A second one makes 2.6 print its help."""
    assert sent("add map x", payload) == "add map x <<\na b\nc d\n\n"


@pytest.mark.parametrize("payload", ["a\n\nb", "a\n\r\nb\r\n"], ids=["lf", "crlf"])
def test_an_empty_line_inside_is_refused(payload: str) -> None:
    """It would end the payload, and the rest would be commands."""
    with pytest.raises(Refused, match="empty line"):
        sent("set ssl cert x", payload)


def test_a_payload_over_the_limit_is_refused() -> None:
    """2.6 would drop it without a word."""
    sent("set ssl cert x", "a" * (PAYLOAD_LIMIT_BYTES - 1))
    with pytest.raises(Refused, match=f"{PAYLOAD_LIMIT_BYTES + 1} bytes"):
        sent("set ssl cert x", "a" * PAYLOAD_LIMIT_BYTES)


def test_info_tells_who_serves_what() -> None:
    """As 2.6 answers."""
    info = parse_info(INFO)
    assert (info.version, info.pid, info.uptime_seconds) == ("2.6.12-1+deb12u4", 173, 26)
    assert info.digest == "0123456789abcdef"
    assert info.started == datetime(2026, 11, 22, 8, 6, 24, tzinfo=timezone.utc)


@pytest.mark.parametrize("description", ["", "description: my balancer\n"], ids=["none", "other"])
def test_a_foreign_config_has_no_digest(description: str) -> None:
    """Nothing of ours runs."""
    lines = [line for line in INFO.splitlines() if not line.startswith("description")]
    assert parse_info("\n".join(lines) + f"\n{description}").digest is None


@pytest.mark.parametrize("answer", ["", "Unknown command", "Pid: x\n"])
def test_another_answer_is_refused(answer: str) -> None:
    """Its words are kept."""
    with pytest.raises(Refused, match="show info"):
        parse_info(answer)


def test_nobody_there_is_unavailable() -> None:
    """The service may be down."""
    with pytest.raises(Unavailable):
        Runtime(FakeSocket(), PATH).info()
