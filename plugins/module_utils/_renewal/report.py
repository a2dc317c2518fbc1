# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of `renew` did and why, and what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._acme.results import Action, Result
from .._acme.wish import Lineage, Source
from .push import Pushed, one_line

WAITS = "waits"
"""The action of a certificate that is due, and left to another issuer for now."""


@dataclass(frozen=True)
class Outcome:
    """What became of one lineage. ``waits``: it is due and somebody else's to do, for now."""

    source: Source
    lineage: Lineage
    result: Result
    waits: bool = False

    @property
    def action(self) -> str:
        """One word for it."""
        return WAITS if self.waits else self.result.action.value

    @property
    def problem(self) -> str | None:
        """What is wrong, as a sentence; ``None`` if nothing is."""
        if self.waits or self.result.action not in (Action.FAILED, Action.DEFERRED):
            return None
        line = one_line(self.result.error) if self.result.error else self.result.reason
        verb = "could not be renewed" if self.result.leaf else "could not be had"
        return f"{self.lineage.label} {verb}: {line}"

    def to_json(self) -> dict[str, Any]:
        """In the shape of the modules' results, with the source."""
        told = self.result.to_json(self.lineage)
        return {**told, "source": self.source.value, "action": self.action}


@dataclass(frozen=True)
class Report:
    """A run. ``error``: what stopped all of it, if something did. ``notes``: problems besides."""

    host: str
    rank: int
    started: datetime
    finished: datetime
    outcomes: tuple[Outcome, ...]
    pushed: tuple[Pushed, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    dry_run: bool = False

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong, one sentence each."""
        said = [self.error, *(outcome.problem for outcome in self.outcomes), *self.notes]
        # Words of one fault that fails them all are said once.
        told = [line for line in said if line and not (self.error and line.endswith(self.error))]
        mine = [self.error] if self.error else []
        return tuple(dict.fromkeys([*mine, *told, *(one.error or "" for one in self._behind)]))

    @property
    def ok(self) -> bool:
        """Whether nothing needs a person."""
        return not self.problems

    @property
    def has_renewed(self) -> bool:
        """Whether what was to be ordered was ordered; how the push went is told by itself."""
        return self.error is None and not any(outcome.problem for outcome in self.outcomes)

    @property
    def changed(self) -> bool:
        """Whether there is a new certificate, or a host has something that it had not."""
        done = (Action.ISSUED, Action.RENEWED)
        is_new = any(outcome.result.action in done for outcome in self.outcomes)
        return (is_new and not self.dry_run) or any(one.changed for one in self.pushed)

    def _told(self, outcome: Outcome) -> dict[str, Any]:
        told = outcome.to_json()
        is_trial = self.dry_run and outcome.result.action is Action.ISSUED
        return {**told, "action": Action.WOULD_ISSUE.value} if is_trial else told

    @property
    def _behind(self) -> tuple[Pushed, ...]:
        return tuple(one for one in self.pushed if not one.ok)

    def to_json(self) -> Mapping[str, Any]:
        """For programs, and for `status`."""
        return {
            "host": self.host,
            "rank": self.rank,
            "started": self.started.isoformat(),
            "finished": self.finished.isoformat(),
            "dry_run": self.dry_run,
            "ok": self.ok,
            "changed": self.changed,
            "error": self.error,
            "problems": list(self.problems),
            "certificates": [self._told(outcome) for outcome in self.outcomes],
            "hosts": [one.to_json() for one in self.pushed],
        }
