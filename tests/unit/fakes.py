# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the tests: a host in memory, with the same contracts as the real one."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    Unavailable,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import (
    ROOT_ONLY,
    THE_WRITER,
    Completed,
    HttpAnswer,
    Ownership,
    Ports,
    Served,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


@dataclass
class FakeClock:
    """Stands still until somebody sleeps."""

    time: datetime = NOON
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOON).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeFiles:
    """Files in a dictionary; a folder exists once made or once it holds a file.

    ``meanwhile``: path of a lock -> what others have done by the time that it is had.
    """

    clock: FakeClock
    content: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    owners: dict[str, Ownership] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    writes: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        return self.content.get(self._real(path))

    def names(self, directory: str) -> tuple[str, ...]:
        prefix = directory.rstrip("/") + "/"
        known = [*self.content, *self.modes, *self.links]
        return tuple(
            sorted({k[len(prefix) :].split("/")[0] for k in known if k.startswith(prefix)})
        )

    def mode(self, path: str) -> int | None:
        return self.modes.get(path)

    def modified(self, path: str) -> datetime | None:
        return self.times.get(path)

    def write(
        self, path: str, content: bytes, *, mode: int = ROOT_ONLY, owner: Ownership = THE_WRITER
    ) -> None:
        self.links.pop(path, None)
        self.content[path] = content
        self.modes[path] = mode
        self.owners[path] = owner
        self.times[path] = self.clock.now()
        self.writes.append(path)

    def rename(self, source: str, target: str) -> None:
        for store in (self.content, self.modes, self.owners, self.times, self.links):
            for path in [key for key in store if key == source or key.startswith(source + "/")]:
                store[target + path[len(source) :]] = store.pop(path)  # type: ignore[attr-defined]

    def link(self, target: str, path: str) -> None:
        self.content.pop(path, None)
        self.links[path] = target
        self.writes.append(path)

    def _real(self, path: str) -> str:
        target = self.links.get(path)
        if target is None:
            return path
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))

    def remove(self, path: str) -> None:
        for store in (self.content, self.modes, self.owners, self.times, self.links):
            for key in [key for key in store if key == path or key.startswith(path + "/")]:
                store.pop(key)  # type: ignore[attr-defined]

    def make_directory(
        self, path: str, *, mode: int = 0o700, owner: Ownership = THE_WRITER
    ) -> None:
        self.modes[path] = mode
        self.owners[path] = owner

    def scratch(self) -> str:
        return "/scratch"

    @contextlib.contextmanager
    def lock(self, path: str, *, timeout_seconds: float) -> Iterator[None]:
        if path in self.locked:
            raise Busy(f"{path} is held for over {timeout_seconds} s")
        self.locked.add(path)
        self.meanwhile.pop(path, lambda: None)()
        try:
            yield
        finally:
            self.locked.remove(path)


@dataclass
class FakeRunner:
    """Commands answered by a function; says what was run."""

    answer: Callable[[Sequence[str]], Completed] = lambda _argv: Completed(0, "", "")
    runs: list[tuple[str, ...]] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_seconds: float = 60.0,
        stdin: str = "",
    ) -> Completed:
        self.runs.append(tuple(argv))
        return self.answer(argv)


@dataclass
class FakeSocket:
    """A socket answered by a function per path; nobody listens where there is none."""

    servers: dict[str, Callable[[str], str]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, path: str, request: str, *, timeout_seconds: float = 10.0) -> str:
        if path not in self.servers:
            raise Unavailable(f"{path} does not answer: nobody listens")
        self.requests.append((path, request))
        return self.servers[path](request)


@dataclass
class FakeNetwork:
    """Names, web servers and TLS servers in dictionaries."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    web: dict[tuple[str, int], Callable[[str, str], HttpAnswer]] = field(default_factory=dict)
    tls: dict[tuple[str, int], Callable[[str], Served]] = field(default_factory=dict)

    def addresses(self, name: str) -> tuple[str, ...]:
        return self.names.get(name, ())

    def get(
        self, address: str, port: int, *, host: str, path: str, timeout_seconds: float = 5.0
    ) -> HttpAnswer:
        if (address, port) not in self.web:
            raise Unreachable(f"no connection to {address}:{port}: refused")
        del timeout_seconds
        return self.web[address, port](host, path)

    def handshake(
        self, address: str, port: int, *, server_name: str, timeout_seconds: float = 5.0
    ) -> Served:
        if (address, port) not in self.tls:
            raise Unreachable(f"no connection to {address}:{port}: refused")
        del timeout_seconds
        return self.tls[address, port](server_name)


@dataclass
class FakeProgress:
    """Remembers what was reported."""

    lines: list[str] = field(default_factory=list)

    def report(self, text: str) -> None:
        self.lines.append(text)


@dataclass
class FakeHost:
    """A host in memory: its parts to arrange and look at, and its ports."""

    clock: FakeClock = field(default_factory=FakeClock)
    runner: FakeRunner = field(default_factory=FakeRunner)
    socket: FakeSocket = field(default_factory=FakeSocket)
    network: FakeNetwork = field(default_factory=FakeNetwork)
    progress: FakeProgress = field(default_factory=FakeProgress)
    files: FakeFiles = field(init=False)

    def __post_init__(self) -> None:
        self.files = FakeFiles(self.clock)

    @property
    def ports(self) -> Ports:
        return Ports(
            files=self.files,
            runner=self.runner,
            clock=self.clock,
            socket=self.socket,
            network=self.network,
            progress=self.progress,
        )
