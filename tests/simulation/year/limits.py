# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let's Encrypt's limits, counted and kept.

The weeks are sliding windows, which is stricter than the CA's buckets that refill. A renewal in its
window that names what it replaces is exempt from all of them, as at the CA.
Source: letsencrypt.org/docs/rate-limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

HOUR, HOURS_3, WEEK = timedelta(hours=1), timedelta(hours=3), timedelta(days=7)
PER_SET, PER_DOMAIN, PER_ACCOUNT, FAILURES_PER_NAME = 5, 50, 300, 5

Names = tuple[str, ...]


@dataclass(frozen=True)
class Issued:
    """A certificate that was given out. ``names``: sorted."""

    time: datetime
    names: Names
    key_type: str
    lifetime: timedelta
    is_exempt: bool


@dataclass
class Most:
    """The largest counts there ever were."""

    per_set: int = 0
    per_set_with_exempt: int = 0
    per_domain: int = 0
    per_account: int = 0
    failures_per_name: int = 0


@dataclass
class Limits:
    """What was counted. ``hits``: requests beyond a limit, which nobody ever should make."""

    most: Most = field(default_factory=Most)
    issued: list[Issued] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    failed_validations: int = 0
    orders: list[datetime] = field(default_factory=list)
    _failures: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def refusal(self, names: Names, now: datetime) -> str:
        """Which limit an order that is not exempt is beyond; empty if none."""
        counts = {
            "certificates for the same names": (self._of_set(names, now), PER_SET),
            "certificates for a domain": (self._of_domains(names, now), PER_DOMAIN),
            "orders of the account": (_since(self.orders, now - HOURS_3), PER_ACCOUNT),
            "failed validations": (self._failures_of(names, now), FAILURES_PER_NAME),
        }
        found = [noun for noun, (count, limit) in counts.items() if count >= limit]
        self.hits += [f"too many {noun}: {', '.join(names)}" for noun in found]
        return found[0] if found else ""

    def note_order(self, now: datetime) -> None:
        """An order was placed."""
        self.orders.append(now)
        self.most.per_account = max(self.most.per_account, _since(self.orders, now - HOURS_3))

    def note_failure(self, name: str, now: datetime) -> None:
        """A validation failed."""
        self.failed_validations += 1
        self._failures[name].append(now)
        count = self._failures_of((name,), now)
        self.most.failures_per_name = max(self.most.failures_per_name, count)

    def note_issued(self, one: Issued) -> None:
        """A certificate was given out."""
        self.issued.append(one)
        now, most = one.time, self.most
        most.per_set = max(most.per_set, self._of_set(one.names, now))
        most.per_domain = max(most.per_domain, self._of_domains(one.names, now))
        same = sum(other.names == one.names for other in self._recent(now))
        most.per_set_with_exempt = max(most.per_set_with_exempt, same)

    def _recent(self, now: datetime) -> Iterable[Issued]:
        return takewhile(lambda one: now - one.time < WEEK, reversed(self.issued))

    def _of_set(self, names: Names, now: datetime) -> int:
        return sum(one.names == names and not one.is_exempt for one in self._recent(now))

    def _of_domains(self, names: Names, now: datetime) -> int:
        recent = [set(map(registered, one.names)) for one in self._recent(now) if not one.is_exempt]
        return max(sum(domain in found for found in recent) for domain in map(registered, names))

    def _failures_of(self, names: Names, now: datetime) -> int:
        return max(_since(self._failures[name], now - HOUR) for name in names)


def registered(name: str) -> str:
    """The registered domain, where every suffix is one label."""
    return ".".join(name.split(".")[-2:])


def _since(moments: list[datetime], begin: datetime) -> int:
    return sum(1 for _unused in takewhile(lambda moment: moment > begin, reversed(moments)))
