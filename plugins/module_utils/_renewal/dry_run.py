# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A renewal of everything at the CA's staging directory, of which nothing is kept.

Whole orders, from the preflight to the download, by the same account key: so every balancer answers
the staging CA's challenges as it would the real one's. It all happens in a folder of its own that
is removed: store, ledger and status never hear of it, and nothing is pushed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from .._acme.account import Accounts
from .._acme.account_plan import AccountWish, plan_account
from .._acme.authority import Authority
from .._acme.client import Desk
from .._acme.due import Verdict
from .._acme.issue import Issuance
from .._acme.results import Action, Result
from .._acme.survey import Found
from .._acme.waiting import Budget
from .._acme.wish import Lineage, Source, Wish
from .._core.errors import EdgeError
from .._core.ports import Ports
from .account_here import demand_account_key
from .fitness import check_fitness
from .push import key_of, one_line
from .records import disk_faults_told
from .report import Outcome, Report
from .settings import Settings

if TYPE_CHECKING:
    import requests

TRIAL = "a trial"


@dataclass
class Rehearsal:
    """One dry run. ``names``: of the certificates to try; all if empty."""

    ports: Ports
    settings: Settings
    open_http: Callable[[int], requests.Session]
    names: frozenset[str] = frozenset()
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[str, ...] = ()

    def run(self) -> Report:
        """All of it; what stops it is in the report."""
        started, error = self.ports.clock.now(), None
        home = self.ports.files.scratch()
        try:
            with disk_faults_told(home):
                self._order_all(home)
        except EdgeError as found:
            error = one_line(found)
        finally:
            self.ports.files.remove(home)
        return Report(
            host=self.settings.host,
            rank=self.settings.rank() or 0,
            started=started,
            finished=self.ports.clock.now(),
            outcomes=self.outcomes,
            notes=self.notes,
            error=error,
            dry_run=True,
        )

    def _order_all(self, home: str) -> None:
        found = tuple(Found(one, None, None, Verdict(True, TRIAL)) for one in self._lineages)
        if not found:
            return
        stage = self._stage()
        self._register(stage, home)
        fitness = check_fitness(self.ports, self.settings, found)
        self.notes = fitness.left_out
        wish = self._wish(home, stage, tuple(item.lineage for item in fitness.orders))
        budget = Budget.of(self.ports.clock, self.settings.budget_seconds)
        files, workers = self.ports.files, self.settings.workers
        desk = Desk(Accounts(files, home), budget, self.open_http, workers)
        issued = Issuance(self.ports, wish, desk).issue(fitness.orders)
        results = {key_of(lineage): _foretold(result) for lineage, result in issued.items()}
        self.outcomes = tuple(
            Outcome(
                Source.ACME,
                one,
                results.get(key_of(one)) or _deferred(one, fitness.deferred),
            )
            for one in self._lineages
        )

    @property
    def _lineages(self) -> tuple[Lineage, ...]:
        wished = (one.lineage for one in self.settings.wished if one.source is Source.ACME)
        return tuple(one for one in wished if not self.names or one.name in self.names)

    def _stage(self) -> Authority:
        """The staging self of the first CA that has one; nobody counts what it gives."""
        for one in self.settings.authorities:
            if one.staging is not None:
                return replace(one, directory=one.staging, weekly_limit=0)
        raise EdgeError(
            "no CA has a staging directory to try this at: set staging in issuer_authorities and "
            "run hitless.edge.site"
        )

    def _register(self, stage: Authority, home: str) -> None:
        """Have an account there by our key: whoever registered it at the CA agreed to its terms."""
        account = demand_account_key(self.ports.files, self.settings)
        real = Accounts(self.ports.files, self.settings.home)
        trial = Accounts(self.ports.files, home)
        trial.put_key(self.ports.files.read(real.key_path) or b"")
        contacts = (found.contact for found in account.registrations.values())
        wish = AccountWish(home, (stage,), next(contacts, ()), terms_agreed=True)
        plan_account(self.ports, wish, self.open_http).apply()

    def _wish(self, home: str, stage: Authority, lineages: tuple[Lineage, ...]) -> Wish:
        return Wish(
            home=home,
            lineages=lineages,
            authorities=(stage,),
            budget_seconds=self.settings.budget_seconds,
            workers=self.settings.workers,
            failures_are_fatal=False,
        )


def _foretold(result: Result) -> Result:
    """What the real CA would do; the certificate of the trial is of no use to anybody."""
    is_issued = result.action is Action.ISSUED
    reason = "its staging directory issued it" if is_issued else result.reason
    return replace(result, reason=reason, leaf=None)


def _deferred(lineage: Lineage, why: Mapping[str, str]) -> Result:
    return Result(Action.DEFERRED, why.get(lineage.name, TRIAL))
