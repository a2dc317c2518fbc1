# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All wished certificates in one go: what is due and why, then all of it, then what became of it.

A certificate that fails never stops the others, and what a lineage holds is only ever replaced by a
certificate that was checked. A CA that is down or limits us is passed over for the next one of
the list, but only by a certificate that is absent or near its end: all others can wait. A CA at
which we have no account is passed over by all: it may be long before there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._core.change import Change
from .._core.errors import EdgeError, Unavailable
from .._core.ports import Ports
from .account import Accounts
from .authority import Authority
from .client import Desk
from .due import is_near_end
from .ledger import Ledger
from .orders import Order
from .problems import NoAccount, TooSlow
from .results import (
    Action,
    Result,
    Results,
    adopted,
    as_one,
    outcome,
    report,
    shown_after,
    shown_before,
    standing,
)
from .schedule import run_orders
from .shared import Shared
from .store import Store
from .survey import Found, Surveyor
from .task import Task
from .transport import open_http
from .waiting import Budget
from .wish import Lineage, Wish


@dataclass(frozen=True)
class Attempt:
    """A certificate to get, the CAs not tried yet, and what those before said."""

    task: Task
    authorities: tuple[Authority, ...]
    errors: tuple[EdgeError, ...] = ()

    def after(self, error: EdgeError) -> Attempt:
        """The attempt at the next CA."""
        return replace(self, authorities=self.authorities[1:], errors=(*self.errors, error))


class Issuance:
    """Getting what is due, CA by CA. ``results``: what became of each, as far as it is known."""

    def __init__(self, ports: Ports, wish: Wish, desk: Desk) -> None:
        self.results: Results = {}
        self._ports = ports
        self._wish = wish
        self._desk = desk
        self._store = Store(ports.files, wish.home)
        self._registrations = desk.accounts.registrations()
        self._under_way: dict[Lineage, Attempt] = {}
        self._again: list[Attempt] = []
        self._done = self._total = 0

    def issue(self, found: tuple[Found, ...]) -> Results:
        """Get all that is due."""
        self.results = standing(found, self._wish)
        self._adopt(found)
        attempts = [self._first_attempt(item) for item in found if item.is_to_do]
        self._total = len(attempts)
        ledger = Ledger.load(
            self._ports.files,
            self._store.ledger_path,
            self._ports.clock.now(),
            received=self._store.received_path,
        )
        shared = Shared(self._store, ledger)
        try:
            while attempts:
                self._wave(attempts, shared)
                attempts = self._again
        finally:
            ledger.commit()
        return self.results

    def _adopt(self, found: tuple[Found, ...]) -> None:
        """Copy what is on the host already into the store."""
        for item in found:
            if item.existing is not None:
                self._store.save(item.lineage, item.existing.bundle, item.existing.facts)
                self.results[item.lineage] = adopted(item, item.existing)

    def _first_attempt(self, item: Found) -> Attempt:
        """The CAs in the order of preference; but first the one that works on it already."""
        pending = self._store.pending(item.lineage)
        directory = pending.directory if pending is not None else None
        order = sorted(self._usable, key=lambda ca: ca.directory != directory)
        first = next((ca.directory for ca in self._wish.authorities), None)
        task = Task(item.lineage, item.held, item.window, item.verdict.reason, asked=first)
        passed = [NoAccount(ca.name) for ca in self._wish.authorities if ca not in self._usable]
        return Attempt(task, tuple(order), tuple(passed))

    @property
    def _usable(self) -> tuple[Authority, ...]:
        """The CAs that we have an account at; all of them if there is none, to be told so."""
        known = self._registrations
        found = tuple(ca for ca in self._wish.authorities if ca.directory in known)
        return found or self._wish.authorities

    def _wave(self, attempts: list[Attempt], shared: Shared) -> None:
        """Try each at its first CA; what is to be tried at another one is in `_again` then."""
        self._again = []
        self._under_way = {attempt.task.lineage: attempt for attempt in attempts}
        orders = []
        for attempt in attempts:
            try:
                client = self._desk.client(attempt.authorities[0])
            except EdgeError as error:
                self._fail(attempt, error)
            else:
                orders.append(Order(attempt.task, client, shared))
        workers = self._wish.workers
        run_orders(orders, budget=self._desk.budget, workers=workers, finished=self._finish)

    def _finish(self, order: Order, error: EdgeError | None) -> None:
        if error is not None:
            self._fail(self._under_way[order.lineage], error)
            return
        action = Action.ISSUED if order.task.held is None else Action.RENEWED
        leaf = order.issued.leaf if order.issued is not None else None
        name = order.client.authority.name
        self.results[order.lineage] = Result(action, order.task.reason, name, leaf)
        self._done += 1
        self._ports.progress.report(f"{self._done} of {self._total} issued")

    def _fail(self, attempt: Attempt, error: EdgeError) -> None:
        if self._may_fall_back(attempt, error):
            self._again.append(attempt.after(error))
            return
        task = attempt.task
        self.results[task.lineage] = Result(
            Action.FAILED,
            task.reason,
            attempt.authorities[0].name,
            task.held.leaf if task.held else None,
            as_one((*attempt.errors, error)),
        )

    def _may_fall_back(self, attempt: Attempt, error: EdgeError) -> bool:
        if not isinstance(error, Unavailable) or isinstance(error, TooSlow):
            return False
        held = attempt.task.held
        is_urgent = held is None or is_near_end(held.leaf, self._ports.clock.now())
        return is_urgent and len(attempt.authorities) > 1


def plan_certificates(ports: Ports, wish: Wish) -> Change:
    """The change that gets all certificates that are due."""
    budget = Budget.of(ports.clock, wish.budget_seconds)
    desk = Desk(Accounts(ports.files, wish.home), budget, open_http, wish.workers)
    return plan_at(desk, ports, wish)


def plan_at(desk: Desk, ports: Ports, wish: Wish) -> Change:
    """As `plan_certificates`, with CAs that are given."""
    store = Store(ports.files, wish.home)
    surveyor = Surveyor(store, ports.clock, desk, around=ports)
    found = surveyor.survey(wish)

    def apply() -> Mapping[str, Any]:
        store.prepare()
        with ports.files.lock(store.lock_path, timeout_seconds=wish.budget_seconds):
            # Another run may have issued while this one waited for the lock.
            results = Issuance(ports, wish, desk).issue(surveyor.survey(wish))
        return outcome(results, failures_are_fatal=wish.failures_are_fatal)

    return Change(
        before=shown_before(found),
        after=shown_after(found, wish),
        result=report(standing(found, wish)),
        apply=apply,
    )
