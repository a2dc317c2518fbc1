# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A balancer is cut off during the push: the others have the certificates, and it catches up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from fleet_view import Fleet
from outages import cut_off, names_without
from renewals import Renewals, Shown, wait_for

NAME = "kept.test"
METRICS = "/var/lib/prometheus/node-exporter/hitless_edge.prom"


@dataclass(frozen=True)
class Told:
    """What an issuer says of another host: in its status, in the metrics, in words."""

    host: Any
    is_ok: float
    is_failing_since: bool
    problems: list[str]


@dataclass(frozen=True)
class CutOff:
    """What was to be seen meanwhile, and after the return."""

    old: Shown
    new: Shown
    left_behind: Shown
    meanwhile: Told
    returned: Shown
    afterwards: Told
    seconds: float


def ask(renewals: Renewals, name: str) -> Told:
    """What the first issuer says of a host."""
    status = renewals.status(renewals.fleet.issuer)
    metrics = renewals.fleet.issuer.check_output(f"cat {METRICS}")
    ok = re.search(rf'^hitless_edge_push_ok{{host="{name}"}} (\S+)$', metrics, re.MULTILINE)
    since = f'hitless_edge_push_failing_since_timestamp_seconds{{host="{name}"}}' in metrics
    assert ok, metrics
    return Told(status["hosts"][name], float(ok[1]), since, status["problems"])


@pytest.fixture(scope="module")
def cut(fleet: Fleet, renewals: Renewals) -> CutOff:
    """The third balancer hears nothing of the other two, while a certificate is renewed."""
    *others, alone = fleet.balancers
    old = renewals.everywhere()
    with names_without(fleet, alone), cut_off(alone, others):
        renewals.make_due(NAME)
        wait_for(
            lambda: renewals.is_new(old, *others, names=[NAME]),
            doubt=lambda: renewals.log(fleet.issuer),
        )
        wait_for(
            lambda: ask(renewals, alone.name).is_ok == 0,
            doubt=lambda: renewals.status(fleet.issuer),
        )
        new, left_behind = renewals.everywhere(*others), renewals.shown(alone)
        meanwhile = ask(renewals, alone.name)
    seconds = wait_for(
        lambda: renewals.everywhere() == new,
        doubt=lambda: renewals.log(fleet.issuer),
    )
    wait_for(lambda: ask(renewals, alone.name).is_ok == 1)
    returned, afterwards = renewals.everywhere(), ask(renewals, alone.name)
    return CutOff(old, new, left_behind, meanwhile, returned, afterwards, seconds)


def test_the_others_have_it(cut: CutOff) -> None:
    """One that is cut off keeps nobody else waiting, and serves on what it has."""
    assert cut.new[NAME] not in ("", cut.old[NAME])
    assert cut.left_behind == cut.old


def test_it_is_told_meanwhile(cut: CutOff, fleet: Fleet) -> None:
    """By the status, in words, and by the metrics, on the issuer."""
    assert cut.meanwhile.host["ok"] is False
    assert cut.meanwhile.is_ok == 0
    assert cut.meanwhile.is_failing_since
    assert any(fleet.balancers[-1].name in problem for problem in cut.meanwhile.problems)


def test_it_catches_up(cut: CutOff) -> None:
    """After its return it serves what the others do, and nothing is told any more."""
    assert cut.returned == cut.new
    assert cut.afterwards.host["ok"] is True
    assert cut.afterwards.is_ok == 1
    assert not cut.afterwards.is_failing_since
    assert cut.afterwards.problems == []


def test_figures(cut: CutOff, figures: list[str]) -> None:
    """What was measured, for the last line."""
    figures.append(f"a balancer that was cut off caught up in {cut.seconds:.0f} s")
    assert cut.returned == cut.new
