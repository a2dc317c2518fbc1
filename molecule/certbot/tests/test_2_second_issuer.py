# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first issuer is dead: the certbot of the second takes over, and neither loops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from certbots import UNIT, Certbots
from conftest import DELAY_SECONDS, PERIOD_SECONDS
from fleet_view import Balancer, Fleet
from renewals import Renewals, Shown, wait_for

RUN_SECONDS = 60
RUNS_WATCHED = 2
NAME = "bot.test"


@dataclass(frozen=True)
class Failover:
    """What became of a renewal without the first issuer, and after its return."""

    old: Shown
    new: Shown
    waited: float
    issued: int
    returned: Shown
    issued_later: int


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
def failover(fleet: Fleet, renewals: Renewals, certbots: Certbots) -> Failover:
    """The first issuer dies, a certificate becomes due, the first comes back."""
    first, *others = fleet.balancers
    old, issued = renewals.everywhere(), renewals.issued()
    with dead(fleet, first):
        certbots.make_due(NAME, balancers=others)
        waited = wait_for(
            lambda: renewals.is_new(old, *others, names=[NAME]),
            DELAY_SECONDS + 2 * PERIOD_SECONDS + 2 * RUN_SECONDS,
            doubt=lambda: certbots.log(others[0].host),
        )
        new, issued_by_second = renewals.everywhere(*others), renewals.issued() - issued
    runs = {balancer.name: renewals.runs(balancer.host, UNIT) for balancer in fleet.balancers}
    wait_for(
        lambda: (
            renewals.everywhere() == new and certbots.fingerprint(first.host, NAME) == new[NAME]
        ),
        2 * PERIOD_SECONDS + 2 * RUN_SECONDS,
        doubt=lambda: certbots.log(first.host),
    )
    wait_for(
        lambda: renewals.runs(first.host, UNIT) - runs[first.name] >= RUNS_WATCHED,
        (RUNS_WATCHED + 1) * (PERIOD_SECONDS + RUN_SECONDS),
        doubt=lambda: certbots.log(first.host),
    )
    issued_later = renewals.issued() - issued - issued_by_second
    return Failover(old, new, waited, issued_by_second, renewals.everywhere(), issued_later)


def test_the_second_takes_over_alone(failover: Failover) -> None:
    """After its delay; the third waits for two, and has it by then."""
    assert failover.waited >= DELAY_SECONDS - PERIOD_SECONDS
    assert failover.issued == 1
    assert failover.new[NAME] not in ("", failover.old[NAME])


def test_the_first_has_it_when_it_is_back(failover: Failover) -> None:
    """It serves what the second obtained, and its certbot goes on from there."""
    assert failover.returned == failover.new


def test_neither_loops(failover: Failover) -> None:
    """Several runs later the CA has issued nothing more."""
    assert failover.issued_later == 0


def test_figures(failover: Failover, figures: list[str]) -> None:
    """What was measured, for the last line."""
    figures += [
        f"second issuer took over in {failover.waited:.0f} s (delay {DELAY_SECONDS} s)",
        f"{failover.issued_later} needless certificates after the first one's return",
    ]
