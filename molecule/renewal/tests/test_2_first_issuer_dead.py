# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first issuer is dead: the second takes over; the first comes back, and neither loops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from conftest import DELAY_SECONDS, PERIOD_SECONDS
from fleet_view import Balancer, Fleet
from renewals import Renewals, Shown, wait_for

RUN_SECONDS = 30
"""A run that asks a host that is not there waits for it twice; see `ConnectTimeout`."""
PERIODS_WATCHED = 3


@dataclass(frozen=True)
class Failover:
    """What became of a renewal without the first issuer, and after its return."""

    old: Shown
    new: Shown
    waited: float
    issued: int
    returned: Shown
    issued_later: int
    runs_later: dict[str, int]


@contextmanager
def dead(fleet: Fleet, balancer: Balancer) -> Iterator[None]:
    """A host is off, and whoever watches over the DNS has taken its address out."""
    others = [other.address for other in fleet.balancers if other != balancer]
    domains = [domain for site in fleet.wish()["haproxy_sites"] for domain in site["domains"]]
    fleet.engine("stop", balancer.name)
    for domain in domains:
        fleet.resolve("point", domain, *others)
    try:
        yield
    finally:
        fleet.start(balancer)
        for domain in domains:
            fleet.resolve("restore", domain)


@pytest.fixture(scope="module")
def failover(fleet: Fleet, renewals: Renewals) -> Failover:
    """The first issuer dies, everything becomes due, the first comes back."""
    first, *others = fleet.balancers
    old, issued = renewals.everywhere(), renewals.issued()
    with dead(fleet, first):
        renewals.make_due(balancers=others)
        began = time.monotonic()
        wait_for(
            lambda: renewals.is_new(old, *others),
            DELAY_SECONDS + PERIOD_SECONDS + 2 * RUN_SECONDS,
            doubt=lambda: renewals.log(others[0].host),
        )
        waited = time.monotonic() - began
        new, issued_by_second = renewals.everywhere(*others), renewals.issued() - issued
    runs = {balancer.name: renewals.runs(balancer.host) for balancer in fleet.balancers}

    def later() -> dict[str, int]:
        return {b.name: renewals.runs(b.host) - runs[b.name] for b in fleet.balancers}

    wait_for(lambda: min(later().values()) >= PERIODS_WATCHED, 120, doubt=later)
    issued_later = renewals.issued() - issued - issued_by_second
    shown = renewals.everywhere()
    return Failover(old, new, waited, issued_by_second, shown, issued_later, later())


def test_the_second_takes_over_after_its_delay(failover: Failover) -> None:
    """Not before the delay is over, and then at the next time its timer calls."""
    assert failover.waited >= DELAY_SECONDS - PERIOD_SECONDS
    assert failover.waited <= DELAY_SECONDS + PERIOD_SECONDS + 2 * RUN_SECONDS


def test_it_takes_over_alone(failover: Failover, renewals: Renewals) -> None:
    """The third waits for two delays: one certificate for each name."""
    assert failover.issued == len(renewals.names)


def test_the_first_has_it_when_it_is_back(failover: Failover) -> None:
    """It serves what the second obtained."""
    assert failover.returned == failover.new
    assert all(failover.new[name] not in ("", failover.old[name]) for name in failover.old)


def test_neither_loops(failover: Failover) -> None:
    """Several runs of each later the CA has issued nothing more."""
    assert min(failover.runs_later.values()) >= PERIODS_WATCHED
    assert failover.issued_later == 0


def test_figures(failover: Failover, figures: list[str]) -> None:
    """What was measured, for the last line."""
    runs = sum(failover.runs_later.values())
    figures += [
        f"second issuer took over in {failover.waited:.0f} s (delay {DELAY_SECONDS} s)",
        f"{failover.issued_later} needless certificates in {runs} runs after its return",
    ]
