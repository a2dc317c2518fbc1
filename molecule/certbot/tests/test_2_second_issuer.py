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
from fleet_view import Balancer, Fleet
from renewals import Renewals, Shown, wait_for
from scenario import Site

RUNS_WATCHED = 2
NAME = "bot.test"
DELAY_SECONDS = 60


@dataclass(frozen=True)
class Failover:
    """What became of a renewal without the first issuer, and after its return.

    ``acted_at_once``: whether the second renewed as soon as it knew.
    """

    acted_at_once: bool
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


def has_it(certbots: Certbots, new: Shown) -> bool:
    """Whether the first issuer serves what the second obtained, and its certbot holds it."""
    first = certbots.fleet.balancers[0]
    fingerprint = certbots.fingerprint(first.host, NAME)
    return fingerprint == certbots.renewals.everywhere()[NAME] == new[NAME]


@pytest.fixture(scope="module")
def failover(fleet: Fleet, renewals: Renewals, certbots: Certbots, site: Site) -> Failover:
    """The first issuer dies, a certificate becomes due, the first comes back."""
    site.run({**fleet.wish(), "renewal_standby_delay": DELAY_SECONDS}).succeeded()
    first, *others = fleet.balancers
    old, issued = renewals.everywhere(), renewals.issued()
    with dead(fleet, first):
        certbots.make_due(NAME, balancers=others)
        second = others[0].host
        knows = wait_for(
            lambda: certbots.knows_due(second, NAME), doubt=lambda: certbots.log(second)
        )
        acted_at_once = certbots.may_renew(second, NAME)
        waited = knows + wait_for(
            lambda: renewals.is_new(old, *others, names=[NAME]),
            doubt=lambda: certbots.log(second),
        )
        new, issued_by_second = renewals.everywhere(*others), renewals.issued() - issued
    runs = len(renewals.runs(first.host, UNIT))
    wait_for(lambda: has_it(certbots, new), doubt=lambda: certbots.log(first.host))
    wait_for(
        lambda: len(renewals.runs(first.host, UNIT)) - runs >= RUNS_WATCHED,
        doubt=lambda: certbots.log(first.host),
    )
    issued_later = renewals.issued() - issued - issued_by_second
    shown = renewals.everywhere()
    return Failover(acted_at_once, old, new, waited, issued_by_second, shown, issued_later)


def test_the_second_takes_over_alone(failover: Failover) -> None:
    """After its delay; the third waits for two, and has it by then."""
    assert not failover.acted_at_once
    assert failover.issued == 1
    assert failover.new[NAME] not in ("", failover.old[NAME])


def test_the_first_has_it_when_it_is_back(failover: Failover) -> None:
    """It serves what the second obtained, and its certbot goes on from there."""
    assert failover.returned[NAME] == failover.new[NAME]


def test_neither_loops(failover: Failover) -> None:
    """Several runs later the CA has issued nothing more."""
    assert failover.issued_later == 0


def test_figures(failover: Failover, figures: list[str]) -> None:
    """What was measured, for the last line."""
    figures += [
        f"second issuer took over in {failover.waited:.0f} s (delay {DELAY_SECONDS} s)",
        f"{failover.issued_later} needless certificates after the first one's return",
    ]
