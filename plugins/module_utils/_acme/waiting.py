# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait and how often to try: the task's budget, and the patience of one request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from .._core.ports import Clock
from .problems import AcmeRefused, Problem, RateLimited, Unreachable

BAD_NONCE_TRIES = 10
TRIES = 5
FIRST_PAUSE_SECONDS = 0.5


def parse_retry_after(value: str | None, now: datetime) -> datetime | None:
    """The moment that a ``Retry-After`` header means, ``None`` if it says nothing readable.

    Both forms, seconds and HTTP date; never before ``now``. A date without a zone is UTC.
    Source: RFC 9110 §10.2.3.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return max(aware.astimezone(timezone.utc), now)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


@dataclass(frozen=True)
class Budget:
    """The time that one task may take; safe to share among threads, as it never changes."""

    clock: Clock
    deadline: float

    @classmethod
    def of(cls, clock: Clock, seconds: float) -> Budget:
        """A budget that starts now."""
        return cls(clock, clock.monotonic() + seconds)

    @property
    def left_seconds(self) -> float:
        """Seconds left, negative when over."""
        return self.deadline - self.clock.monotonic()

    def allows(self, seconds: float) -> bool:
        """Whether a wait of this length ends before the budget does."""
        return seconds <= self.left_seconds


@dataclass
class Patience:
    """What one request has endured so far; one for each request, so of one thread.

    badNonce is a matter of course and answered at once; everything else that may pass is waited
    for, as long as the CA asks or with growing pauses; what will not pass is raised.
    """

    authority: str
    budget: Budget
    is_repeatable: bool = True
    bad_nonces: int = 0
    failures: int = 0

    def endure(self, problem: Problem, retry_at: datetime | None) -> None:
        """Wait out a refusal, or raise what it means.

        Raises: `AcmeRefused` if trying again is of no use, `RateLimited` or `Unreachable` if the
        time it takes is beyond the budget.
        """
        if problem.code == "badNonce" and self.bad_nonces < BAD_NONCE_TRIES:
            self.bad_nonces += 1
        elif _is_limit(problem, retry_at):
            self._pause(problem, retry_at, limited=True)
        elif problem.status >= 500:
            self._pause(problem, retry_at, limited=False)
        else:
            raise AcmeRefused(f"{self.authority} refused", problem)

    def endure_silence(self, cause: str) -> None:
        """Wait after a connection that failed.

        Raises: `Unreachable` if it failed too often or the budget is over.
        """
        self._pause(Problem("connection", cause, 0), None, limited=False)

    def _pause(self, problem: Problem, retry_at: datetime | None, *, limited: bool) -> None:
        clock = self.budget.clock
        self.failures += 1
        seconds = FIRST_PAUSE_SECONDS * 2 ** (self.failures - 1)
        if retry_at is not None:
            seconds = (retry_at - clock.now()).total_seconds()
        may_repeat = limited or self.is_repeatable
        if may_repeat and self.failures < TRIES and self.budget.allows(seconds):
            clock.sleep(max(seconds, 0.0))
            return
        if limited:
            moment = retry_at or clock.now() + timedelta(hours=1)
            raise RateLimited(f"{self.authority} limits us: {problem}", moment)
        words = f"{self.authority} does not answer after {self.failures} tries: {problem}"
        raise Unreachable(words, problem.status)


def _is_limit(problem: Problem, retry_at: datetime | None) -> bool:
    return (
        problem.code == "rateLimited"
        or problem.status == 429
        or (problem.status == 503 and retry_at is not None)
    )
