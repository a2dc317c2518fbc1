# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What renewals and pushes are in the journal: one sentence for each event."""

from __future__ import annotations

from collections.abc import Iterable

from .._acme.results import Action as Ordered
from .._renewal.push import Pushed
from .._renewal.report import Outcome, Report
from .journal import Journal
from .words import TAKEN, label_of, moment

DONE = {Ordered.ISSUED: "issued", Ordered.RENEWED: "renewed"}
AGAIN = "tried again at the next run"


def tell_report(journal: Journal, report: Report) -> None:
    """What a run of `renew` did, and what it could not do."""
    for outcome in report.outcomes:
        _tell_outcome(journal, outcome, is_rehearsal=report.dry_run)
    tell_pushed(journal, report.pushed)
    behind = {one.error for one in report.pushed}
    for problem in report.problems:
        if problem not in behind:
            journal.error(problem)
    journal.info(_summary(report))


def _tell_outcome(journal: Journal, outcome: Outcome, *, is_rehearsal: bool) -> None:
    result, label = outcome.result, f"certificate {outcome.lineage.label}"
    if outcome.waits:
        journal.info(f"{label} waits: {result.reason}")
    elif result.action in DONE:
        verb = DONE[result.action]
        by = result.authority or outcome.source.value
        rehearsed = "could be " if is_rehearsal else ""
        until = f"; now valid until {moment(result.leaf.not_after)}" if result.leaf else ""
        end = "" if is_rehearsal else until
        journal.notice(f"{label} {rehearsed}{verb} by {by}: {result.reason}{end}")


def _summary(report: Report) -> str:
    new = sum(outcome.result.action in DONE for outcome in report.outcomes)
    noun = "certificate" if len(report.outcomes) == 1 else "certificates"
    told = f"{new} of {len(report.outcomes)} {noun} renewed"
    if report.dry_run:
        return f"dry run: {told.replace('renewed', 'could be renewed')}; nothing was kept"
    return f"{told}; {_reached(report.pushed)}" if report.pushed else told


def tell_pushed(journal: Journal, pushed: Iterable[Pushed]) -> None:
    """What hosts took, and which have not got all that they shall have."""
    for one in pushed:
        for answer in one.bundles:
            if answer.action in TAKEN:
                journal.notice(f"{one.host}: {label_of(answer)} {TAKEN[answer.action]}")
        if not one.ok:
            error = one.error or "has not got all that it shall have"
            words = error if error.startswith(one.host) else f"{one.host}: {error}"
            journal.warning(f"{words}; {AGAIN}")


def summary_of_push(pushed: tuple[Pushed, ...]) -> str:
    """One sentence for all hosts."""
    return _reached(pushed) if pushed else "there is no host to push to"


def _reached(pushed: tuple[Pushed, ...]) -> str:
    ok = sum(one.ok for one in pushed)
    return f"{ok} of {len(pushed)} hosts have what they shall have"
