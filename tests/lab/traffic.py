# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constant HTTPS traffic that tells every failure and hides none.

Three kinds of client, all of them to every address, with the names of `--site` as SNI and Host,
certificates verified:

- ``h1-new``        one request per connection (``Connection: close``);
- ``h1-keepalive``  many connections that think between requests, as browsers and proxies do;
- ``h2``            few connections with concurrent streams.

A request fails when its client would see an error: refused, untrusted, dropped, truncated, a wrong
status. Nothing is retried, but for one thing: HTTP/2 streams that the server disowned by GOAWAY or
REFUSED_STREAM, which a client may repeat (RFC 9113 §6.8, §8.7). They are counted as `retried_safe`.
A keep-alive connection that is seen closed before it is used again cost nobody anything:
`reconnects`. With `--repeat-closed` keep-alive clients also do what RFC 9112 §9.3.1 has clients do:
a GET on a connection that was used before, closed without one byte of an answer, is repeated once
on a new connection; counted as `retried_safe`. For servers that cannot know better: HAProxy before
`option idle-close-on-response`.

Ends by SIGTERM, by `--stop-file`, after `--seconds` or `--max-requests`; requests under way are
finished. Prints JSON: ``{"seconds": 9.1, "addresses": {address: {kind: {"requests": 812,
"failed": {class: count}, "details": [...], "reconnects": 3, "retried_safe": 0}}}}``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import signal
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

TIMEOUT_SECONDS = 15.0
DETAILS_KEPT = 5
LARGEST_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65535
REFUSED_STREAM = 7
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Failed(Exception):
    """A request that its client lost; ``reason`` is the class it is counted under."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class SafeToRetry(Exception):
    """The server said that it did not process the stream."""


@dataclass
class Tally:
    """What became of the requests of one kind to one address."""

    requests: int = 0
    reconnects: int = 0
    retried_safe: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)

    def record(self, failure: Failed | None = None) -> None:
        """Count a request that ended."""
        self.requests += 1
        if failure is not None:
            self.failed[failure.reason] += 1
            if len(self.details) < DETAILS_KEPT:
                moment = time.strftime("%H:%M:%S")
                self.details.append(f"{moment} {failure.reason}: {failure.detail}")


@dataclass
class Plan:
    """What to send, where, for how long."""

    sites: tuple[str, ...]
    context: ssl.SSLContext
    port: int = 443
    path: str = "/"
    expected_status: int = 200
    think_seconds: float = 0.2
    max_requests: int = 1_000_000
    repeats_closed: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    def turns(self) -> Iterator[str]:
        """The sites in turn, until it is time to stop."""
        for site in itertools.cycle(random.sample(self.sites, len(self.sites))):
            if self.stopped.is_set() or self.sent >= self.max_requests:
                return
            self.sent += 1
            yield site

    async def think(self) -> None:
        """Do nothing for a random while; cut short by the stop."""
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            pause = random.uniform(0.2, 1.8) * self.think_seconds
            await asyncio.wait_for(self.stopped.wait(), pause)

    def judge(self, status: int) -> None:
        """Raise `Failed` for any other answer than the one expected."""
        if status != self.expected_status:
            raise Failed(f"status-{status}")


@contextlib.contextmanager
def classified(stage: str) -> Iterator[None]:
    """Name what the network did; `stage` is the class of a connection that broke."""
    try:
        yield
    except ConnectionRefusedError as error:
        raise Failed("refused", str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise Failed("untrusted", error.verify_message) from error
    except (TimeoutError, asyncio.TimeoutError) as error:
        raise Failed("timeout", f"{stage}, {TIMEOUT_SECONDS} s") from error
    except asyncio.IncompleteReadError as error:
        raise Failed("truncated" if error.partial else stage, "end of stream") from error
    except OSError as error:
        raise Failed(stage, repr(error)) from error
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise Failed("malformed", repr(error)) from error


@dataclass
class Stream:
    """One TLS connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def is_closed(self) -> bool:
        """Whether the peer has closed it, as far as is known here."""
        return self.reader.at_eof() or self.writer.is_closing() or bool(self.reader.exception())

    def close(self) -> None:
        """Close without waiting for the peer."""
        self.writer.close()


async def connect(plan: Plan, address: str, site: str) -> Stream:
    """A verified TLS connection to this address in the name of this site."""
    with classified("handshake"):
        return Stream(
            *await asyncio.wait_for(
                asyncio.open_connection(address, plan.port, ssl=plan.context, server_hostname=site),
                TIMEOUT_SECONDS,
            )
        )


# HTTP/1.1


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> None:
    """Read a body to its end by length or by chunks; any other end cannot be told from a cut."""
    if headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readuntil(b"\n")).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")
    elif "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    else:
        raise Failed("malformed", "neither Content-Length nor chunks")


async def exchange(stream: Stream, plan: Plan, site: str, *, keep: bool) -> bool:
    """One request and its whole response; whether the connection may be used again."""
    connection = "keep-alive" if keep else "close"
    request = f"GET {plan.path} HTTP/1.1\r\nHost: {site}\r\nConnection: {connection}\r\n\r\n"
    stream.writer.write(request.encode())
    with classified("dropped"):
        head = await asyncio.wait_for(stream.reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)
    status_line, *lines = head.decode("latin-1").strip().split("\r\n")
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip().lower() for name, value in pairs}
    with classified("truncated"):
        await asyncio.wait_for(read_body(stream.reader, headers), TIMEOUT_SECONDS)
        plan.judge(int(status_line.partition(" ")[2][:3]))
    return keep and headers.get("connection") != "close"


async def visit_once(plan: Plan, address: str, tally: Tally) -> None:
    """``h1-new``: connect, ask, close; again and again."""
    for site in plan.turns():
        try:
            stream = await connect(plan, address, site)
            try:
                await exchange(stream, plan, site, keep=False)
            finally:
                stream.close()
            tally.record()
        except Failed as failure:
            tally.record(failure)
        await plan.think()


@dataclass
class Visitor:
    """A keep-alive client of one site. ``stream``: its connection, if it has one."""

    plan: Plan
    address: str
    tally: Tally
    site: str
    stream: Stream | None = None

    async def ask(self) -> bool:
        """One request, repeated where that is safe and wished; whether the connection stays."""
        was_used = self.stream is not None
        try:
            return await self._ask()
        except Failed as failure:
            if not (self.plan.repeats_closed and was_used and failure.reason == "dropped"):
                raise
        self.leave()
        self.tally.retried_safe += 1
        return await self._ask()

    async def _ask(self) -> bool:
        if self.stream is None:
            self.stream = await connect(self.plan, self.address, self.site)
        return await exchange(self.stream, self.plan, self.site, keep=True)

    def leave(self) -> None:
        """Close the connection, if there is one."""
        if self.stream is not None:
            self.stream.close()
        self.stream = None


async def stay(plan: Plan, address: str, tally: Tally) -> None:
    """``h1-keepalive``: ask on one connection as long as it lasts, thinking in between."""
    visitor = Visitor(plan, address, tally, random.choice(plan.sites))
    for _unused in plan.turns():
        if visitor.stream is not None and visitor.stream.is_closed:
            visitor.leave()
            tally.reconnects += 1
        try:
            if not await visitor.ask():
                visitor.leave()
                tally.reconnects += 1
            tally.record()
        except Failed as failure:
            tally.record(failure)
            visitor.leave()
        await plan.think()
    visitor.leave()


# HTTP/2. The h2 package refuses every frame after a GOAWAY, also those of streams that the server
# still serves (RFC 9113 §6.8), so the frames are handled here.


@dataclass
class Waiting:
    """A stream whose response is under way."""

    done: asyncio.Future[int]
    status: int = 0


class Multiplexed:
    """One HTTP/2 connection and its streams."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.next_id = 1
        self.last_accepted: int | None = None
        self.waiting: dict[int, Waiting] = {}
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.header_block = b""
        settings = SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: LARGEST_WINDOW})
        stream.writer.write(PREFACE + settings.serialize())
        self.write(WindowUpdateFrame(0, window_increment=LARGEST_WINDOW - DEFAULT_WINDOW))
        self.listener = asyncio.create_task(self.listen())

    @property
    def is_usable(self) -> bool:
        """Whether a new stream may be opened on it."""
        return self.last_accepted is None and not self.listener.done() and not self.stream.is_closed

    def write(self, frame: Frame) -> None:
        """Send a frame."""
        self.stream.writer.write(frame.serialize())

    async def get(self, site: str, path: str) -> int:
        """The status of one GET, its body read.

        Raises: `Failed`; `SafeToRetry` if the server did not and will not process it.
        """
        headers = HeadersFrame(self.next_id, flags=["END_HEADERS", "END_STREAM"])
        fields = ((":method", "GET"), (":scheme", "https"), (":authority", site), (":path", path))
        headers.data = self.encoder.encode(fields)
        waiting = self.waiting[self.next_id] = Waiting(asyncio.get_running_loop().create_future())
        self.next_id += 2
        self.write(headers)
        with classified("dropped"):
            return await asyncio.wait_for(waiting.done, TIMEOUT_SECONDS)

    async def listen(self) -> None:
        """Handle frames until the connection ends, then judge the streams that it leaves."""
        failure = Failed("dropped", "the connection ended")
        try:
            with classified("dropped"):
                while self.last_accepted is None or self.waiting:
                    header = memoryview(await self.stream.reader.readexactly(9))
                    frame, length = Frame.parse_frame_header(header)
                    frame.parse_body(memoryview(await self.stream.reader.readexactly(length)))
                    self.handle(frame)
        except Failed as ended:
            failure = ended
        for number in list(self.waiting):
            self.finish(number, failure)

    def handle(self, frame: Frame) -> None:
        """React to one frame of the server."""
        if isinstance(frame, (HeadersFrame, ContinuationFrame, DataFrame)):
            self.handle_response(frame)
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.write(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.write(PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, RstStreamFrame):
            self.finish(frame.stream_id, Failed(f"reset-{frame.error_code}"), code=frame.error_code)
        elif isinstance(frame, GoAwayFrame):
            self.last_accepted = frame.last_stream_id
            for number in [number for number in self.waiting if number > frame.last_stream_id]:
                self.finish(number, Failed("disowned"))

    def handle_response(self, frame: HeadersFrame | ContinuationFrame | DataFrame) -> None:
        """Take a part of a response; what nobody waits for any more is decoded all the same."""
        if isinstance(frame, DataFrame):
            if size := frame.flow_controlled_length:
                self.write(WindowUpdateFrame(0, window_increment=size))
        else:
            self.header_block += frame.data
            if "END_HEADERS" in frame.flags:
                fields = dict(self.decoder.decode(self.header_block))
                self.header_block = b""
                if frame.stream_id in self.waiting and ":status" in fields:
                    self.waiting[frame.stream_id].status = int(fields[":status"])
        if "END_STREAM" in frame.flags and frame.stream_id in self.waiting:
            self.finish(frame.stream_id, self.waiting[frame.stream_id].status)

    def finish(self, number: int, outcome: int | Failed, *, code: int | None = None) -> None:
        """Tell the one who waits for a stream what became of it."""
        waiting = self.waiting.pop(number, None)
        if waiting is None or waiting.done.done():
            return
        disowned = self.last_accepted is not None and number > self.last_accepted
        if isinstance(outcome, int):
            waiting.done.set_result(outcome)
        elif disowned or code == REFUSED_STREAM:
            waiting.done.set_exception(SafeToRetry())
        else:
            waiting.done.set_exception(outcome)

    def close(self) -> None:
        """Stop listening and close."""
        self.listener.cancel()
        self.stream.close()


class Http2Client:
    """A client that opens streams on one connection, and a new one when the server asks for it."""

    def __init__(self, plan: Plan, address: str, tally: Tally) -> None:
        self.plan = plan
        self.address = address
        self.tally = tally
        self.home = random.choice(plan.sites)
        self.connections: list[Multiplexed] = []
        self.turn = asyncio.Lock()

    async def usable_connection(self) -> Multiplexed:
        """The newest connection, or a new one; older ones go on until their streams have ended."""
        async with self.turn:
            if self.connections and self.connections[-1].is_usable:
                return self.connections[-1]
            self.tally.reconnects += bool(self.connections)
            new = Multiplexed(await connect(self.plan, self.address, self.home))
            self.connections.append(new)
            return new

    async def request(self) -> None:
        """One request; repeated only where the server allowed it."""
        while True:
            connection = await self.usable_connection()
            try:
                self.plan.judge(await connection.get(self.home, self.plan.path))
            except SafeToRetry:
                self.tally.retried_safe += 1
            else:
                return

    async def work(self) -> None:
        """Requests one after the other; several of these share the client's connection."""
        for _unused in self.plan.turns():
            try:
                await self.request()
                self.tally.record()
            except Failed as failure:
                self.tally.record(failure)
            await self.plan.think()


async def multiplex(plan: Plan, address: str, tally: Tally, streams: int = 4) -> None:
    """``h2``: concurrent streams on one connection."""
    client = Http2Client(plan, address, tally)
    try:
        await asyncio.gather(*(client.work() for _unused in range(streams)))
    finally:
        for connection in client.connections:
            connection.close()


# All of it

Visit = Callable[[Plan, str, Tally], Awaitable[None]]
KINDS: dict[str, tuple[Visit, tuple[str, ...]]] = {
    "h1-new": (visit_once, ("http/1.1",)),
    "h1-keepalive": (stay, ("http/1.1",)),
    "h2": (multiplex, ("h2",)),
}
Tallies = dict[str, dict[str, Tally]]


def trusting(ca_file: str, protocols: tuple[str, ...]) -> ssl.SSLContext:
    """Verify certificates and names against these roots."""
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(list(protocols))
    return context


async def drive(plans: dict[str, Plan], workers: dict[str, int], addresses: list[str]) -> Tallies:
    """Run all clients to the end of their plans."""
    tallies = {address: {kind: Tally() for kind in plans} for address in addresses}
    await asyncio.gather(
        *(
            KINDS[kind][0](plan, address, tallies[address][kind])
            for kind, plan in plans.items()
            for address in addresses
            for _unused in range(workers[kind])
        )
    )
    return tallies


@contextlib.asynccontextmanager
async def stopping(arguments: argparse.Namespace, stopped: asyncio.Event) -> AsyncIterator[None]:
    """Set `stopped` on SIGTERM, SIGINT, the stop file or when the time is over."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    async def watch() -> None:
        end = loop.time() + arguments.seconds
        stop_file = Path(arguments.stop_file) if arguments.stop_file else None
        while loop.time() < end and not (stop_file and stop_file.exists()):
            await asyncio.sleep(0.1)
        stopped.set()

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()


def report(tallies: Tallies, seconds: float) -> dict[str, Any]:
    """The result as JSON has it."""
    return {
        "seconds": round(seconds, 1),
        "addresses": {
            address: {kind: vars(tally) for kind, tally in kinds.items()}
            for address, kinds in tallies.items()
        },
    }


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Traffic as the command line asks for it."""
    stopped = asyncio.Event()
    workers = {"h1-new": arguments.new, "h1-keepalive": arguments.keepalive, "h2": arguments.h2}
    plans = {
        kind: Plan(
            sites=tuple(arguments.site),
            context=trusting(arguments.cacert, KINDS[kind][1]),
            port=arguments.port,
            path=arguments.path,
            think_seconds=arguments.think,
            max_requests=arguments.max_requests,
            repeats_closed=arguments.repeat_closed,
            stopped=stopped,
        )
        for kind, count in workers.items()
        if count
    }
    began = time.monotonic()
    async with stopping(arguments, stopped):
        tallies = await drive(plans, workers, arguments.address)
    return report(tallies, time.monotonic() - began)


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", action="append", required=True, help="repeatable")
    parser.add_argument("--site", action="append", required=True, help="SNI and Host; repeatable")
    parser.add_argument("--cacert", required=True)
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--path", default="/")
    parser.add_argument("--new", type=int, default=2, help="h1-new clients per address")
    parser.add_argument("--keepalive", type=int, default=20, help="h1-keepalive clients")
    parser.add_argument("--h2", type=int, default=2, help="h2 connections per address")
    parser.add_argument("--think", type=float, default=0.2, help="mean pause in seconds")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--max-requests", type=int, default=1_000_000, help="of each kind")
    parser.add_argument("--repeat-closed", action="store_true", help="RFC 9112 §9.3.1")
    parser.add_argument("--stop-file")
    parser.add_argument("--result", help="file for the JSON; standard output without it")
    return parser.parse_args(argv)


def has_failures(result: dict[str, Any]) -> bool:
    """Whether any client lost a request."""
    return any(
        tally["failed"] for kinds in result["addresses"].values() for tally in kinds.values()
    )


def main() -> int:
    """Exit code 0 if nothing failed."""
    arguments = parse_arguments(sys.argv[1:])
    result = asyncio.run(run(arguments))
    text = json.dumps(result, indent=1)
    if arguments.result:
        Path(arguments.result).write_text(text + "\n", encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")
    return 1 if has_failures(result) else 0


if __name__ == "__main__":
    raise SystemExit(main())
