# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in the world, as it begins and ends."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from year.authority import WAYS_DOWN
from year.machine import Machine
from year.parts import Doom
from year.trouble import Kind, Trouble
from year.world import World

DOOMS = {Kind.RECEIVE_KILLED: "receive", Kind.RENEW_KILLED: "renew", Kind.POWER_CUT: "renew"}
SPARED_PERIODS = 5
STEPS = {"renew": 34, "receive": 16}
"""About as many as an order or a delivery takes from where its doom is met."""


@dataclass
class Disasters:
    """``present``: what is wrong now. ``struck``: how many there were of each kind.

    ``last``: when something last began or ended.
    """

    world: World
    present: set[Trouble] = field(default_factory=set)
    struck: Counter[Kind] = field(default_factory=Counter)
    last: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.world.clock.now()

    def plan(self, troubles: Iterable[Trouble]) -> None:
        """Have them happen in their time."""
        for trouble in troubles:
            self.world.at(trouble.start, functools.partial(self._begin, trouble))

    def _begin(self, trouble: Trouble) -> None:
        act = functools.partial(self._strike, trouble)
        if trouble.kind in DOOMS:
            self._doom(trouble, DOOMS[trouble.kind], act)
        else:
            act()

    def _doom(self, trouble: Trouble, verb: str, act: Callable[[], None]) -> None:
        """It waits for the next process that orders, or that something is delivered to.

        There are few of these, so several would lie in wait for each. After one has struck there is
        none for a while: no fleet catches up whose every run is killed.
        """
        steps = int(trouble.way * STEPS[verb])
        self.world.machines[trouble.host].dooms.append(Doom(verb, steps, act))

    def _spare(self) -> None:
        until = self.world.clock.now() + SPARED_PERIODS * self.world.plan.every
        for machine in self.world.machines.values():
            machine.spared_until = until

    def _strike(self, trouble: Trouble) -> None:
        self.struck[trouble.kind] += 1
        if trouble.kind in DOOMS:
            self._spare()
        self._change(trouble, begins=True)
        if trouble.end > trouble.start:
            self.present.add(trouble)
            end = self.world.clock.now() + (trouble.end - trouble.start)
            self.world.at(end, functools.partial(self._end, trouble))

    def _end(self, trouble: Trouble) -> None:
        self.present.discard(trouble)
        self._change(trouble, begins=False)

    def _change(self, trouble: Trouble, *, begins: bool) -> None:
        self.last = self.world.clock.now()
        concerned = [self.world.machines[name] for name in (trouble.host, trouble.other) if name]
        for machine in concerned or self.world.machines.values():
            machine.tell(f"{trouble}{'' if begins else ' is over'}")
        if trouble.kind is Kind.LINK_CUT:
            self.world.cut[frozenset((trouble.host, trouble.other))] += 1 if begins else -1
        elif concerned:
            self._change_host(concerned[0], trouble, begins=begins)
        else:
            self._change_ca(trouble, begins=begins)

    def _change_ca(self, trouble: Trouble, *, begins: bool) -> None:
        mood = self.world.ca.mood
        if trouble.kind is Kind.CA_DOWN:
            ways = tuple(WAYS_DOWN)
            mood.down = ways[int(trouble.way * len(ways))] if begins else ""
        elif trouble.kind is Kind.CA_LIMITS:
            mood.limits = begins
        elif trouble.kind is Kind.CA_FLAKY:
            mood.flaky = begins
            self.world.ca.bad_nonce_share = 0.15 if begins else 0.0
        else:
            self.world.ca.recall()

    def _change_host(self, machine: Machine, trouble: Trouble, *, begins: bool) -> None:
        reasons = {
            Kind.HOST_DOWN: machine.down,
            Kind.POWER_CUT: machine.down,
            Kind.CUT_OFF: machine.cut_off,
            Kind.DISK_FULL: machine.full,
            Kind.HAPROXY_DOWN: machine.silent,
            Kind.HAPROXY_RESTART: machine.silent,
        }.get(trouble.kind)
        if reasons is None:
            return
        was_down, was_serving = bool(machine.down), machine.is_serving
        (reasons.add if begins else reasons.discard)(trouble)
        _follow(machine, was_serving=was_serving)
        if trouble.kind is Kind.HAPROXY_RESTART and begins:
            self._change_host(machine, trouble, begins=False)
        if was_down and not machine.down:
            machine.up_since = self.world.clock.now()
            self.world.renew_soon(machine)


def _follow(machine: Machine, *, was_serving: bool) -> None:
    if was_serving and not machine.is_serving:
        machine.stop()
    elif machine.is_serving and not was_serving:
        machine.start()
