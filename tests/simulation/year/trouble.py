# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong, and when: drawn from a seed.

Troubles overlap as they like, within what can be asked of anybody. With 160-hour certificates there
are some 78 hours from the moment that renewal begins to the end of the life. So

- one host at least is well at any time (up, connected, with room on its disk);
- no host is kept from a new certificate for more than 72 hours, be it by the CA, by its own
  connection, by its disk or by these one after the other with less than half a day between them.

A host that is down serves nobody, so it may be down for as long as it likes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from year.fleet import HOSTS

LONGEST_BLOCKED = timedelta(hours=72)
BREATHER = timedelta(hours=12)
TRIES = 30

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PAIRS = (("lb1", "lb2"), ("lb1", "lb3"), ("lb2", "lb3"))


class Kind(Enum):
    """What may go wrong."""

    HOST_DOWN = "host down"
    LINK_CUT = "link cut"
    CUT_OFF = "host cut off"
    CA_DOWN = "CA down"
    CA_LIMITS = "CA limiting"
    CA_FLAKY = "CA flaky"
    RECALL = "CA recalls all"
    DISK_FULL = "disk full"
    HAPROXY_DOWN = "HAProxy down"
    HAPROXY_RESTART = "HAProxy restarted"
    RENEW_KILLED = "renew killed"
    RECEIVE_KILLED = "receive killed"
    POWER_CUT = "power cut in renew"


@dataclass(frozen=True)
class Trouble:
    """One of them. ``end``: equal to ``start`` where it strikes once. ``other``: end of a link.

    ``way``: a number from 0 to 1 that decides details.
    """

    kind: Kind
    start: datetime
    end: datetime
    host: str = ""
    other: str = ""
    way: float = 0.0

    @property
    def place(self) -> tuple[Kind, str, str]:
        """Where nothing of the same kind can happen at the same time."""
        return self.kind, self.host, self.other

    def __str__(self) -> str:
        where = "-".join(part for part in (self.host, self.other) if part)
        return f"{self.kind.value}{f' ({where})' if where else ''}"


@dataclass(frozen=True)
class Habit:
    """How often a year, at each of its places, and for how long (log-uniform)."""

    kind: Kind
    per_year: float
    shortest: timedelta = timedelta(0)
    longest: timedelta = timedelta(0)
    places: tuple[tuple[str, ...], ...] = tuple((host,) for host in HOSTS)


NOWHERE: tuple[tuple[str, ...], ...] = ((),)
HABITS = (
    Habit(Kind.CA_DOWN, 4, DAY, 3 * DAY, NOWHERE),
    Habit(Kind.CA_DOWN, 8, HOUR, DAY, NOWHERE),
    Habit(Kind.CA_LIMITS, 6, HOUR, 12 * HOUR, NOWHERE),
    Habit(Kind.CA_FLAKY, 8, HOUR, 4 * DAY, NOWHERE),
    Habit(Kind.RECALL, 2, places=NOWHERE),
    Habit(Kind.HOST_DOWN, 4, DAY, 20 * DAY),
    Habit(Kind.HOST_DOWN, 10, 5 * MINUTE, DAY),
    Habit(Kind.LINK_CUT, 10, 10 * MINUTE, 4 * DAY, PAIRS),
    Habit(Kind.CUT_OFF, 4, 10 * MINUTE, 2 * DAY),
    Habit(Kind.DISK_FULL, 6, HOUR, 2 * DAY),
    Habit(Kind.HAPROXY_DOWN, 6, MINUTE, 3 * HOUR),
    Habit(Kind.HAPROXY_RESTART, 24),
    Habit(Kind.RENEW_KILLED, 12),
    Habit(Kind.RECEIVE_KILLED, 12),
    Habit(Kind.POWER_CUT, 4, 5 * MINUTE, 6 * HOUR),
)

CA_BLOCKS = frozenset({Kind.CA_DOWN, Kind.CA_LIMITS})
HOST_BLOCKS = frozenset({Kind.CUT_OFF, Kind.DISK_FULL})
UNWELL = HOST_BLOCKS | {Kind.HOST_DOWN, Kind.POWER_CUT}


def draw(seed: int, begin: datetime, days: int) -> tuple[Trouble, ...]:
    """All of a run, by their start; each kind at least once."""
    luck = random.Random(seed)
    found: list[Trouble] = []
    for habit in HABITS:
        for place in habit.places:
            for _unused in range(_often(habit, days, luck)):
                trouble = _place(habit, place, found, Span(luck, begin, days))
                if trouble is not None:
                    found.append(trouble)
    return tuple(sorted(found, key=lambda trouble: trouble.start))


@dataclass(frozen=True)
class Span:
    """The time there is, and luck."""

    luck: random.Random
    begin: datetime
    days: int

    def moment(self) -> datetime:
        """Any, but for the first day."""
        return self.begin + DAY + self.luck.random() * timedelta(days=max(self.days - 1, 1))


def _often(habit: Habit, days: int, luck: random.Random) -> int:
    mean = habit.per_year * days / 365
    whole = int(mean)
    return max(whole + (luck.random() < mean - whole), 1)


def _place(
    habit: Habit, place: Sequence[str], found: Sequence[Trouble], span: Span
) -> Trouble | None:
    host, other = (*place, "", "")[:2]
    for _unused in range(TRIES):
        start = span.moment()
        end = start + _length(habit, span.luck)
        trouble = Trouble(habit.kind, start, end, host, other, span.luck.random())
        if is_admissible(trouble, found):
            return trouble
    return None


def _length(habit: Habit, luck: random.Random) -> timedelta:
    if not habit.longest:
        return timedelta(0)
    low, high = (math.log(t.total_seconds()) for t in (habit.shortest, habit.longest))
    return timedelta(seconds=round(math.exp(luck.uniform(low, high))))


def is_admissible(trouble: Trouble, others: Iterable[Trouble]) -> bool:
    """Whether it may be asked of the fleet beside the others."""
    near = [one for one in others if _touch(one, trouble)]
    if any(one.place == trouble.place for one in near):
        return False
    everything = [*others, trouble]
    if trouble.kind in UNWELL and not _is_one_well(trouble, everything):
        return False
    if trouble.kind in CA_BLOCKS | HOST_BLOCKS:
        return all(longest_blocked(everything, host) <= LONGEST_BLOCKED for host in HOSTS)
    return True


def _touch(one: Trouble, other: Trouble) -> bool:
    return one.start <= other.end and other.start <= one.end


def _is_one_well(trouble: Trouble, everything: Sequence[Trouble]) -> bool:
    """Whether at each moment of a trouble there is a host without any."""
    unwell = [one for one in everything if one.kind in UNWELL and _touch(one, trouble)]
    moments = [one.start for one in unwell if trouble.start <= one.start <= trouble.end]
    return all(
        len({one.host for one in unwell if one.start <= moment <= one.end}) < len(HOSTS)
        for moment in (trouble.start, *moments)
    )


def longest_blocked(troubles: Iterable[Trouble], host: str) -> timedelta:
    """How long at most a host is kept from new certificates; short breaks count as kept."""
    spans = sorted(
        (one.start, one.end)
        for one in troubles
        if one.kind in CA_BLOCKS or (one.kind in HOST_BLOCKS and one.host == host)
    )
    longest = timedelta(0)
    first = last = None
    for start, end in spans:
        if first is None or last is None or start - last >= BREATHER:
            first, last = start, end
        last = max(last, end)
        longest = max(longest, last - first)
    return longest
