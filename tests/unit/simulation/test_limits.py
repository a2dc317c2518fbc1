# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of the simulated CA: counted as the real one does, and never passed unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes import NOON
from year.limits import FAILURES_PER_NAME, PER_ACCOUNT, PER_SET, Issued, Limits, registered

NAMES = ("a.test", "b.test")
MINUTE = timedelta(minutes=1)


def given(limits: Limits, count: int, *, is_exempt: bool = False) -> None:
    """Certificates for the same names, a minute after each other, the last one at noon."""
    for number in range(count):
        time = NOON - MINUTE * (count - 1 - number)
        limits.note_issued(Issued(time, NAMES, "ecdsa", timedelta(hours=160), is_exempt))


@pytest.mark.parametrize(
    ("count", "later", "refusal"),
    [
        (PER_SET - 1, timedelta(0), ""),
        (PER_SET, timedelta(0), "certificates for the same names"),
        (PER_SET, timedelta(days=7), ""),
    ],
    ids=["one is left", "none is left", "a week later"],
)
def test_a_set_of_names_has_five_certificates_a_week(
    count: int, later: timedelta, refusal: str
) -> None:
    """The sixth in seven days is refused and remembered as a hit."""
    limits = Limits()
    given(limits, count)
    assert limits.refusal(NAMES, NOON + later) == refusal
    assert bool(limits.hits) == bool(refusal)


def test_exempt_renewals_use_up_nothing() -> None:
    """They are counted apart."""
    limits = Limits()
    given(limits, PER_SET + 1, is_exempt=True)
    assert limits.refusal(NAMES, NOON) == ""
    assert (limits.most.per_set, limits.most.per_set_with_exempt) == (0, PER_SET + 1)


def test_an_account_has_300_orders_in_three_hours() -> None:
    """And again after that."""
    limits = Limits()
    for _unused in range(PER_ACCOUNT):
        limits.note_order(NOON)
    assert limits.refusal(("c.test",), NOON) == "orders of the account"
    assert limits.refusal(("c.test",), NOON + timedelta(hours=3)) == ""
    assert limits.most.per_account == PER_ACCOUNT


def test_a_name_may_fail_five_times_an_hour() -> None:
    """Whatever the other names of the order."""
    limits = Limits()
    for _unused in range(FAILURES_PER_NAME):
        limits.note_failure("b.test", NOON)
    assert limits.refusal(("c.test",), NOON) == ""
    assert limits.refusal(NAMES, NOON) == "failed validations"
    assert limits.refusal(NAMES, NOON + timedelta(hours=1)) == ""


def test_names_below_one_domain_count_together() -> None:
    """The registered domain has one label before the suffix."""
    assert {registered(name) for name in ("x.test", "www.x.test", "a.b.x.test")} == {"x.test"}
