# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy as a service of the host: what runs, and how it is started."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from datetime import datetime

from .._core.errors import EdgeError, Refused, Unavailable
from .._core.ports import Ports
from .layout import Layout
from .master import Master, Processes, is_alive, same
from .runtime import Info, Runtime, parse_info

LIMIT = re.compile(rb"^Max open files\s+(\S+)\s+(\S+)", re.MULTILINE)
HANDOVER_SECONDS = 5.0
"""For how long a running service may be silent: 2.6 shuts its sockets while it re-executes."""

PAUSE_SECONDS = 0.05
ALERTS = ("[ALERT]", "[EMERG]")
NOISE = (
    "Former worker",  # ended as asked
    "stopped (cumulated conns",  # ditto
    "this can only be explained by a bug in haproxy",  # the master's guess, which leads astray
)


def relevant(words: str) -> str:
    """What matters of HAProxy's words when it failed: alerts, else warnings, else all it said."""
    return _told(words, ALERTS) or loud(words) or _last(words.strip().splitlines())


def loud(words: str) -> str:
    """The alerts and warnings that say something."""
    return _told(words, (*ALERTS, "[WARNING]"))


def _told(words: str, beginnings: tuple[str, ...]) -> str:
    lines = [line for line in words.splitlines() if line.startswith(beginnings)]
    return _last([line for line in lines if not any(one in line for one in NOISE)])


def _last(lines: list[str]) -> str:
    return "\n".join(lines[-40:])


@dataclass(frozen=True)
class Service:
    """The HAProxy of this host."""

    ports: Ports
    layout: Layout
    timeout_seconds: float = 120.0

    @property
    def runtime(self) -> Runtime:
        """The Runtime API of the worker that serves."""
        return Runtime(self.ports.socket, self.layout.runtime_socket)

    @property
    def master(self) -> Master:
        """The master's command line."""
        return Master(self.ports, self.layout.master_socket, self.timeout_seconds)

    def ask(self, command: str) -> str:
        """Ask the worker that serves, by its own socket or through the master.

        Raises: `Unavailable` when neither answers.
        """
        try:
            return self.runtime.ask(command)
        except Unavailable:
            return self.master.ask(f"@1 {command}")

    def info(self) -> Info | None:
        """Who serves; ``None`` when HAProxy does not run.

        Raises: `Unavailable` when it runs and has no socket that we know.
        """
        deadline = self.ports.clock.monotonic() + HANDOVER_SECONDS
        while True:
            try:
                return parse_info(self.ask("show info"))
            except (Unavailable, Refused) as error:
                if not self.is_active():
                    return None
                if self.ports.clock.monotonic() > deadline:
                    raise Unavailable(
                        f"HAProxy runs and answers neither at {self.layout.runtime_socket} nor at "
                        f"{self.layout.master_socket}; its service needs `-S "
                        f"{self.layout.master_socket}` ({error})"
                    ) from error
            self.ports.clock.sleep(PAUSE_SECONDS)

    def is_active(self) -> bool:
        """Whether the service manager says that it runs; no, where there is none."""
        try:
            done = self.ports.runner.run(["systemctl", "is-active", self.layout.service])
        except Unavailable:
            return False
        return done.stdout.strip() in ("active", "reloading", "deactivating")

    def processes(self) -> Processes | None:
        """The processes of the service; ``None`` when it does not run, or not with our socket."""
        try:
            return self.master.processes()
        except (Unavailable, Refused):
            if not self.is_active():
                return None
        with contextlib.suppress(Unavailable, Refused):
            return replace(self.master, timeout_seconds=HANDOVER_SECONDS).settled()
        return None

    def open_files(self) -> str | None:
        """The limit of open files (``soft:hard``) that a reload runs under."""
        processes = self.processes()
        limits = self.ports.files.read(f"/proc/{processes.master}/limits") if processes else None
        found = LIMIT.search(limits) if limits else None
        if found:
            return f"{found.group(1).decode()}:{found.group(2).decode()}"
        return self._open_files_of_unit()

    def _open_files_of_unit(self) -> str | None:
        names = ("LimitNOFILESoft", "LimitNOFILE")
        argv = ["systemctl", "show", self.layout.service, *(f"--property={n}" for n in names)]
        try:
            lines = self.ports.runner.run(argv).stdout.splitlines()
        except Unavailable:
            return None
        fields = dict(line.partition("=")[::2] for line in lines)
        values = [fields.get(name, "") for name in names]
        return ":".join(values) if all(value.isdigit() for value in values) else None

    def start(self) -> str:
        """Start the service anew, whatever its state, and return what it said.

        Only for a service that does not serve: this is not hitless.
        Raises: `Unavailable` without a service manager.
        """
        since = self.ports.clock.now()
        self.ports.runner.run(["systemctl", "reset-failed", self.layout.service])
        self.ports.runner.run(
            ["systemctl", "restart", self.layout.service], timeout_seconds=self.timeout_seconds
        )
        return self.words(since)

    def recover(self, before: Processes | None) -> None:
        """Bring the service back after a reload that failed, with the files as they are now.

        A second reload takes the master out of the state that a failed one leaves it in, also where
        the old worker serves on; a service that died is started. Nothing is done where no reload
        was begun since ``before``. As far as that can be had: who serves then is for the caller to
        ask.
        """
        with contextlib.suppress(EdgeError):
            if before is None:
                if not self.is_active():
                    self.start()
            elif not is_alive(self.ports.files, before.master):
                self.start()
            elif not self._is_as_it_was(before):
                self.master.reload()

    def _is_as_it_was(self, before: Processes) -> bool:
        now = self.processes()
        return now is not None and same(now, before)

    def words(self, since: datetime) -> str:
        """What HAProxy told the journal since then; nothing where there is no journal."""
        argv = ["journalctl", "--no-pager", "--output=cat", f"--unit={self.layout.service}"]
        try:
            self.ports.runner.run(["journalctl", "--sync"])
            done = self.ports.runner.run([*argv, f"--since=@{since.timestamp():.3f}"])
        except Unavailable:
            return ""
        return loud(done.stdout)
