# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run: the world, its troubles and the checks together; and its figures in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from year.checks import Checks
from year.disasters import Disasters
from year.fleet import BEGIN, HOSTS, PROFILES
from year.limits import PER_ACCOUNT, PER_DOMAIN, PER_SET
from year.parts import Broken
from year.plan import Plan
from year.world import World

SHOWN_LINES = 25


@dataclass
class Failure(Exception):
    """A year that broke off. ``journal``: the last events, of the host that it is about."""

    seed: int
    time: datetime
    words: str
    journal: tuple[str, ...]

    def __str__(self) -> str:
        lines = "\n".join(f"  {line}" for line in self.journal)
        return (
            f"broken at {self.time:%F %T} (day {(self.time - BEGIN).days}) with seed {self.seed}: "
            f"{self.words}\nthe last events:\n{lines}"
        )


class Year:
    """A run and what came of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = World(plan)
        self.disasters = Disasters(self.world)
        self.checks = Checks(self.world, self.disasters)
        self.disasters.plan(plan.drawn)

    def run(self, each_day: Callable[[int], None] = lambda _day: None) -> None:
        """Live it. ``each_day``: called with the number of days. Raises: `Failure`."""
        world, checks, end, day = self.world, self.checks, BEGIN + self.plan.end, 0
        try:
            world.start()
            while world.next_time() < end:
                checks.look(world.next_time())
                world.step()
                checks.look(world.clock.now())
                while (world.clock.now() - BEGIN).days > day:
                    day += 1
                    each_day(day)
        except Exception as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> Failure:
        host = error.host if isinstance(error, Broken) else ""
        machines = [one for name, one in self.world.machines.items() if host in ("", name)]
        lines = [line for machine in machines for line in machine.journal]
        words = str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"
        present = ", ".join(sorted(map(str, self.disasters.present)))
        words += f"; wrong at this time: {present or 'nothing'}"
        shown = tuple(sorted(lines)[-SHOWN_LINES:])
        return Failure(self.plan.seed, self.world.clock.now(), words, shown)

    def figures(self) -> str:
        """What was counted."""
        limits, extremes, world = self.world.ca.limits, self.checks.extremes, self.world
        struck = self.disasters.struck
        outages = ", ".join(f"{kind.value} {struck[kind]}" for kind in struck)
        left = ", ".join(
            f"{_shown(extremes.least[name])} of {_shown(PROFILES[name])}"
            for name in self.plan.profiles
        )
        return (
            f"simulated year: {self.plan.days} days, {len(HOSTS)} hosts, seed {self.plan.seed}; "
            f"{struck.total()} outages ({outages}); "
            f"{world.runs['renew']} renew runs ({world.deaths['renew']} killed), "
            f"{world.runs['receive']} requests received ({world.deaths['receive']} killed), "
            f"{world.runs['sync']} syncs; "
            f"{len(limits.issued)} certificates of {len(limits.orders)} orders, "
            f"{limits.failed_validations} failed validations; "
            f"most for one set of names in a week {limits.most.per_set} (limit {PER_SET}; "
            f"{limits.most.per_set_with_exempt} with renewals that are exempt), "
            f"for a domain {limits.most.per_domain} (limit {PER_DOMAIN}), orders in 3 h "
            f"{limits.most.per_account} (limit {PER_ACCOUNT}), per lineage and lifetime "
            f"{extremes.most_per_lifetime}; "
            f"longest catch-up {_shown(extremes.longest_behind)}; "
            f"least remaining lifetime served {left}; "
            f"hosts that returned with an expired certificate {extremes.returned_expired}, "
            f"replaced {_shown(extremes.longest_expired)} at most after anybody could; else "
            f"nothing expired in {extremes.looks} looks at what a host serves"
        )


def _shown(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes / 60:.1f} h" if minutes < 72 * 60 else f"{minutes / 1440:.1f} d"
