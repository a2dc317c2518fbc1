# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed at every step, no disk, no CA: the old certificate is served, the next run finishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

import pytest
from deaths import Deaths, mortal
from fleet_view import Balancer, Fleet
from outages import ca_out_of_reach, full, read_only
from renewals import HOME, History, Renewals, Shown, watching
from testinfra.host import Host

NAME = "kept.test"
BUNDLES = "/etc/haproxy/ssl"
CA_PERIODS = 3
MOST_STEPS = 200
FILES_MET = 4

Outage = Callable[[Host, str], AbstractContextManager[None]]
OUTAGES: dict[str, tuple[Outage, int, str]] = {
    "the issuer's home is full": (full, 0, HOME),
    "the issuer's home is read-only": (read_only, 0, HOME),
    "a standby's home is full": (full, 1, HOME),
    "a balancer's bundles are on a full disk": (full, 2, BUNDLES),
    "a balancer's bundles are read-only": (read_only, 2, BUNDLES),
}


@dataclass(frozen=True)
class Outlived:
    """A renewal that something prevented, and the next run. ``result``: systemd's word."""

    old: Shown
    meanwhile: Shown
    result: str
    after: Shown


@dataclass(frozen=True)
class Death:
    """A renewal in which somebody died, and the next one. ``step``: what did not happen."""

    step: str
    old: Shown
    after: Shown


@dataclass
class Days:
    """All the bad days, with somebody who looks all the time at what is served."""

    deaths: dict[str, list[Death]] = field(default_factory=dict)
    outages: dict[str, Outlived] = field(default_factory=dict)
    without_ca: list[Outlived] = field(default_factory=list)
    history: History = field(default_factory=History)


@dataclass(frozen=True)
class Trouble:
    """Makes it."""

    fleet: Fleet
    renewals: Renewals

    def kills(self, verb: str, victims: Sequence[Balancer]) -> list[Death]:
        """Renewals, killed a step later on each victim and each time, until nobody dies."""
        found: list[Death] = []
        with ExitStack() as stack:
            mortals = [stack.enter_context(mortal(self.fleet, each.host)) for each in victims]
            for first in range(1, MOST_STEPS, len(mortals)):
                killed = self.kill(verb, {m: first + n for n, m in enumerate(mortals)})
                if not killed:
                    return found
                found += killed
        raise AssertionError(f"{verb} has not ended after {MOST_STEPS} steps")

    def kill(self, verb: str, steps: Mapping[Deaths, int]) -> list[Death]:
        """One renewal in which somebody dies, and the next one; empty if there is no such step."""
        old = self.renewals.everywhere()
        self.renewals.make_due(NAME)
        for deaths, step in steps.items():
            deaths.order(verb, step)
        self.renewals.run(self.fleet.issuer)
        prevented = [deaths.prevented() for deaths in steps]
        for deaths in steps:
            deaths.nobody()
        if not any(prevented):
            return []
        self.renewals.run(self.fleet.issuer)
        after = self.renewals.everywhere()
        return [Death(step, old, after) for step in prevented if step]

    def outage(self, outage: Outage, victim: Balancer, folder: str) -> Outlived:
        """A renewal while a folder of a host cannot be written to."""
        old = self.renewals.everywhere()
        self.renewals.make_due(NAME)
        with outage(victim.host, folder):
            result = self.renewals.run(self.fleet.issuer)
            meanwhile = self.renewals.shown(victim)
        self.renewals.run(self.fleet.issuer)
        return Outlived(old, meanwhile, result, self.renewals.everywhere())

    def without_ca(self) -> list[Outlived]:
        """Renewals by all issuers, again and again, while nobody reaches the CA; then one more.

        What the CA wants renewed has been heard before.
        """
        first, second, *others = self.fleet.balancers
        old = self.renewals.everywhere()
        self.renewals.make_due(NAME)
        self.renewals.run(second.host)
        for other in (first, *others):
            self.renewals.tell_what_is_due(second.host, other.host)
        found = []
        with ca_out_of_reach(self.fleet):
            for _unused in range(CA_PERIODS):
                result, *_others = [self.renewals.run(b.host) for b in self.fleet.balancers]
                now = self.renewals.everywhere()
                found.append(Outlived(old, now, result, now))
        result = self.renewals.run(first.host)
        return [*found, Outlived(old, old, result, self.renewals.everywhere())]


@pytest.fixture(scope="module")
def days(fleet: Fleet, renewals: Renewals) -> Days:
    """Everything, one after the other, with the runs that a timer would have started."""
    trouble, days = Trouble(fleet, renewals), Days()
    first, *others = fleet.balancers
    with renewals.timers_stopped(), watching(fleet, *renewals.names) as days.history:
        days.deaths["receive"] = trouble.kills("receive", others)
        days.deaths["renew"] = trouble.kills("renew", [first])
        for name, (outage, victim, folder) in OUTAGES.items():
            days.outages[name] = trouble.outage(outage, fleet.balancers[victim], folder)
        days.without_ca = trouble.without_ca()
    return days


@pytest.mark.parametrize("verb", ["renew", "receive"])
def test_the_run_after_a_kill_finishes(days: Days, verb: str) -> None:
    """Whatever the step was that did not happen: every balancer serves the new certificate."""
    unfinished = [d for d in days.deaths[verb] if d.after[NAME] in ("", d.old[NAME])]
    assert not unfinished
    assert days.deaths[verb]


@pytest.mark.parametrize("verb", ["renew", "receive"])
def test_the_kills_were_where_they_hurt(days: Days, verb: str) -> None:
    """Between the writes of files, not only before the first one.

    Threads take their steps in another order each time, so no step is met for sure.
    """
    steps = [death.step.split() for death in days.deaths[verb]]
    assert {"os.rename", "socket.connect", "subprocess.Popen"} <= {words[0] for words in steps}
    files = {words[-1] for words in steps if words[0] == "os.rename"}
    assert len(files) >= FILES_MET, files


@pytest.mark.parametrize("name", OUTAGES)
def test_the_run_after_an_outage_finishes(days: Days, name: str) -> None:
    """Without that folder the old certificate is served, or the new one; then the new one."""
    outlived = days.outages[name]
    assert outlived.meanwhile[NAME] in (outlived.old[NAME], outlived.after[NAME])
    assert outlived.after[NAME] not in ("", outlived.old[NAME])


def test_a_disk_that_fails_is_told(days: Days) -> None:
    """The unit that could not do its work has failed, and is not green."""
    assert {name: each.result for name, each in days.outages.items()} == dict.fromkeys(
        OUTAGES, "exit-code"
    )


def test_a_ca_that_is_down_changes_nothing(days: Days) -> None:
    """Period after period: the first issuer tells it, and the old certificate is served."""
    *periods, after = days.without_ca
    for outlived in periods:
        assert outlived.after == outlived.old
        assert outlived.result == "exit-code"
    assert after.result == "success"
    assert after.after[NAME] not in ("", after.old[NAME])


def test_a_client_was_shown_a_good_certificate_all_the_time(days: Days) -> None:
    """Trusted, for the name, and never an older one again."""
    assert days.history.failures == []
    assert days.history.returns == []
    assert days.history.handshakes > len(days.deaths["renew"])


def test_figures(days: Days, figures: list[str]) -> None:
    """What was counted, for the last line."""
    kills = {verb: len(deaths) for verb, deaths in days.deaths.items()}
    looked, failed = days.history.handshakes, len(days.history.failures)
    figures += [
        f"{kills['renew']} kill -9 of renew and {kills['receive']} of receive",
        f"{len(days.outages)} full or read-only folders",
        f"{CA_PERIODS} periods without CA",
        f"{looked} handshakes meanwhile with a good certificate, {failed} without",
    ]
