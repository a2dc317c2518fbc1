# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The master process of HAProxy behind its own socket (HAProxy 2.6 management guide §9.4).

Theory of operation. A reload re-executes the master, which reads the config, forks a new worker
and tells the old one to finish. Up to 3.0 the socket is shut or silent meanwhile. From 3.0 on
`reload` waits and answers ``Success=0`` or ``Success=1`` with what HAProxy said; 2.6 answers
nothing and the table of processes tells: its count of reloads has grown, and either the
count of failures too or there is a new worker. A worker that dies just after the fork takes the
whole service with it up to 3.0; then the master's process is gone.
Two reloads that overlap break the hand-over of the listening sockets from 3.2 on, so one waits
until the table stands still.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._core.errors import Refused, Unavailable
from .._core.ports import Clock, Files, Ports

MASTER = re.compile(r"^(\d+)\s+master\s+(\d+)(?:\s+\[failed:\s*(\d+)\])?", re.MULTILINE)
WORKER = re.compile(r"^(\d+)\s+worker\s")
VERDICT = re.compile(r"\ASuccess=([01])\n(?:--\n)?")
PAUSE_SECONDS = 0.05
STILL_SECONDS = 0.1
ABSENT_SECONDS = 3.0
ASK_SECONDS = 5.0
"""Then one asks again: a socket of a process that is being replaced may never answer."""


def is_alive(files: Files, pid: int) -> bool:
    """Whether a process exists and is not a zombie (proc(5), /proc/pid/stat)."""
    stat = files.read(f"/proc/{pid}/stat")
    return stat is not None and stat.rpartition(b") ")[2][:1] not in (b"Z", b"X", b"")


@dataclass(frozen=True)
class Processes:
    """The table of `show proc`: pids, and how often the master reloaded and failed to."""

    master: int
    reloads: int
    failed: int
    current: tuple[int, ...]
    old: tuple[int, ...]

    @property
    def all(self) -> frozenset[int]:
        """Every pid of the service."""
        return frozenset((self.master, *self.current, *self.old))


def parse_processes(answer: str) -> Processes:
    """Read the answer to `show proc`.

    Raises: `Refused` when it is not one.
    """
    master = MASTER.search(answer)
    if not master:
        raise Refused("HAProxy's master does not answer `show proc` as known", answer)
    current, _unused, old = answer.partition("# old workers")
    return Processes(
        master=int(master.group(1)),
        reloads=int(master.group(2)),
        failed=int(master.group(3) or 0),
        current=_workers(current),
        old=_workers(old),
    )


def _workers(lines: str) -> tuple[int, ...]:
    found = (WORKER.match(line) for line in lines.splitlines())
    return tuple(int(worker.group(1)) for worker in found if worker)


@dataclass(frozen=True)
class Verdict:
    """How a reload ended. ``words``: what HAProxy said, if it said anything."""

    succeeded: bool
    words: str = ""


@dataclass(frozen=True)
class Master:
    """The master's command line."""

    ports: Ports
    path: str
    timeout_seconds: float = 120.0

    @property
    def _clock(self) -> Clock:
        return self.ports.clock

    def ask(self, command: str, *, timeout_seconds: float = ASK_SECONDS) -> str:
        """Send one command; `@1 ...` goes to the worker that serves.

        Raises: `Unavailable` when nobody answers.
        """
        answer = self.ports.socket.ask(self.path, f"{command}\n", timeout_seconds=timeout_seconds)
        return answer.rstrip("\n")

    def processes(self) -> Processes:
        """Who is there.

        Raises: `Unavailable` when the master does not answer, which is normal during a reload.
        """
        answer = self.ask("show proc")
        if not answer:
            raise Unavailable("HAProxy's master is being reloaded")
        return parse_processes(answer)

    def settled(self) -> Processes:
        """The processes once no reload is under way, whoever asked for it.

        Raises: `Unavailable` when the table does not stand still in time.
        """
        begun = self._clock.monotonic()
        deadline = begun + self.timeout_seconds
        earlier = None
        while True:
            try:
                now = self.processes()
            except Unavailable:
                self._demand_socket(begun)
                if self._clock.monotonic() > deadline:
                    raise
                now = None
            if now is not None and earlier is not None and same(now, earlier):
                return now
            if self._clock.monotonic() > deadline:
                raise Unavailable("HAProxy is being reloaded by somebody else all the time")
            earlier = now
            self._clock.sleep(STILL_SECONDS)

    def _demand_socket(self, begun: float) -> None:
        """A socket that is not there at all, and does not come, is no reload under way."""
        is_absent = self.ports.files.mode(self.path) is None
        if is_absent and self._clock.monotonic() > begun + ABSENT_SECONDS:
            raise Unavailable(
                f"HAProxy has no master socket at {self.path}: start it by its unit, with "
                f"`-S {self.path}`"
            )

    def reload(self) -> Verdict:
        """Reload once and wait for the end of it.

        Raises: `Unavailable` when there is no master, or no end in time.
        """
        before = self.settled()
        try:
            answer = self.ask("reload", timeout_seconds=self.timeout_seconds) + "\n"
        except Unavailable:
            answer = ""  # the connection broke with the re-execution: the table will tell
        verdict = VERDICT.match(answer)
        if verdict:
            return Verdict(verdict.group(1) == "1", answer[verdict.end() :].strip())
        return self._awaited(before)

    def _awaited(self, before: Processes) -> Verdict:
        deadline = self._clock.monotonic() + self.timeout_seconds
        while self._clock.monotonic() <= deadline:
            if not is_alive(self.ports.files, before.master):
                return Verdict(False)
            try:
                now = self.processes()
            except Unavailable:
                now = before
            if now.reloads > before.reloads:
                new = set(now.current) - before.all
                return Verdict(bool(new) and now.failed == 0)
            self._clock.sleep(PAUSE_SECONDS)
        raise Unavailable(f"HAProxy did not end its reload within {self.timeout_seconds:.0f} s")


def same(now: Processes, earlier: Processes) -> bool:
    """Whether no reload is between the two; old workers may come to their end meanwhile."""
    return (now.reloads, now.failed, now.current) == (
        earlier.reloads,
        earlier.failed,
        earlier.current,
    )
