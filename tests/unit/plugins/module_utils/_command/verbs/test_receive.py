# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A peer gets one reply that it can read, whatever it sends; the journal has the rest."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from ansible_collections.hitless.edge.plugins.module_utils._command.verbs.receive import (
    FAULT,
    SECONDS,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Request,
    parse_reply,
    render_request,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire_fields import LIMIT_BYTES
from commanded import SETTINGS, Fleet, Said
from fakes import FakeClock, FakeFiles
from hypothesis import given
from hypothesis import strategies as st

SSH = {"SSH_CONNECTION": "192.0.2.9 4711 192.0.2.11 22"}
QUESTION = render_request(Request("lb1")).encode()


def receive(raw: bytes | BinaryIO, world: Fleet | None = None, **options: Any) -> Said:
    """Hand it to a balancer."""
    return (world or Fleet()).run("lb2", "receive", request=raw, environment=SSH, **options)


def test_a_question_is_answered_and_not_told_of() -> None:
    """There may be one at every run of every issuer."""
    said = receive(QUESTION)
    reply = parse_reply(said.output)
    assert (said.status, said.events, said.errors) == (Exit.WELL, (), "")
    assert (reply.host, reply.error, reply.bundles) == ("lb2", None, ())


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"x" * (LIMIT_BYTES + 1), id="too long"),
        pytest.param(json.dumps({"format": 2}).encode(), id="another version"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
    ],
)
def test_what_is_no_request_gets_a_reply_with_the_reason(raw: bytes) -> None:
    """One that the sender can read, and one line in the journal with its address."""
    said = receive(raw)
    reply = parse_reply(said.output)
    assert reply.error
    assert not reply.changed
    assert said.status == Exit.USAGE
    assert [level for level, _text in said.events] == ["ERROR"]
    assert said.told.startswith("a request from 192.0.2.9 failed: ")
    assert said.errors == ""


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_whatever_comes_is_replied_to(raw: bytes) -> None:
    """Never a traceback, never silence, and nothing is written."""
    world = Fleet()
    writes = list(world.balancers["lb2"].files.writes)
    said = receive(raw, world)
    assert parse_reply(said.output).error
    assert said.status == Exit.USAGE
    assert world.balancers["lb2"].files.writes == writes


def test_no_more_is_read_than_the_limit() -> None:
    """A stream without end is not waited for."""

    class Endless(io.BytesIO):
        wanted = 0

        def read(self, size: int | None = -1) -> bytes:
            self.wanted += size or 0
            return b" " * (size or 0)

    stream = Endless()
    said = receive(stream)
    assert "longer than" in (parse_reply(said.output).error or "")
    assert stream.wanted == LIMIT_BYTES + 1


def test_a_peer_that_is_slow_is_told_and_left() -> None:
    """The deadline is on reading and on replying, each as a whole."""
    deadlines: list[float] = []

    @contextmanager
    def strict(seconds: float, words: str) -> Iterator[None]:
        deadlines.append(seconds)
        if len(deadlines) == 1:
            raise Unavailable(words)
        yield

    said = receive(QUESTION, deadline=strict)
    assert parse_reply(said.output).error == "the request did not come to its end"
    assert said.status == Exit.ATTENTION
    assert deadlines == [SECONDS, SECONDS]


def test_settings_that_cannot_be_read_are_told_to_both_sides() -> None:
    """The sender's journal is looked at first."""
    world = Fleet()
    world.balancers["lb2"].files.content[SETTINGS] = b"{}"
    said = receive(QUESTION, world)
    assert SETTINGS in (parse_reply(said.output).error or "")
    assert SETTINGS in said.told
    assert said.status == Exit.USAGE


def test_a_fault_of_the_program_stays_here() -> None:
    """The peer hears that there was one; the traceback is in the journal."""
    world = Fleet()

    class Broken(FakeFiles):
        def read(self, path: str) -> bytes | None:
            raise RuntimeError(f"secret {path}")

    world.balancers["lb2"].host.files = Broken(FakeClock())
    said = receive(QUESTION, world)
    assert parse_reply(said.output).error == FAULT
    assert "secret" not in said.output
    assert said.status == Exit.FAULT
    assert "Traceback (most recent call last):" in said.told
    assert "RuntimeError: secret" in said.told
