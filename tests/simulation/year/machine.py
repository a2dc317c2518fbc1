# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of the fleet: what it serves, and its processes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    EdgeError,
    Unavailable,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import HttpAnswer, Ports
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import file_name
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate
from ansible_collections.hitless.edge.plugins.module_utils._renewal.receive import receive
from ansible_collections.hitless.edge.plugins.module_utils._renewal.renew import Options, renew
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import SETTINGS, load
from ansible_collections.hitless.edge.plugins.module_utils._renewal.sync import sync
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import Reply, render_reply
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire_fields import shortened
from fakes import FakeClock, FakeProgress, FakeSocket

from year.authority import Line, YearCa
from year.fleet import HOME, LAYOUT, ROOTS, addresses_of
from year.parts import Broken, Commands, Doom, Haproxy, HostFiles, Killed, Process, leaf_of
from year.told import of_receive, of_renew, of_sync

REMEMBERED = 40

Held = Mapping[Lineage, Certificate]


class World(Protocol):
    """What a host sees of the world."""

    clock: FakeClock
    ca: YearCa

    def ask(self, machine: Machine, address: str, host: str, path: str) -> bytes | None:
        """A web request from a host; ``None`` if nobody answers."""

    def exchange(self, machine: Machine, host: str, request: str) -> str:
        """One request over SSH from a host to another one."""

    def ran(self, process: Process) -> None:
        """A process has ended."""


@dataclass(frozen=True)
class Network:
    """The network, seen from one host."""

    machine: Machine

    def addresses(self, name: str) -> tuple[str, ...]:
        """As the name service says."""
        if self.machine.cut_off:
            raise Unavailable("no resolver answers")
        return addresses_of(name)

    def get(
        self, address: str, port: int, *, host: str, path: str, timeout_seconds: float = 5.0
    ) -> HttpAnswer:
        """A plain request."""
        del timeout_seconds
        body = self.machine.world.ask(self.machine, address, host, path)
        if body is None:
            raise Unreachable(f"no connection to {address}:{port}")
        return HttpAnswer(200, {}, body)

    def handshake(
        self, address: str, port: int, *, server_name: str, timeout_seconds: float = 5.0
    ) -> Any:
        """Nobody asks for that."""
        raise Broken(f"a handshake with {address}:{port} {server_name} {timeout_seconds}")


@dataclass(frozen=True)
class Reach:
    """The other hosts, seen from one host."""

    machine: Machine

    def exchange(self, host: str, request: str) -> str:
        """One request over SSH."""
        return self.machine.world.exchange(self.machine, host, request)


class Machine:
    """One of the three.

    ``down``, ``silent``, ``cut_off``, ``full``: the reasons why it does not run, its HAProxy does
    not, nobody reaches it, it cannot write.
    """

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.down: set[object] = set()
        self.silent: set[object] = set()
        self.cut_off: set[object] = set()
        self.full: set[object] = set()
        self.dooms: list[Doom] = []
        self.journal: deque[str] = deque(maxlen=REMEMBERED)
        self.up_since = self.spared_until = world.clock.now()
        self.files = HostFiles(world.clock, self._step, lambda: bool(self.full))
        self.haproxy = Haproxy(LAYOUT.crt_list, self.files, self._step)
        self._running: Process | None = None
        self._seen: dict[str, tuple[int, Held]] = {}
        self._socket = FakeSocket()
        self._ports = Ports(
            files=self.files,
            runner=Commands(self.files, lambda: self.is_serving, self._step),
            clock=world.clock,
            socket=self._socket,
            network=Network(self),
            progress=FakeProgress(),
        )

    @property
    def is_serving(self) -> bool:
        """Whether its HAProxy runs."""
        return not (self.down or self.silent)

    @property
    def changes(self) -> tuple[int, int]:
        """Another value whenever certificates on disk or in its HAProxy have changed."""
        return self.files.changes, self.haproxy.changes

    @property
    def lineages(self) -> tuple[Lineage, ...]:
        """All that are wished."""
        return tuple(one.lineage for one in self.settings.wished)

    def served(self) -> Held:
        """What clients see."""
        return self._remember("served", self.haproxy.changes, self._look_at_process)

    def stored(self) -> Held:
        """What is in its store."""
        return self._remember("stored", self.files.changes, self._look_at_store)

    def install(self, settings: Mapping[str, Any], roots: str) -> None:
        """As the play leaves it."""
        for folder in (HOME, f"{HOME}/account", LAYOUT.certificates):
            self.files.make_directory(folder)
        self.files.write(SETTINGS, json.dumps(settings).encode())
        self.files.write(ROOTS, roots.encode())
        self.settings = load(self.files)
        self.start()

    def start(self) -> None:
        """Have HAProxy run with what is on the disk."""
        self.haproxy.start()
        self._socket.servers[LAYOUT.runtime_socket] = self.haproxy

    def stop(self) -> None:
        """Have HAProxy end."""
        self._socket.servers.clear()

    def tell(self, words: str) -> None:
        """A line of the journal."""
        self.journal.append(f"{self.world.clock.now():%F %T} {self.name}: {words}")

    def renew(self, **options: Any) -> None:
        """As its timer does."""
        line = Line(self.world.ca, lambda: not self.cut_off, self._ask_ca)
        with self._process(Process("renew")) as process:
            report = renew(
                self._ports,
                self.settings,
                Reach(self),
                Options(**options),
                open_http=lambda _workers: line,
            )
            process.outcome = of_renew(report)

    def sync(self) -> bool:
        """As its timer does; whether all is well then.

        Raises: `Broken` if that took a reload, which no renewal does.
        """
        with self._process(Process("sync")) as process:
            synced = sync(self._ports, self.settings)
            process.outcome = of_sync(synced)
            if self.is_serving and synced.reasons:
                words = f"a reload was needed: {', '.join(synced.reasons)}"
                raise Broken(f"{self.name}: {words}", self.name)
            return synced.is_well
        return False

    def receive(self, text: str) -> str:
        """What another host asks or brings; the reply, empty if the process died."""
        with self._process(Process("receive")) as process:
            if '"pem": "' in text:
                self._meet(process)
            reply = self._take(text)
            process.outcome = of_receive(reply)
            return render_reply(reply)
        return ""

    def _take(self, text: str) -> Reply:
        """As the command does, which tells the peer why nothing could be done."""
        try:
            return receive(self._ports, self.settings, text)
        except EdgeError as error:
            return Reply("unknown", error=shortened(str(error)))

    @contextmanager
    def _process(self, process: Process) -> Iterator[Process]:
        """A process runs, to whatever end."""
        self._running = process
        try:
            yield process
        except Killed:
            process.outcome = "killed"
        except EdgeError as error:
            process.outcome = f"failed: {error.message}"
        finally:
            self._running = None
            self._socket.requests.clear()
        self.tell(f"{process.verb}: {process.outcome}")
        self.world.ran(process)
        if process.doom is not None and process.outcome == "killed":
            self.dooms.remove(process.doom)
            process.doom.strike()

    def _meet(self, process: Process) -> None:
        if self.world.clock.now() >= self.spared_until:
            process.meet(self.dooms)

    def _step(self) -> None:
        if self._running is not None:
            self._running.step()

    def _ask_ca(self, path: str) -> None:
        if path == "/newOrder" and self._running is not None:
            self._meet(self._running)
        self._step()

    def _remember(self, what: str, changes: int, look: Callable[[], Held]) -> Held:
        if self._seen.get(what, (-1, {}))[0] != changes:
            self._seen[what] = (changes, look())
        return self._seen[what][1]

    def _look_at_process(self) -> Held:
        listed = {path for path, _line in self.haproxy.entries}
        paths = {
            one: f"{LAYOUT.certificates}/{file_name(one.name, one.key_type)}"
            for one in self.lineages
        }
        stores = self.haproxy.stores
        return {one: leaf_of(stores[path]) for one, path in paths.items() if path in listed}

    def _look_at_store(self) -> Held:
        store = Store(self.files, HOME)
        found = {one: self.files.content.get(store.certificate_path(one)) for one in self.lineages}
        return {one: leaf_of(raw.decode()) for one, raw in found.items() if raw is not None}
