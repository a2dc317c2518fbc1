# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first issuer is dead: the second takes over; the first comes back, and neither loops."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pytest
from fleet_view import Balancer, Fleet
from outages import names_without
from renewals import HOME, Renewals, Run, Shown, wait_for

RUNS_WATCHED = 3


@dataclass(frozen=True)
class Failover:
    """A renewal without the first issuer, and what came after its return.

    `since`: when the second saw each certificate due. `runs`: those of the second since then.
    """

    old: Shown
    new: Shown
    since: Mapping[str, float]
    runs: list[Run]
    issued: int
    returned: Shown
    issued_later: int
    runs_later: int


@contextmanager
def dead(fleet: Fleet, balancer: Balancer) -> Iterator[None]:
    """A host is off."""
    fleet.engine("stop", balancer.name)
    try:
        yield
    finally:
        fleet.start(balancer)


def due_since(balancer: Balancer) -> dict[str, float]:
    """What a standby remembers of certificates that are due: name -> seconds since 1970."""
    due = json.loads(balancer.host.check_output(f"cat {HOME}/due.json"))["due"]
    return {
        key.rpartition("/")[0]: datetime.fromisoformat(seen["since"]).timestamp()
        for key, seen in due.items()
    }


@pytest.fixture(scope="module")
def failover(fleet: Fleet, renewals: Renewals) -> Failover:
    """The first issuer dies, everything becomes due, the first comes back."""
    first, second, third = fleet.balancers
    old, issued = renewals.everywhere(), renewals.issued()
    with names_without(fleet, first), dead(fleet, first):
        renewals.make_due(balancers=[second, third])
        wait_for(lambda: len(due_since(second)) == len(renewals.names))
        since = due_since(second)
        wait_for(
            lambda: renewals.is_new(old, second, third),
            doubt=lambda: renewals.log(second.host),
        )
        new = renewals.everywhere(second, third)
        wait_for(lambda: not renewals.is_running(second.host))
        runs = [run for run in renewals.runs(second.host) if run.ended > min(since.values())]
        issued_by_second = renewals.issued() - issued
    before = {balancer.name: len(renewals.runs(balancer.host)) for balancer in fleet.balancers}

    def later() -> dict[str, int]:
        return {b.name: len(renewals.runs(b.host)) - before[b.name] for b in fleet.balancers}

    wait_for(lambda: min(later().values()) >= RUNS_WATCHED, doubt=later)
    return Failover(
        old,
        new,
        since,
        runs,
        issued_by_second,
        renewals.everywhere(),
        renewals.issued() - issued - issued_by_second,
        sum(later().values()),
    )


def test_the_second_takes_over_after_its_delay(failover: Failover, renewals: Renewals) -> None:
    """Not before it is over, and then in the next run that its timer starts."""
    for name in renewals.names:
        renewing = [run for run in failover.runs if run.says(f"certificate {name} ", "renewed")]
        waiting = [run for run in failover.runs if run.says(f"certificate {name} ", "waits")]
        turn = failover.since[name] + renewals.delay_seconds
        assert len(renewing) == 1
        assert renewing[0].ended >= turn
        assert waiting
        assert all(run.began < turn for run in waiting)


def test_it_takes_over_alone(failover: Failover, renewals: Renewals) -> None:
    """The third waits for two delays: one certificate for each name."""
    assert failover.issued == len(renewals.names)


def test_the_first_has_it_when_it_is_back(failover: Failover) -> None:
    """It serves what the second obtained."""
    assert failover.returned == failover.new
    assert all(failover.new[name] not in ("", failover.old[name]) for name in failover.old)


def test_neither_loops(failover: Failover) -> None:
    """Several runs of each later the CA has issued nothing more."""
    assert failover.runs_later >= RUNS_WATCHED
    assert failover.issued_later == 0


def test_figures(failover: Failover, renewals: Renewals, figures: list[str]) -> None:
    """What was measured, for the last line."""
    waited = failover.runs[-1].ended - min(failover.since.values())
    figures += [
        f"second issuer took over after {waited:.0f} s (delay {renewals.delay_seconds:.0f} s)",
        f"{failover.issued_later} needless certificates in {failover.runs_later} runs later",
    ]
