# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The middle of a run: what the store holds, what of it is ordered now, and what came of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .._acme.client import Desk
from .._acme.due import Verdict
from .._acme.issue import Issuance
from .._acme.problems import RateLimited
from .._acme.results import Action, Result, Results
from .._acme.self_signed import SelfSignedWish, issue_self_signed, survey_self_signed
from .._acme.store import Store
from .._acme.survey import Found, Surveyor
from .._acme.wish import Lineage, Source, Wish
from .._core.errors import EdgeError
from .._core.ports import Ports
from .account_here import demand_account_key
from .account_keys import AccountKeys
from .fitness import check_fitness
from .push import Asked, key_of
from .records import RENEW, moment, remembered
from .report import Outcome
from .selection import Known, Pause, Waiting, newer_elsewhere
from .settings import Settings
from .turns import Watch, watch_after

FORCED = "forced"


@dataclass
class Ordering:
    """One run's orders. ``forced``: names of certificates.

    What it learns is kept as it goes, so that a fault in its middle loses nothing of it.
    """

    ports: Ports
    settings: Settings
    desk: Desk
    forced: frozenset[str] = frozenset()
    found: tuple[tuple[Source, Found], ...] = ()
    notes: tuple[str, ...] = ()
    _results: dict[object, Result] = field(default_factory=dict)
    _waiting: set[object] = field(default_factory=set)

    @property
    def store(self) -> Store:
        """Of this issuer."""
        return Store(self.ports.files, self.settings.home)

    def look(self) -> None:
        """See what the store holds and whether it is due.

        Raises: `EdgeError` if certificates are wished of a CA, and none is listed.
        """
        acme = self._wished(Source.ACME)
        if acme and not self.settings.authorities:
            raise EdgeError("no CA is listed: set issuer_authorities and run hitless.edge.site")
        surveyor = Surveyor(self.store, self.ports.clock, self.desk)
        found = [(Source.ACME, one) for one in (surveyor.survey(self._wish(acme)) if acme else ())]
        own = SelfSignedWish(self.settings.home, self._wished(Source.SELF_SIGNED))
        found += [(Source.SELF_SIGNED, one) for one in survey_self_signed(self.ports, own)]
        self.found = tuple((source, self._as_forced(item)) for source, item in found)
        for _source, item in self.found:
            self._results[key_of(item.lineage)] = _standing(item)

    def order(self, asked: Sequence[Asked]) -> None:
        """Order what is due and this host's to do.

        Raises: `EdgeError` or `OSError` if something stopped all of it.
        """
        due = tuple(item for _source, item in self.found if item.is_to_do)
        known = self._known(due, asked)
        if not due:
            return
        chosen = []
        for item in due:
            obstacle = known.obstacle(item)
            if obstacle is None:
                chosen.append(item)
            else:
                self._wait(item, obstacle)
        by_source = {key_of(item.lineage): source for source, item in self.found}
        of_ca = [one for one in chosen if by_source[key_of(one.lineage)] is Source.ACME]
        own = [one for one in chosen if by_source[key_of(one.lineage)] is Source.SELF_SIGNED]
        self._make(own)
        self._order_of_ca(of_ca)

    def outcomes(self, error: EdgeError | None) -> tuple[Outcome, ...]:
        """What became of every lineage. ``error``: what stopped the orders, if something did."""
        told = []
        for source, item in self.found:
            key = key_of(item.lineage)
            result = self._results[key]
            if error is not None and result.action is Action.WOULD_ISSUE:
                result = self._after(item, error)
            told.append(Outcome(source, item.lineage, result, waits=key in self._waiting))
        return tuple(told)

    def _wished(self, source: Source) -> tuple[Lineage, ...]:
        return tuple(one.lineage for one in self.settings.wished if one.source is source)

    def _wish(self, lineages: tuple[Lineage, ...]) -> Wish:
        return Wish(
            home=self.settings.home,
            lineages=lineages,
            authorities=self.settings.authorities,
            budget_seconds=self.settings.budget_seconds,
            workers=self.settings.workers,
            failures_are_fatal=False,
        )

    def _as_forced(self, item: Found) -> Found:
        if item.lineage.name not in self.forced or item.verdict.is_due:
            return item
        return replace(item, verdict=Verdict(True, FORCED))

    def _known(self, due: Iterable[Found], asked: Sequence[Asked]) -> Known:
        """What decides; what is due is written down first, which a full disk does not allow."""
        settings, now = self.settings, self.ports.clock.now()
        rank, seconds = settings.rank() or 0, settings.standby_delay_seconds
        path = f"{settings.home}/due.json"
        turns = Watch.parse(self.ports.files.read(path)).turns(
            {item.lineage: item.held.leaf if item.held else None for item in due},
            rank=rank,
            now=now,
            delay=None if seconds is None else timedelta(seconds=seconds),
        )
        self.store.prepare()
        self.ports.files.write(path, watch_after(turns).render())
        return Known(
            now=now,
            turns=turns,
            rivals=settings.issuers[:rank],
            newer=newer_elsewhere(asked, settings, now),
            pauses=self._pauses(now),
            forced=self.forced,
        )

    def _pauses(self, now: datetime) -> Mapping[object, Pause]:
        """What CAs asked for in the last run, as long as the wish is the same."""
        told = remembered(self.ports.files, self.settings.home, RENEW).get("certificates")
        by_name = {
            (one.get("name"), one.get("key_type")): one
            for one in (told if isinstance(told, list) else ())
            if isinstance(one, dict)
        }
        pauses: dict[object, Pause] = {}
        for _source, item in self.found:
            lineage = item.lineage
            before = by_name.get((lineage.name, lineage.key_type.value), {})
            until = moment(before.get("retry_at"))
            if until and until > now and before.get("domains") == list(lineage.domains):
                # Its words end in the moment, which is said again each time.
                cause = str(before.get("error")).rpartition("; try again at ")[0]
                pauses[key_of(lineage)] = Pause(until, cause or "its words are lost")
        return pauses

    def _wait(self, item: Found, obstacle: Waiting) -> None:
        pause, leaf = obstacle.pause, item.held.leaf if item.held else None
        error = RateLimited(pause.cause, pause.until) if pause else None
        reason = f"{item.verdict.reason}; {obstacle.reason}"
        self._results[key_of(item.lineage)] = Result(Action.DEFERRED, reason, None, leaf, error)
        if pause is None:
            self._waiting.add(key_of(item.lineage))

    def _make(self, items: Sequence[Found]) -> None:
        """Make the self-signed ones."""
        for is_forced in (False, True):
            some = [one.lineage for one in items if (one.verdict.reason == FORCED) is is_forced]
            if some:
                wish = SelfSignedWish(self.settings.home, tuple(some), force=is_forced)
                self._keep(issue_self_signed(self.ports, wish))

    def _order_of_ca(self, items: Sequence[Found]) -> None:
        if not items:
            return
        demand_account_key(self.ports.files, self.settings)
        fitness = check_fitness(self.ports, self.settings, items, forced=self.forced)
        self.notes = fitness.left_out
        for item in items:
            why = fitness.deferred.get(item.lineage.name)
            leaf = item.held.leaf if item.held else None
            action = Action.DEFERRED if why else Action.VALID
            reason = f"{item.verdict.reason}; {why or 'it has all names that can be ordered'}"
            self._results[key_of(item.lineage)] = Result(action, reason, None, leaf)
        for item in fitness.orders:
            self._results[key_of(item.lineage)] = _standing(item)
        self._issue(fitness.orders)

    def _issue(self, items: Sequence[Found]) -> None:
        """Order, unless another run has done it while this one waited for the lock."""
        if not items:
            return
        wish = self._wish(tuple(item.lineage for item in items))
        AccountKeys(self.ports.files, self.settings).settle_own(None)  # lays the registrations
        with self.ports.files.lock(
            self.store.lock_path, timeout_seconds=self.settings.budget_seconds
        ):
            still = tuple(item for item in items if not self._is_replaced(item))
            for item in items:
                if item not in still:
                    self._results[key_of(item.lineage)] = self._after(item, None)
            issuance = Issuance(self.ports, wish, self.desk)
            try:
                issuance.issue(still)
            finally:
                self._keep(issuance.results)

    def _keep(self, results: Results) -> None:
        for lineage, result in results.items():
            self._results[key_of(lineage)] = result

    def _is_replaced(self, item: Found) -> bool:
        held, before = self.store.held(item.lineage), item.held
        return (held and held.leaf.fingerprint) != (before and before.leaf.fingerprint)

    def _after(self, item: Found, error: EdgeError | None) -> Result:
        """What can be said of an order that was stopped, by what is in the store now."""
        held = self.store.held(item.lineage)
        leaf = held.leaf if held else None
        authority = held.facts.authority if held and held.facts else None
        if error is None or self._is_replaced(item):
            return Result(Action.RENEWED, item.verdict.reason, authority, leaf)
        return Result(Action.FAILED, item.verdict.reason, authority, leaf, error)


def _standing(item: Found) -> Result:
    action = Action.WOULD_ISSUE if item.is_to_do else Action.VALID
    authority = item.held.facts.authority if item.held and item.held.facts else None
    leaf = item.held.leaf if item.held else None
    return Result(action, item.verdict.reason, authority, leaf)
