# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retry-After and budgets."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import (
    Budget,
    parse_retry_after,
)
from fakes import NOON, FakeClock
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 10**6), st.integers(-12, 12))
def test_both_forms_mean_the_same(seconds: int, hours: int) -> None:
    """Seconds, and a date in any zone, give the same moment."""
    moment = (NOON + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=hours)))
    assert parse_retry_after(str(seconds), NOON) == parse_retry_after(format_datetime(moment), NOON)


@given(st.text())
def test_any_text_is_read_or_passed_over(text: str) -> None:
    """Whatever a server sends gives an aware moment that is not in the past, or nothing."""
    moment = parse_retry_after(text, NOON)
    assert moment is None or (moment.tzinfo is not None and moment >= NOON)


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "²"])
def test_what_is_not_readable_says_nothing(text: str | None) -> None:
    """Neither a number nor a date."""
    assert parse_retry_after(text, NOON) is None


def test_a_past_date_means_now() -> None:
    """A CA whose clock lags does not send us back."""
    past = format_datetime(datetime(2020, 1, 1, tzinfo=timezone.utc), usegmt=True)
    assert parse_retry_after(past, NOON) == NOON


def test_a_budget_allows_what_ends_in_it() -> None:
    """It shrinks as time goes by."""
    clock = FakeClock()
    budget = Budget.of(clock, 10)
    assert budget.allows(10)
    clock.sleep(4)
    assert budget.left_seconds == 6
    assert not budget.allows(6.5)
