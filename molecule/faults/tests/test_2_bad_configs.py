# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that must not be activated, most of which `haproxy -c` accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fleet_view import Fleet, Process
from playbook_runs import Run
from scenario import Site
from under_traffic import Traffic, traffic_on


@dataclass(frozen=True)
class Mistake:
    """A change of the wish; what HAProxy says of it; the variable that an error must name."""

    variables: Mapping[str, Any]
    words: str
    path: str


MISTAKES = {
    "broken raw line": Mistake(
        {"haproxy_defaults": {"lines": ["option no-such-option"]}},
        r"no-such-option",
        "haproxy_defaults.lines[0]",
    ),
    "port in use": Mistake(
        {"haproxy_sections": [{"section": "listen clash", "lines": ["bind :22"]}]},
        r"Address already in use",
        "haproxy_sections[0].lines[0]",
    ),
    "address not here": Mistake(
        {"haproxy_sections": [{"section": "listen vip", "lines": ["bind 198.51.100.7:8443"]}]},
        r"Cannot assign requested address",
        "haproxy_sections[0].lines[0]",
    ),
    "missing chroot": Mistake(
        {"haproxy_global": {"chroot": "/nowhere"}},
        r"[Cc]annot chroot",
        "haproxy_global.chroot",
    ),
    "too many connections": Mistake(
        {"haproxy_global": {"maxconn": 1_000_000}},
        r"FD limit|maxconn",
        "haproxy_global.maxconn",
    ),
}


@dataclass(frozen=True)
class Attempts:
    """Two runs with the same mistake, and who served before and after."""

    first: Run
    second: Run
    before: dict[str, Process]
    after: dict[str, Process]
    seen_by_clients: int


@dataclass(frozen=True)
class Evidence:
    """All mistakes, made under traffic, and the repair."""

    attempts: dict[str, Attempts]
    repaired: Run
    again: Run
    traffic: Traffic


def processes(fleet: Fleet) -> dict[str, Process]:
    """Who serves on each balancer."""
    return {balancer.name: balancer.process() for balancer in fleet.balancers}


def attempt(fleet: Fleet, site: Site, mistake: Mistake) -> Attempts:
    """Make a mistake twice."""
    before = processes(fleet)
    wish = {**fleet.wish(), **mistake.variables}
    first, second = site.run(wish), site.run(wish)
    statuses = [fleet.get(balancer, "https://gamma.test/").status for balancer in fleet.balancers]
    return Attempts(first, second, before, processes(fleet), statuses.count(200))


@pytest.fixture(scope="module")
def evidence(fleet: Fleet, site: Site) -> Evidence:
    """Everything, under light traffic."""
    site.run().succeeded()
    with traffic_on(fleet, "gamma.test", options="--keepalive 8 --think 0.1") as traffic:
        attempts = {name: attempt(fleet, site, mistake) for name, mistake in MISTAKES.items()}
        repaired, again = site.run(), site.run()
    return Evidence(attempts, repaired, again, traffic)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_refused_with_the_words_of_haproxy(evidence: Evidence, name: str) -> None:
    """What it says, and which variable it comes from."""
    errors = evidence.attempts[name].first.failed().errors
    assert re.search(MISTAKES[name].words, errors), errors
    assert MISTAKES[name].path in errors


@pytest.mark.parametrize("name", MISTAKES)
def test_the_second_run_fails_again(evidence: Evidence, name: str) -> None:
    """It is not green over a process that runs something else."""
    errors = evidence.attempts[name].second.failed().errors
    assert re.search(MISTAKES[name].words, errors), errors


@pytest.mark.parametrize("name", MISTAKES)
def test_the_process_serves_on(fleet: Fleet, evidence: Evidence, name: str) -> None:
    """The same worker on every balancer, never told to reload, and it answers."""
    attempts = evidence.attempts[name]
    assert attempts.after == attempts.before
    assert attempts.seen_by_clients == len(fleet.balancers)


def test_no_client_lost_a_request(evidence: Evidence, figures: list[str]) -> None:
    """Not one, through all the mistakes and the repair."""
    assert evidence.traffic.lost == {}
    assert all(tally["requests"] for _unused, _unused, tally in evidence.traffic.tallies())
    figures += [
        f"{len(evidence.attempts)} bad configs refused twice under {evidence.traffic}",
        f"{evidence.traffic.failures} failed",
    ]


def test_repaired_it_converges(evidence: Evidence) -> None:
    """The good wish again: nothing of the bad ones is left over."""
    evidence.repaired.succeeded()
    assert evidence.again.succeeded().changed == []
