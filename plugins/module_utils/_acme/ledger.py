# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger of orders: so that the CA's limit for the same exact names is never met.

Let's Encrypt gives five certificates for the same exact set of names in seven days, without
exception but for renewals inside the ARI window. The ledger refuses the last one: it is left
for the day when a key leaked. RSA and ECDSA for the same names count together, as the CA counts.
Exempt renewals have a limit of our own, far above what any lifetime needs: a CA whose window never
closes, or a clock that is inside it, would have each new certificate renewed at once without end.

A line is on disk before its order is finalized, and counts until it is known to have failed.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from .._core.ports import Files
from .ari import parse_time
from .authority import Authority
from .problems import RateLimited

WEEK = timedelta(days=7)
EXEMPT_PER_WEEK = 10
"""Certificates of 160 hours in both key types are renewed about four times a week."""


class Outcome(Enum):
    """What became of an order."""

    PLACED = "placed"
    ISSUED = "issued"
    FAILED = "failed"


@dataclass(frozen=True)
class Entry:
    """One order. ``names``: the exact set, sorted. ``is_exempt``: outside the CA's limit.

    ``url``: of the order, once it has one.
    """

    time: datetime
    directory: str
    names: tuple[str, ...]
    outcome: Outcome = Outcome.PLACED
    is_exempt: bool = False
    url: str = ""

    def to_line(self) -> str:
        """As it is stored."""
        return json.dumps(
            {
                "time": self.time.isoformat(),
                "ca": self.directory,
                "names": self.names,
                "outcome": self.outcome.value,
                "exempt": self.is_exempt,
                "order": self.url,
            }
        )

    @classmethod
    def from_line(cls, line: str) -> Entry:
        """Out of what is stored. Raises: `ValueError`, `KeyError`, `TypeError`."""
        value = json.loads(line)
        time, names = parse_time(value["time"]), tuple(value["names"])
        outcome, is_exempt = Outcome(value["outcome"]), value.get("exempt") is True
        url = str(value.get("order", ""))
        return cls(time, value["ca"], names, outcome, is_exempt, url)


def read_entries(files: Files, path: str, now: datetime) -> tuple[Entry, ...]:
    """Those of a file that count still; what cannot be read is left out."""
    found: list[Entry] = []
    for line in (files.read(path) or b"").decode(errors="replace").splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            found.append(Entry.from_line(line))
    return tuple(entry for entry in found if now - entry.time < WEEK)


@dataclass
class Ledger:
    """Entries of the last seven days, of all CAs; shared by threads."""

    files: Files
    path: str
    _entries: dict[int, Entry] = field(default_factory=dict)
    _lines: dict[int, str] = field(default_factory=dict)
    _of_set: dict[tuple[str, tuple[str, ...]], list[int]] = field(default_factory=dict)
    _reserved: set[int] = field(default_factory=set)
    _unwritten: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: int = 0

    @classmethod
    def load(cls, files: Files, path: str, now: datetime, *, received: str = "") -> Ledger:
        """Out of its file; lines that are older or cannot be read are left out.

        ``received``: a file with entries of other issuers, which count as well and stay where they
        are.
        """
        ledger = cls(files, path)
        for entry in read_entries(files, path, now):
            ledger._lines[ledger._add(entry)] = entry.to_line() + "\n"
        for entry in read_entries(files, received, now) if received else ():
            ledger._add(entry)
        ledger._reserved.clear()
        return ledger

    def claim(self, authority: Authority, names: Iterable[str], now: datetime) -> int:
        """Reserve one of the week's certificates for these names; the number of the claim.

        Raises: `RateLimited` if only the last one is left.
        """
        wanted = tuple(sorted(set(names)))
        with self._lock:
            self._refuse_the_last(authority, wanted, now)
            return self._add(Entry(now, authority.directory, wanted))

    def note(self, authority: Authority, names: Iterable[str], now: datetime) -> int:
        """Reserve for an order that is exempt from the CA's limit; the number of the claim.

        Raises: `RateLimited` if there were so many that something must be wrong.
        """
        wanted = tuple(sorted(set(names)))
        with self._lock:
            self._refuse_a_loop(authority, wanted, now)
            return self._add(Entry(now, authority.directory, wanted, is_exempt=True))

    def name(self, claim: int, url: str) -> None:
        """Say which order a reservation is for."""
        with self._lock:
            self._entries[claim] = replace(self._entries[claim], url=url)

    def find(self, url: str) -> int | None:
        """The claim of an order that an earlier run placed, ``None`` if it was not written."""
        with self._lock:
            return next((n for n, entry in self._entries.items() if entry.url == url), None)

    def spend(self, claim: int) -> None:
        """Write a reservation down; those of other threads that wait here go with it."""
        with self._lock:
            if claim in self._reserved:
                self._reserved.discard(claim)
                self._unwritten.add(claim)
        self.commit(claim)

    def settle(self, claim: int, outcome: Outcome) -> None:
        """Say what became of it; written by the next `commit`, if it was spent."""
        with self._lock:
            self._entries[claim] = replace(self._entries[claim], outcome=outcome)
            if claim not in self._reserved:
                self._unwritten.add(claim)

    def release(self, claim: int) -> None:
        """Give back a reservation; no more than that, once it is spent."""
        with self._lock:
            if claim in self._reserved:
                self._reserved.discard(claim)
                entry = self._entries.pop(claim)
                self._of_set[entry.directory, entry.names].remove(claim)

    def commit(self, claim: int | None = None) -> None:
        """Make all that is spent safe on disk, if this claim (or any) is not."""
        with self._lock:
            if self._unwritten and (claim is None or claim in self._unwritten):
                for number in self._unwritten:
                    self._lines[number] = self._entries[number].to_line() + "\n"
                self.files.write(self.path, "".join(self._lines.values()).encode())
                self._unwritten.clear()

    def _add(self, entry: Entry) -> int:
        self._next += 1
        self._entries[self._next] = entry
        self._of_set.setdefault((entry.directory, entry.names), []).append(self._next)
        self._reserved.add(self._next)
        return self._next

    def _refuse_the_last(self, authority: Authority, names: tuple[str, ...], now: datetime) -> None:
        allowed = max(authority.weekly_limit - 1, 1)
        counted = self._counted(authority.directory, names, now, is_exempt=False)
        if authority.weekly_limit and len(counted) >= allowed:
            raise RateLimited(
                f"{authority.name} gives {authority.weekly_limit} certificates in seven days for "
                f"{_shown(names)}; {len(counted)} are spent and the last is kept for an emergency",
                counted[len(counted) - allowed] + WEEK,
            )

    def _refuse_a_loop(self, authority: Authority, names: tuple[str, ...], now: datetime) -> None:
        allowed = max(authority.weekly_limit, EXEMPT_PER_WEEK)
        counted = self._counted(authority.directory, names, now, is_exempt=True)
        if authority.weekly_limit and len(counted) >= allowed:
            raise RateLimited(
                f"{authority.name} asked for {len(counted)} renewals in seven days for "
                f"{_shown(names)}; more than {allowed} are not ordered: its renewal information "
                "or the clock of this host must be wrong",
                counted[len(counted) - allowed] + WEEK,
            )

    def _counted(
        self, directory: str, names: tuple[str, ...], now: datetime, *, is_exempt: bool
    ) -> list[datetime]:
        entries = (self._entries[number] for number in self._of_set.get((directory, names), ()))
        return sorted(
            entry.time
            for entry in entries
            if entry.outcome is not Outcome.FAILED
            and entry.is_exempt is is_exempt
            and now - entry.time < WEEK
        )


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join([*names[:3], *(["…"] if len(names) > 3 else [])])
