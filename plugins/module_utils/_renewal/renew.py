# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of an issuer: what is due and its turn is ordered, then every host gets what it lacks.

Theory of operation
-------------------
    ask all hosts -> survey -> turns -> preflight -> order -> push -> status

Nothing of a run has to be remembered for the next one to go on: what is due follows from the store,
an order under way is on disk and resumed, what a host lacks follows from asking it. So a run may be
killed anywhere, and two may run at once. Two files only save work or tell people: since when a
certificate is due (`turns.py`), and how the last run went, with the pause that a CA asked for.

Whatever fails, the push is tried with what the store has, and the status is written: a CA that is
down must not keep a balancer that was down from catching up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Callable

from .._acme.account import Accounts
from .._acme.client import Desk
from .._acme.transport import open_http as open_real_http
from .._acme.waiting import Budget
from .._acme.wish import Source
from .._core.errors import Busy, EdgeError, Fault, InvalidInput, Refused
from .._core.ports import Ports
from .._core.reader import did_you_mean
from .dry_run import Rehearsal
from .ordering import Ordering
from .push import Asked, Post, Pushed, one_line
from .reach import Reach
from .records import RENEW, disk_faults_told, remembered, save_record
from .report import Outcome, Report
from .settings import Settings

if TYPE_CHECKING:
    import requests

OWN = (Source.ACME, Source.SELF_SIGNED)
"""The sources that this command orders from."""


@dataclass(frozen=True)
class Options:
    """What a person asks for. ``force``: names of certificates to order whether due or not.

    ``dry_run``: go through all of it at the CA's staging directory, and keep nothing.
    """

    force: tuple[str, ...] = ()
    force_all: bool = False
    dry_run: bool = False


NOTHING_ASKED = Options()


@dataclass
class Run:
    """What is known of a run so far, whatever stops it."""

    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[str, ...] = ()
    error: EdgeError | None = None
    pushed: tuple[Pushed, ...] = field(default=())


def renew(
    ports: Ports,
    settings: Settings,
    reach: Reach,
    options: Options = NOTHING_ASKED,
    *,
    open_http: Callable[[int], requests.Session] = open_real_http,
) -> Report:
    """Order what is due and this host's turn, push, tell.

    What fails is in the report. Raises: `Refused` if this host is no issuer, `InvalidInput` if what
    is forced is not wished or not ordered here, `Busy` at the end if another run held the store.
    """
    if not settings.is_issuer:
        raise Refused(f"{settings.host} is no issuer: nothing is renewed here")
    forced = forced_names(settings, options)
    if options.dry_run:
        return Rehearsal(ports, settings, open_http, forced).run()
    started = ports.clock.now()
    budget = Budget.of(ports.clock, settings.budget_seconds)
    desk = Desk(Accounts(ports.files, settings.home), budget, open_http, settings.workers)
    post, run = Post(ports, settings, reach), Run()
    asked = post.ask()
    _order(Ordering(ports, settings, desk, forced), asked, run)
    run.pushed = post.deliver(asked)
    report = _report(ports, settings, run, started)
    _save(ports, settings, report)
    if isinstance(run.error, Busy):
        raise run.error
    return report


def forced_names(settings: Settings, options: Options) -> frozenset[str]:
    """The certificates that are forced.

    Raises: `InvalidInput` naming each that is not wished, or that does not come by this command.
    """
    ours = {one.lineage.name for one in settings.wished if one.source in OWN}
    sources = {one.lineage.name: one.source for one in settings.wished}
    faults = [_force_fault(name, sources) for name in options.force if name not in ours]
    if faults:
        raise InvalidInput(faults)
    return frozenset(ours if options.force_all else options.force)


def _force_fault(name: str, sources: dict[str, Source]) -> Fault:
    path = f"--force {name}"
    if name not in sources:
        hint = did_you_mean(name, sources) or f"wished are {', '.join(sorted(sources)) or 'none'}"
        return Fault(path, "no certificate is named so", hint)
    if sources[name] is Source.CERTBOT:
        remedy = f"certbot renew --force-renewal --cert-name {name}"
        return Fault(path, "is renewed by certbot", remedy)
    return Fault(path, "is provided by the user", "change certificates_provided and run the play")


def _order(ordering: Ordering, asked: Sequence[Asked], run: Run) -> None:
    """Order; what came of it, or what stopped it, is in the run."""
    try:
        with disk_faults_told(ordering.settings.home):
            ordering.look()
            ordering.order(asked)
    except EdgeError as error:
        run.error = error
    run.outcomes, run.notes = ordering.outcomes(run.error), ordering.notes


def _report(ports: Ports, settings: Settings, run: Run, started: datetime) -> Report:
    return Report(
        host=settings.host,
        rank=settings.rank() or 0,
        started=started,
        finished=ports.clock.now(),
        outcomes=run.outcomes,
        pushed=run.pushed,
        notes=run.notes,
        error=one_line(run.error) if run.error is not None else None,
    )


def _save(ports: Ports, settings: Settings, report: Report) -> None:
    before = remembered(ports.files, settings.home, RENEW).get("last_success")
    last_success = report.finished.isoformat() if report.has_renewed else before
    document = {**report.to_json(), "last_success": last_success}
    save_record(ports.files, settings.home, RENEW, document)
