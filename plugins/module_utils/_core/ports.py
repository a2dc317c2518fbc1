# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outside world, as the domain sees it.

The domain does no I/O of its own: it is handed these. `local.py` has the real ones,
`tests/unit/fakes.py` the ones of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Ownership:
    """Who owns a file, by name; ``None`` leaves it to the process that writes."""

    user: str | None = None
    group: str | None = None


ROOT_ONLY = 0o600
THE_WRITER = Ownership()


class Files(Protocol):
    """Files and folders of the host.

    Below a folder of another user than root and that of the process no link is followed: there it
    is no file, so what reads it as absent and writes it puts a file in its place.
    """

    def read(self, path: str) -> bytes | None:
        """The content, ``None`` if there is no such file."""

    def names(self, directory: str) -> tuple[str, ...]:
        """Sorted names of a folder's entries; empty if there is no such folder."""

    def mode(self, path: str) -> int | None:
        """Permission bits, ``None`` if there is no such entry."""

    def modified(self, path: str) -> datetime | None:
        """When the content last changed (aware UTC), ``None`` if there is no such entry."""

    def write(
        self, path: str, content: bytes, *, mode: int = ROOT_ONLY, owner: Ownership = THE_WRITER
    ) -> None:
        """Write atomically, to last: temporary file beside, mode and owner first, fsync, rename."""

    def rename(self, source: str, target: str) -> None:
        """Move within one file system, atomically, replacing the target."""

    def link(self, target: str, path: str) -> None:
        """Make the path a symbolic link, atomically, replacing what is there if it is no folder."""

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all it holds; no error if there is none."""

    def make_directory(
        self, path: str, *, mode: int = 0o700, owner: Ownership = THE_WRITER
    ) -> None:
        """Make a folder (and those above it) so; of one that exists correct just the mode."""

    def scratch(self) -> str:
        """A private folder of this run, removed at its end."""

    def lock(self, path: str, *, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold an exclusive advisory lock.

        Raises: `Busy` when another process keeps it for longer than the timeout.
        """


@dataclass(frozen=True)
class Completed:
    """A command that ended; the streams are decoded, with replacement of what is not UTF-8."""

    rc: int
    stdout: str
    stderr: str

    @property
    def words(self) -> str:
        """All that it said."""
        return (self.stdout + self.stderr).strip()


class Runner(Protocol):
    """Commands of the host."""

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float = 60.0, stdin: str = ""
    ) -> Completed:
        """Run to the end, without a shell.

        Raises: `Unavailable` if there is no such command, it does not end in time, or says far more
        than any that is used has to say.
        """


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Socket(Protocol):
    """UNIX stream sockets that answer one request and close (HAProxy's command line interfaces)."""

    def ask(self, path: str, request: str, *, timeout_seconds: float = 10.0) -> str:
        """Send, shut down the sending side, read to the end.

        Raises: `Unavailable` if nobody listens there or the answer does not end in time.
        """


@dataclass(frozen=True)
class HttpAnswer:
    """The answer to an HTTP request; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Served:
    """What one TLS handshake showed: the certificates sent, DER, leaf first."""

    leaf: bytes
    protocol: str


class Network(Protocol):
    """Other hosts."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 and IPv6 addresses of a name, sorted; empty if it does not exist.

        Raises: `Unavailable` if no resolver answers.
        """

    def get(
        self, address: str, port: int, *, host: str, path: str, timeout_seconds: float = 5.0
    ) -> HttpAnswer:
        """One plain HTTP/1.1 GET of at most 64 KiB; no redirect is followed.

        Raises: `Unavailable` with the cause, `Unreachable` if there is not even a connection.
        """

    def handshake(
        self, address: str, port: int, *, server_name: str, timeout_seconds: float = 5.0
    ) -> Served:
        """One TLS handshake that accepts any certificate, to look at what is served.

        Raises: `Unavailable` with the cause, `Unreachable` if there is not even a connection.
        """


class Progress(Protocol):
    """Somebody who watches a long call."""

    def report(self, text: str) -> None:
        """Show a line such as ``42 of 100 issued``."""


@dataclass(frozen=True)
class Ports:
    """All of them."""

    files: Files
    runner: Runner
    clock: Clock
    socket: Socket
    network: Network
    progress: Progress
