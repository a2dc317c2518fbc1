# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The troubles of the simulated year: of every kind, from the seed alone, and never too much."""

from __future__ import annotations

from datetime import timedelta

import pytest
from year.fleet import BEGIN, HOSTS
from year.trouble import (
    LONGEST_BLOCKED,
    UNWELL,
    Kind,
    Trouble,
    draw,
    is_admissible,
    longest_blocked,
)

HOUR = timedelta(hours=1)
SEEDS = range(1, 6)


def trouble(kind: Kind, start: int, end: int, host: str = "", other: str = "") -> Trouble:
    """One from hour to hour of the year."""
    return Trouble(kind, BEGIN + start * HOUR, BEGIN + end * HOUR, host, other)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("days", [60, 365])
def test_each_kind_happens(seed: int, days: int) -> None:
    """In a short run as well."""
    assert {one.kind for one in draw(seed, BEGIN, days)} == set(Kind)


def test_a_seed_is_a_year() -> None:
    """The same seed gives the same troubles, another one others."""
    assert draw(1, BEGIN, 365) == draw(1, BEGIN, 365)
    assert draw(1, BEGIN, 365) != draw(2, BEGIN, 365)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_host_is_well_at_any_time(seed: int) -> None:
    """Else nobody could renew anything."""
    unwell = [one for one in draw(seed, BEGIN, 365) if one.kind in UNWELL]
    for moment in [one.start for one in unwell]:
        hosts = {one.host for one in unwell if one.start <= moment <= one.end}
        assert len(hosts) < len(HOSTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_host_is_blocked_for_longer_than_can_be_asked(seed: int) -> None:
    """What blocks it one after the other counts together."""
    troubles = draw(seed, BEGIN, 365)
    assert max(longest_blocked(troubles, host) for host in HOSTS) <= LONGEST_BLOCKED


def test_blocks_one_after_the_other_count_together() -> None:
    """A CA that is back for an hour only has not helped anybody for sure."""
    down = trouble(Kind.CA_DOWN, 0, 48)
    soon, later = trouble(Kind.DISK_FULL, 49, 74, "lb1"), trouble(Kind.DISK_FULL, 60, 74, "lb1")
    assert longest_blocked([down, soon], "lb1") == 74 * HOUR
    assert longest_blocked([down, later], "lb1") == 48 * HOUR
    assert longest_blocked([down, soon], "lb2") == 48 * HOUR
    assert (is_admissible(soon, [down]), is_admissible(later, [down])) == (False, True)


def test_not_all_hosts_are_unwell_at_once() -> None:
    """Two may be."""
    first, second = (
        trouble(Kind.HOST_DOWN, 0, 50, "lb1"),
        trouble(Kind.CUT_OFF, 10, 20, "lb2"),
    )
    third = trouble(Kind.DISK_FULL, 19, 30, "lb3")
    assert is_admissible(second, [first])
    assert not is_admissible(third, [first, second])
