# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world of the year: time, timers, connections, and three hosts with a CA."""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.hitless.edge.plugins.module_utils._acme.account import (
    AccountAtCa,
    Accounts,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.directory import fetch_directory
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import Session
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Unavailable,
    Unreachable,
)
from fakes import FakeClock

from year.authority import Line, YearCa
from year.fleet import ADDRESSES, BEGIN, DIRECTORY, HOME, HOSTS, VIRTUAL, addresses_of, settings_of
from year.machine import Machine
from year.parts import Process
from year.plan import Plan

SYNC_EVERY = timedelta(minutes=15)
"""Ten minutes, and at most five of random delay."""

SYNC_AT_LEAST_EVERY = timedelta(days=1)

Act = Callable[[], None]


@dataclass(order=True)
class Event:
    """Something that happens at a time; ties by who was planned first."""

    time: datetime
    number: int
    act: Act = field(compare=False)


class World:
    """All of it. ``runs``: how many processes there were of each verb; ``deaths``: killed ones.

    ``cut``: pairs of hosts that do not reach each other.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.clock = FakeClock(BEGIN)
        self.luck = random.Random(plan.seed + 2)
        self.ca = YearCa(self.clock, plan.seed, self.web)
        self.machines = {name: Machine(name, self) for name in HOSTS}
        self.cut: Counter[frozenset[str]] = Counter()
        self.runs: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()
        self._events: list[Event] = []
        self._planned = 0
        self._lock = threading.RLock()
        self._next_sync: dict[str, datetime] = {}
        self._synced: dict[str, tuple[int, int]] = {}
        self._thumbprint = ""
        self._install()

    # ---- time

    def at(self, time: datetime, act: Act) -> None:
        """Plan something."""
        self._planned += 1
        heapq.heappush(self._events, Event(time, self._planned, act))

    def next_time(self) -> datetime:
        """When the next thing happens."""
        return max(self._events[0].time, self.clock.now())

    def step(self) -> None:
        """Have the next thing happen."""
        event = heapq.heappop(self._events)
        self.clock.time = max(event.time, self.clock.time)
        event.act()
        self.clock.slept.clear()
        for machine in self.machines.values():
            if machine.changes != self._synced.get(machine.name):
                self._plan_sync(machine, self.clock.now() + SYNC_EVERY)

    # ---- timers

    def start(self) -> None:
        """All certificates are there, as the play leaves it; then the timers of each host run."""
        self.machines[HOSTS[0]].renew()
        now = self.clock.now()
        for name, machine in self.machines.items():
            if name in self.plan.renewing:
                self._plan_renew(machine, now)
            self._plan_sync(machine, now + SYNC_AT_LEAST_EVERY)

    def renew_soon(self, machine: Machine) -> None:
        """What `Persistent=yes` does after a boot."""
        self.at(self.clock.now() + self._delay(), lambda: self._renew(machine))

    def _plan_renew(self, machine: Machine, slot: datetime) -> None:
        def fire() -> None:
            self._plan_renew(machine, slot + self.plan.every)
            self._renew(machine)

        self.at(slot + self.plan.every + self._delay(), fire)

    def _renew(self, machine: Machine) -> None:
        if not machine.down and machine.name in self.plan.renewing:
            machine.renew(force_all=self.plan.forces)

    def _plan_sync(self, machine: Machine, at: datetime) -> None:
        """It runs every few minutes; runs that would see nothing new are left out, but for some."""
        if at >= self._next_sync.get(machine.name, at + SYNC_EVERY):
            return
        self._next_sync[machine.name] = at

        def fire() -> None:
            if self._next_sync.get(machine.name) != at:
                return
            del self._next_sync[machine.name]
            if not machine.down and machine.sync():
                self._synced[machine.name] = machine.changes
            self._plan_sync(machine, self.clock.now() + SYNC_AT_LEAST_EVERY)

        self.at(at, fire)

    def _delay(self) -> timedelta:
        """The random delay of `renew` is as long as its period, so two runs may be two apart."""
        return self.luck.random() * self.plan.every

    # ---- connections

    def are_connected(self, one: str, other: str) -> bool:
        """Whether two hosts reach each other."""
        ends = (self.machines[one], self.machines[other])
        is_alive = not any(machine.down or machine.cut_off for machine in ends)
        return is_alive and not self.cut[frozenset((one, other))]

    def exchange(self, machine: Machine, host: str, request: str) -> str:
        """One request over SSH."""
        with self._lock:
            if not self.are_connected(machine.name, host):
                raise Unreachable(f"{host} does not answer at {ADDRESSES[host]}")
            reply = self.machines[host].receive(request)
            if not reply:
                raise Unavailable(f"{host} broke the connection off")
            return reply

    def ask(self, machine: Machine, address: str, host: str, path: str) -> bytes | None:
        """A web request from one of the hosts."""
        target = self._host_at(address)
        if target is None:
            return None
        is_near = target is machine or self.are_connected(machine.name, target.name)
        return self._answer(target, host, path) if is_near else None

    def web(self, address: str, host: str, path: str) -> bytes | None:
        """A web request from anywhere."""
        target = self._host_at(address)
        return None if target is None or target.cut_off else self._answer(target, host, path)

    def _host_at(self, address: str) -> Machine | None:
        machines = self.machines.values()
        if address == VIRTUAL:
            holders = (one for one in machines if one.is_serving and not one.cut_off)
            return next(holders, None)
        return next(one for one in machines if ADDRESSES[one.name] == address)

    def _answer(self, machine: Machine, host: str, path: str) -> bytes | None:
        """As HAProxy does, for the domains that are ours."""
        if not machine.is_serving or not addresses_of(host):
            return None
        return f"{path.rpartition('/')[2]}.{self._thumbprint}".encode()

    # ---- what is counted

    def ran(self, process: Process) -> None:
        """A process has ended."""
        self.runs[process.verb] += 1
        self.deaths[process.verb] += process.outcome == "killed"

    # ---- the play

    def _install(self) -> None:
        """As the first run of the play leaves it: an account, and settings everywhere."""
        first = self.machines[HOSTS[0]]
        accounts = Accounts(first.files, HOME)
        key = accounts.make_key()
        self._thumbprint = key.thumbprint
        line = Line(self.ca, lambda: True, lambda _path: None)
        budget = Budget.of(self.clock, 600)
        session = Session(Authority("ca", DIRECTORY), budget, line)
        found = AccountAtCa(session, fetch_directory(session)).register(key, ("ops@long.test",))
        accounts.save(DIRECTORY, found)
        account = {"thumbprint": key.thumbprint, "registrations": {DIRECTORY: vars(found)}}
        for name, machine in self.machines.items():
            settings = settings_of(name, self.plan.sites, account, self.plan.settings)
            machine.install(settings, self.ca.mint.root_pem)
