# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All wished certificates in one go: what is due and why, then all of it, then what became of it.

A certificate that fails never stops the others, and what a lineage holds is only ever replaced by a
certificate that was checked. A CA that is down or limits us is passed over for the next one of
the list, but only by a certificate that is absent or near its end: all others can wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._core.change import Change
from .._core.errors import EdgeError, Refused, Unavailable
from .._core.ports import Ports
from .._core.reader import Reader
from .._pki.x509 import Certificate
from .account import Accounts
from .ari import Window, certificate_id
from .authority import Authority, parse_authorities
from .client import Desk
from .due import Held, Rules, Verdict, is_near_end, judge
from .ledger import Ledger
from .orders import Order, Shared, Task
from .problems import RateLimited, TooSlow
from .renewals import Renewals
from .schedule import run_orders
from .store import Store
from .transport import open_http
from .waiting import Budget
from .wish import Lineage, parse_lineages


@dataclass(frozen=True)
class Wish:
    """What a user wishes. ``deferred``: name of a certificate -> why it is not ordered now."""

    home: str
    lineages: tuple[Lineage, ...]
    authorities: tuple[Authority, ...]
    deferred: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    budget_seconds: int = 600
    workers: int = 8
    failures_are_fatal: bool = True


def parse_wish(reader: Reader) -> Wish:
    """A wish out of the options of the module."""
    authorities = parse_authorities(reader["authorities"])
    if not authorities:
        reader["authorities"].fault("there is no CA", "list at least one")
    deferred = {}
    for item in reader["deferred"].items():
        item.allow("name", "reason")
        deferred[item["name"].text()] = item["reason"].text()
    return Wish(
        home=reader["home"].text(),
        lineages=parse_lineages(reader["certificates"]),
        authorities=authorities,
        deferred=deferred,
        force=reader["force"].boolean(False),
        budget_seconds=reader["budget_seconds"].integer(1, 86400, default=600),
        workers=reader["workers"].integer(1, 64, default=8),
        failures_are_fatal=reader["failures"].text("fatal") == "fatal",
    )


@dataclass(frozen=True)
class Found:
    """A lineage with what it holds, and whether that is due."""

    lineage: Lineage
    held: Held | None
    window: Window | None
    verdict: Verdict
    deferred: str | None = None

    @property
    def is_to_do(self) -> bool:
        """Whether it is to be ordered now."""
        return self.verdict.is_due and self.deferred is None


@dataclass(frozen=True)
class Attempt:
    """A certificate to get, the CAs not tried yet, and what those before said."""

    task: Task
    authorities: tuple[Authority, ...]
    errors: tuple[EdgeError, ...] = ()

    def after(self, error: EdgeError) -> Attempt:
        """The attempt at the next CA."""
        return replace(self, authorities=self.authorities[1:], errors=(*self.errors, error))


@dataclass(frozen=True)
class Result:
    """What became of one certificate."""

    action: str
    reason: str
    authority: str | None = None
    leaf: Certificate | None = None
    error: EdgeError | None = None

    def to_json(self, lineage: Lineage) -> dict[str, Any]:
        """As the module returns it."""
        retry_at = getattr(self.error, "retry_at", None)
        return {
            "name": lineage.name,
            "key_type": lineage.key_type.value,
            "domains": list(lineage.domains),
            "covered": list(self.leaf.names) if self.leaf else [],
            "action": self.action,
            "reason": self.reason,
            "ca": self.authority,
            "fingerprint": self.leaf.fingerprint if self.leaf else None,
            "not_before": self.leaf.not_before.isoformat() if self.leaf else None,
            "not_after": self.leaf.not_after.isoformat() if self.leaf else None,
            "retry_at": retry_at.isoformat() if retry_at else None,
            "error": str(self.error) if self.error else None,
        }


class Issuance:
    """One run on one issuer."""

    def __init__(self, ports: Ports, wish: Wish, desk: Desk) -> None:
        self._ports = ports
        self._wish = wish
        self._desk = desk
        self._store = Store(ports.files, wish.home)
        self._done = 0

    def survey(self) -> tuple[Found, ...]:
        """Every lineage, with what it holds and whether that is due; asks CAs only for ARI."""
        now = self._ports.clock.now()
        held = {lineage: self._store.held(lineage) for lineage in self._wish.lineages}
        remembered = self._store.windows()
        renewals = Renewals(self._desk, self._wish.authorities, remembered)
        windows = renewals.consult([item for item in held.values() if item is not None], now)
        if windows != remembered:
            # A cache of what the CA said, so in check mode as well.
            self._store.save_windows(windows)
        rules = Rules(now, tuple(ca.directory for ca in self._wish.authorities), self._wish.force)
        return tuple(self._find(lineage, item, windows, rules) for lineage, item in held.items())

    def issue(self, found: tuple[Found, ...]) -> dict[Lineage, Result]:
        """Get all that is due."""
        results = {item.lineage: self._standing(item) for item in found}
        attempts = [self._first_attempt(item) for item in found if item.is_to_do]
        ledger = Ledger.load(self._ports.files, self._store.ledger_path, self._ports.clock.now())
        shared = Shared(self._store, ledger)
        total = len(attempts)
        try:
            while attempts:
                attempts = self._wave(attempts, shared, results, total=total)
        finally:
            ledger.commit()
        return results

    def _find(
        self,
        lineage: Lineage,
        held: Held | None,
        windows: Mapping[str, Window],
        rules: Rules,
    ) -> Found:
        name = certificate_id(held.leaf) if held is not None else None
        window = windows.get(name) if name is not None else None
        moment = window.moment(name) if window is not None and name is not None else None
        verdict = judge(lineage, held, moment, rules)
        return Found(lineage, held, window, verdict, self._wish.deferred.get(lineage.name))

    def standing(self, found: tuple[Found, ...]) -> dict[Lineage, Result]:
        """What can be said before anything is done."""
        return {item.lineage: self._standing(item) for item in found}

    def _standing(self, item: Found) -> Result:
        action, reason = "valid", item.verdict.reason
        if item.verdict.is_due:
            action = "would_issue" if item.deferred is None else "deferred"
            reason = reason if item.deferred is None else f"{reason}; {item.deferred}"
        facts = item.held.facts if item.held else None
        first = self._wish.authorities[0].name
        authority = first if action == "would_issue" else (facts and facts.authority)
        return Result(action, reason, authority or None, item.held.leaf if item.held else None)

    def _first_attempt(self, item: Found) -> Attempt:
        """The CAs in the order of preference; but first the one that works on it already."""
        pending = self._store.pending(item.lineage)
        directory = pending.directory if pending is not None else None
        order = sorted(self._wish.authorities, key=lambda ca: ca.directory != directory)
        task = Task(item.lineage, item.held, item.window, item.verdict.reason)
        return Attempt(task, tuple(order))

    def _wave(
        self,
        attempts: list[Attempt],
        shared: Shared,
        results: dict[Lineage, Result],
        *,
        total: int,
    ) -> list[Attempt]:
        """Try each at its first CA; the ones that are to be tried at their next."""
        again: list[Attempt] = []
        by_lineage = {attempt.task.lineage: attempt for attempt in attempts}

        def finished(order: Order, error: EdgeError | None) -> None:
            attempt = by_lineage[order.lineage]
            if error is None:
                self._done += 1
                results[order.lineage] = self._success(order)
                self._ports.progress.report(f"{self._done} of {total} issued")
            else:
                self._failure(attempt, error, again, results)

        orders = []
        for attempt in attempts:
            try:
                client = self._desk.client(attempt.authorities[0])
                orders.append(Order(attempt.task, client, shared))
            except EdgeError as error:
                self._failure(attempt, error, again, results)
        run_orders(orders, budget=self._desk.budget, workers=self._wish.workers, finished=finished)
        return again

    def _success(self, order: Order) -> Result:
        action = "issued" if order.task.held is None else "renewed"
        leaf = order.issued.leaf if order.issued else None
        return Result(action, order.task.reason, order.client.authority.name, leaf)

    def _failure(
        self,
        attempt: Attempt,
        error: EdgeError,
        again: list[Attempt],
        results: dict[Lineage, Result],
    ) -> None:
        if self._may_fall_back(attempt, error):
            again.append(attempt.after(error))
            return
        errors = (*attempt.errors, error)
        leaf = attempt.task.held.leaf if attempt.task.held else None
        authority = attempt.authorities[0].name
        results[attempt.task.lineage] = Result(
            "failed", attempt.task.reason, authority, leaf, _as_one(errors)
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
    return plan_issuance(Issuance(ports, wish, desk), ports, wish)


def plan_issuance(issuance: Issuance, ports: Ports, wish: Wish) -> Change:
    """As `plan_certificates`, for an issuance that has its CAs already."""
    found = issuance.survey()
    due = [item for item in found if item.is_to_do]

    def apply() -> Mapping[str, Any]:
        store = Store(ports.files, wish.home)
        store.prepare()
        with ports.files.lock(store.lock_path, timeout_seconds=wish.budget_seconds):
            # Another run may have issued while this one waited for the lock.
            results = issuance.issue(issuance.survey())
        return _outcome(results, wish)

    return Change(
        before={item.lineage.label: _shown(item) for item in due if item.held},
        after={item.lineage.label: _wished(item, wish) for item in due},
        result=_report(issuance.standing(found)),
        apply=apply,
    )


def _report(results: Mapping[Lineage, Result]) -> dict[str, Any]:
    certificates = [result.to_json(lineage) for lineage, result in results.items()]
    failures = [item for item in certificates if item["action"] == "failed"]
    return {"certificates": certificates, "failures": failures}


def _outcome(results: Mapping[Lineage, Result], wish: Wish) -> Mapping[str, Any]:
    report = _report(results)
    actions = [item["action"] for item in report["certificates"]]
    report["changed"] = "issued" in actions or "renewed" in actions
    failures = report["failures"]
    if failures and wish.failures_are_fatal:
        done = sum(action in ("issued", "renewed") for action in actions)
        words = "\n".join(f"{f['name']} ({f['key_type']}): {f['error']}" for f in failures)
        noun = "certificate" if len(failures) == 1 else "certificates"
        raise Refused(f"{len(failures)} {noun} could not be had, {done} were", words, **report)
    return report


def _shown(item: Found) -> Mapping[str, Any]:
    if item.held is None:
        return {}
    leaf = item.held.leaf
    return {
        "domains": sorted(leaf.names),
        "issuer": leaf.issuer,
        "not_after": leaf.not_after.isoformat(),
    }


def _wished(item: Found, wish: Wish) -> Mapping[str, Any]:
    profile = {"profile": item.lineage.profile} if item.lineage.profile else {}
    return {
        "domains": sorted(item.lineage.domains),
        "ca": wish.authorities[0].name,
        "reason": item.verdict.reason,
        **profile,
    }


def _as_one(errors: tuple[EdgeError, ...]) -> EdgeError:
    """Several refusals as one; the earliest moment to try again."""
    if len(errors) == 1:
        return errors[0]
    text = "; ".join(str(error) for error in errors)
    moments = [error.retry_at for error in errors if isinstance(error, RateLimited)]
    if moments:
        return RateLimited(text, min(moments))
    return Refused(text)
