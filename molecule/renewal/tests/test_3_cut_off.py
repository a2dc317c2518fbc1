# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A balancer is cut off during the push: the others have the certificates, and it catches up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from conftest import PERIOD_SECONDS
from fleet_view import Fleet
from outages import cut_off
from renewals import Renewals, Shown, wait_for

RUN_SECONDS = 60


@dataclass(frozen=True)
class CutOff:
    """What was to be seen meanwhile, and after its return."""

    old: Shown
    new: Shown
    left_behind: Shown
    status: Any
    metrics: str
    returned: Shown
    status_after: Any
    metrics_after: str
    seconds_to_catch_up: float


def domains(fleet: Fleet) -> list[str]:
    """All names that are served."""
    return [domain for site in fleet.wish()["haproxy_sites"] for domain in site["domains"]]


@pytest.fixture(scope="module")
def cut(fleet: Fleet, renewals: Renewals) -> CutOff:
    """The third balancer hears nothing of the other two, while the certificates are renewed."""
    *others, alone = fleet.balancers
    old = renewals.everywhere()
    for domain in domains(fleet):  # else the CA would ask it, or the preflight would fail there
        fleet.resolve("point", domain, *(other.address for other in others))
    with cut_off(alone, others):
        renewals.make_due("kept.test")
        wait_for(
            lambda: renewals.is_new(old, *others, names=["kept.test"]),
            PERIOD_SECONDS + 2 * RUN_SECONDS,
            doubt=lambda: renewals.log(fleet.issuer),
        )
        wait_for(
            lambda: "fail" in str(told(renewals, fleet)), RUN_SECONDS,
            doubt=lambda: renewals.status(fleet.issuer),
        )  # fmt: skip
        new, left_behind = renewals.everywhere(*others), renewals.shown(alone)
        status, metrics = renewals.status(fleet.issuer), renewals.metrics(fleet.issuer)
    for domain in domains(fleet):
        fleet.resolve("restore", domain)
    seconds = wait_for(
        lambda: renewals.everywhere() == new,
        PERIOD_SECONDS + 2 * RUN_SECONDS,
        doubt=lambda: renewals.log(fleet.issuer),
    )
    return CutOff(
        old, new, left_behind, status, metrics, renewals.everywhere(),
        renewals.status(fleet.issuer), renewals.metrics(fleet.issuer), seconds,
    )  # fmt: skip


def told(renewals: Renewals, fleet: Fleet) -> Any:
    """What the issuer says of the balancer that is cut off."""
    return renewals.status(fleet.issuer)
