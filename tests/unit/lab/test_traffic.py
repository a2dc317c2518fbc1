# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic client notices every way to lose a request, and calls nothing else a loss."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
import traffic
import trustme

SITE = "site.example"
REQUESTS = 6
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Handler = Callable[[Reader, Writer], Awaitable[None]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The CA that the client trusts."""
    return trustme.CA()


@pytest.fixture(scope="module")
def root(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its certificate."""
    path = tmp_path_factory.mktemp("ca") / "root.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@contextlib.asynccontextmanager
async def serving(authority: trustme.CA, handler: Handler, protocol: str) -> AsyncIterator[int]:
    """A TLS server on loopback; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SITE).configure_cert(context)
    context.set_alpn_protocols([protocol])

    async def handle(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def drive(
    authority: trustme.CA, root: str, kind: str, handler: Handler, **options: Any
) -> traffic.Tally:
    """A few requests of one client against a server that behaves as told."""
    protocols = traffic.KINDS[kind][1]

    async def both() -> traffic.Tally:
        async with serving(authority, handler, protocols[0]) as port:
            plan = traffic.Plan(
                sites=(SITE,),
                context=traffic.trusting(root, protocols),
                port=port,
                max_requests=REQUESTS,
                **{"think_seconds": 0.0, **options},
            )
            tallies = await traffic.drive({kind: plan}, {kind: 1}, ["127.0.0.1"])
            return tallies["127.0.0.1"][kind]

    return asyncio.run(both())


def answering(*answers: bytes, close_after: int = 1_000) -> Handler:
    """HTTP/1.1: these answers in turn on every connection, then a close without notice."""

    async def handler(reader: Reader, writer: Writer) -> None:
        for number in range(close_after):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answers[number % len(answers)])
            await writer.drain()

    return handler


async def drop(reader: Reader, _writer: Writer) -> None:
    """Read a request and answer nothing."""
    await reader.readuntil(b"\r\n\r\n")


@pytest.mark.parametrize("kind", ["h1-new", "h1-keepalive"])
@pytest.mark.parametrize("answer", [OK, CHUNKED], ids=["length", "chunks"])
def test_good_answers_are_no_failures(
    authority: trustme.CA, root: str, kind: str, answer: bytes
) -> None:
    """Every request is counted once and none as failed."""
    tally = drive(authority, root, kind, answering(answer))
    assert (tally.requests, tally.failed) == (REQUESTS, {})


@pytest.mark.parametrize("kind", ["h1-new", "h1-keepalive"])
@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (drop, "dropped"),
        (answering(OK[:-1], close_after=1), "truncated"),
        (answering(OK[:20], close_after=1), "truncated"),
        (answering(CHUNKED[:-7], close_after=1), "truncated"),
        (answering(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), "status-503"),
        (answering(b"nonsense\r\n\r\n"), "malformed"),
    ],
    ids=["dropped", "short-body", "short-head", "short-chunks", "503", "nonsense"],
)
def test_every_lost_response_is_a_failure(
    authority: trustme.CA, root: str, kind: str, handler: Handler, reason: str
) -> None:
    """A response that does not come whole and good is a failure of its class, each time."""
    tally = drive(authority, root, kind, handler)
    assert (tally.requests, tally.failed) == (REQUESTS, {reason: REQUESTS})
    assert tally.details[0].split()[1] == f"{reason}:"


@pytest.mark.parametrize("kind", traffic.KINDS)
def test_a_refused_connection_is_a_failure(root: str, kind: str) -> None:
    """Nobody listening is counted, not waited out."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        context = traffic.trusting(root, traffic.KINDS[kind][1])
        port = unused.getsockname()[1]
        plan = traffic.Plan((SITE,), context, port=port, think_seconds=0, max_requests=3)
        tallies = asyncio.run(traffic.drive({kind: plan}, {kind: 1}, ["127.0.0.1"]))
    assert tallies["127.0.0.1"][kind].failed == {"refused": 3}


@pytest.mark.parametrize("kind", traffic.KINDS)
def test_an_untrusted_certificate_is_a_failure(root: str, kind: str) -> None:
    """A certificate of another CA is counted as such."""
    tally = drive(trustme.CA(), root, kind, drop)
    assert tally.failed == {"untrusted": REQUESTS}


@pytest.mark.parametrize(
    ("second_answer", "reconnects"),
    [(OK, 2), (OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 3)],
    ids=["seen-closed", "announced"],
)
def test_an_idle_close_is_a_reconnect(
    authority: trustme.CA, root: str, second_answer: bytes, reconnects: int
) -> None:
    """A connection closed before it is used again costs no request."""
    handler = answering(OK, second_answer, close_after=2)
    tally = drive(authority, root, "h1-keepalive", handler, think_seconds=0.05)
    assert (tally.requests, tally.failed, tally.reconnects) == (REQUESTS, {}, reconnects)


React = Callable[[h2.connection.H2Connection, int, int], bool]
"""What to do with a stream, given the connection, its id and how many were seen; stay open?"""


async def answer_once(reader: Reader, writer: Writer) -> None:
    """Close on the second request of a connection, as a server does that did not see it coming."""
    await answering(OK, close_after=1)(reader, writer)
    await reader.readuntil(b"\r\n\r\n")


def test_a_request_on_a_closing_connection_is_lost_unless_repeating_is_asked_for(
    authority: trustme.CA, root: str
) -> None:
    """What RFC 9112 §9.3.1 lets clients repeat is counted, as a failure or apart."""
    strict = drive(authority, root, "h1-keepalive", answer_once)
    assert (strict.failed, strict.retried_safe) == ({"dropped": REQUESTS // 2}, 0)
    patient = drive(authority, root, "h1-keepalive", answer_once, repeats_closed=True)
    assert (patient.failed, patient.retried_safe) == ({}, REQUESTS - 1)


@pytest.mark.parametrize(
    ("handler", "reason"),
    [(drop, "dropped"), (answering(OK[:20], close_after=1), "truncated")],
    ids=["new-connection", "answer-begun"],
)
def test_nothing_else_is_repeated(
    authority: trustme.CA, root: str, handler: Handler, reason: str
) -> None:
    """Neither on a connection that was never used, nor once an answer has begun."""
    tally = drive(authority, root, "h1-keepalive", handler, repeats_closed=True)
    assert (tally.failed, tally.retried_safe) == ({reason: REQUESTS}, 0)


class Http2Server:
    """Answers the streams of HTTP/2; `notice` goes out before each answer."""

    def __init__(self, react: React, *, notice: bytes = b"") -> None:
        self.react = react
        self.notice = notice
        self.seen = 0

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        settings = h2.config.H2Configuration(client_side=False)
        connection = h2.connection.H2Connection(settings)
        connection.initiate_connection()
        open_ = True
        while open_ and (data := await reader.read(65536)):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.seen += 1
                    open_ = self.react(connection, event.stream_id, self.seen) and open_
                    writer.write(self.notice)
            writer.write(connection.data_to_send())
            await writer.drain()


def answer(connection: h2.connection.H2Connection, stream: int, status: str = "200") -> bool:
    """A good answer."""
    connection.send_headers(stream, [(":status", status)])
    connection.send_data(stream, b"hi", end_stream=True)
    return True


def reset_first(code: int) -> React:
    """Reset the first stream with this code, answer the others."""

    def react(connection: h2.connection.H2Connection, stream: int, seen: int) -> bool:
        if seen > 1:
            return answer(connection, stream)
        connection.reset_stream(stream, code)
        return True

    return react


def disown_first(connection: h2.connection.H2Connection, stream: int, seen: int) -> bool:
    """GOAWAY that names no stream as processed, at the first one."""
    if seen > 1:
        return answer(connection, stream)
    connection.close_connection(last_stream_id=0)
    return False


def drop_first(connection: h2.connection.H2Connection, stream: int, seen: int) -> bool:
    """Close without a word at the first stream."""
    return seen > 1 and answer(connection, stream)


def owned_but_dropped(connection: h2.connection.H2Connection, stream: int, seen: int) -> bool:
    """GOAWAY that claims every stream, then a close without answers."""
    if seen > 1:
        return answer(connection, stream)
    connection.close_connection(last_stream_id=2**31 - 1)
    return False


def drive_one_stream(authority: trustme.CA, root: str, server: Http2Server) -> traffic.Tally:
    """A few requests of an h2 client that opens one stream at a time."""

    async def both() -> traffic.Tally:
        tally = traffic.Tally()
        async with serving(authority, server, "h2") as port:
            context = traffic.trusting(root, ("h2",))
            plan = traffic.Plan((SITE,), context, port=port, think_seconds=0, max_requests=REQUESTS)
            await traffic.multiplex(plan, "127.0.0.1", tally, streams=1)
        return tally

    return asyncio.run(both())


@pytest.mark.parametrize(
    ("react", "failed", "retried"),
    [
        (lambda connection, stream, _: answer(connection, stream), {}, 0),
        (lambda connection, stream, _: answer(connection, stream, "502"), {"status-502": 6}, 0),
        (drop_first, {"dropped": 1}, 0),
        (owned_but_dropped, {"dropped": 1}, 0),
        (reset_first(2), {"reset-2": 1}, 0),
        (reset_first(7), {}, 1),
        (disown_first, {}, 1),
    ],
    ids=["good", "502", "dropped", "claimed", "reset", "refused-stream", "disowned"],
)
def test_only_disowned_streams_are_repeated(
    authority: trustme.CA,
    root: str,
    react: React,
    failed: dict[str, int],
    retried: int,
) -> None:
    """What RFC 9113 §6.8 allows to repeat is repeated and counted; all else is a failure."""
    tally = drive_one_stream(authority, root, Http2Server(react))
    assert (tally.requests, tally.failed, tally.retried_safe) == (REQUESTS, failed, retried)


def test_streams_that_a_goaway_leaves_open_are_finished(authority: trustme.CA, root: str) -> None:
    """An answer after the GOAWAY counts as an answer: the old worker serves its streams."""
    goaway = traffic.GoAwayFrame(0, last_stream_id=2**31 - 1).serialize()
    server = Http2Server(lambda connection, stream, _: answer(connection, stream), notice=goaway)
    tally = drive_one_stream(authority, root, server)
    assert (tally.requests, tally.failed, tally.retried_safe) == (REQUESTS, {}, 0)
    assert tally.reconnects == REQUESTS - 1


@pytest.mark.parametrize(("behaviour", "failed"), [(answering(OK), False), (drop, True)])
def test_the_command_ends_when_told_and_says_what_failed(
    authority: trustme.CA, root: str, tmp_path: Path, behaviour: Handler, failed: bool
) -> None:
    """The stop file ends it long before its time; the result tells whether anything was lost."""
    stop_file = tmp_path / "stop"
    visits = itertools.count(1)

    async def handler(reader: Reader, writer: Writer) -> None:
        if next(visits) == 60:
            stop_file.touch()
        await behaviour(reader, writer)

    async def both() -> dict[str, Any]:
        async with serving(authority, handler, "http/1.1") as port:
            line = f"--address 127.0.0.1 --site {SITE} --cacert {root} --port {port} --h2 0"
            rest = f"--seconds 600 --think 0.01 --stop-file {stop_file}"
            return await traffic.run(traffic.parse_arguments(f"{line} {rest}".split()))

    result = asyncio.run(both())
    kinds = result["addresses"]["127.0.0.1"]
    assert set(kinds) == {"h1-new", "h1-keepalive"}
    assert all(tally["requests"] for tally in kinds.values())
    assert traffic.has_failures(result) is failed
    json.dumps(result)
