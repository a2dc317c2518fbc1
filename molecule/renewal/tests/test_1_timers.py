# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node is gone: the fleet renews, clients notice nothing, nothing is reloaded."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from fleet_view import Balancer, Fleet, Process
from renewals import RENEW, SYNC, Renewals, Shown, wait_for
from scenario import FLEET
from under_traffic import Traffic, traffic_on

BALANCERS = pytest.mark.parametrize("balancer", FLEET.balancers, ids=lambda b: b.name)
KINDS = ("h1-new", "h1-keepalive", "h2")
MOST_EXPOSURE = 5.0
"""Where `systemd-analyze security` stops to say OK."""


@dataclass(frozen=True)
class Renewed:
    """A renewal of all certificates by the timers, under traffic."""

    old: Shown
    new: dict[str, Shown]
    before: dict[str, Process]
    after: dict[str, Process]
    seconds: float
    issued: int
    traffic: Traffic


def processes(fleet: Fleet) -> dict[str, Process]:
    """Who serves on each balancer."""
    return {balancer.name: balancer.process() for balancer in fleet.balancers}


@pytest.fixture(scope="module")
def renewed(fleet: Fleet, renewals: Renewals) -> Renewed:
    """Everything is due; nobody does anything about it but the timers."""
    old, before, issued = renewals.everywhere(), processes(fleet), renewals.issued()
    with traffic_on(fleet, *renewals.names) as traffic:
        renewals.make_due()
        seconds = wait_for(
            lambda: renewals.is_new(old),
            doubt=lambda: renewals.log(fleet.issuer),
        )
    new = {balancer.name: renewals.shown(balancer) for balancer in fleet.balancers}
    after = processes(fleet)
    return Renewed(old, new, before, after, seconds, renewals.issued() - issued, traffic)


@BALANCERS
def test_every_balancer_serves_the_new_certificates(renewed: Renewed, balancer: Balancer) -> None:
    """Another one for each name, and the same as everywhere else."""
    first = next(iter(renewed.new.values()))
    assert renewed.new[balancer.name] == first
    for name, fingerprint in renewed.new[balancer.name].items():
        assert fingerprint != renewed.old[name]


@BALANCERS
def test_nothing_was_reloaded(renewed: Renewed, balancer: Balancer) -> None:
    """The same master, the same worker, not one reload more."""
    assert renewed.after[balancer.name] == renewed.before[balancer.name]


@BALANCERS
@pytest.mark.parametrize("kind", KINDS)
def test_no_client_lost_a_request(renewed: Renewed, balancer: Balancer, kind: str) -> None:
    """Not one, of this kind, at this balancer; and there were some to lose."""
    tally = renewed.traffic.addresses[balancer.address][kind]
    assert tally["failed"] == {}, tally["details"]
    assert tally["requests"] > 0


def test_each_certificate_was_issued_once(renewals: Renewals, renewed: Renewed) -> None:
    """The standbys saw the same, waited, and had nothing to do."""
    assert renewed.issued == len(renewals.names)


@BALANCERS
@pytest.mark.parametrize("unit", [RENEW, SYNC])
def test_the_units_are_confined(balancer: Balancer, unit: str) -> None:
    """`systemd-analyze security` calls them OK or better, on this release."""
    said = balancer.host.check_output(f"systemd-analyze security --no-pager {unit}.service")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) < MOST_EXPOSURE, said


@BALANCERS
def test_a_renewal_runs_without_power(balancer: Balancer, renewals: Renewals) -> None:
    """As the user hitless, without any capability, and with no way to gain one."""
    wait_for(lambda: not renewals.is_running(balancer.host))
    balancer.host.check_output(
        f"systemctl reset-failed {RENEW}.service; systemctl start --no-block {RENEW}.service"
    )
    said = balancer.host.check_output(
        "for attempt in $(seq 500); do"
        f"  pid=$(systemctl show -p MainPID --value {RENEW}.service);"
        '  if [ "$pid" != 0 ] && grep -q hitless /proc/$pid/cmdline; then cat /proc/$pid/status;'
        "  exit; fi; done; exit 1"
    )
    status = dict(re.findall(r"^(\w+):\s*(.*)$", said, re.MULTILINE))
    hitless = balancer.host.check_output("id -u hitless")
    assert status["Uid"].split() == [hitless] * 4
    assert {int(status[each], 16) for each in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_figures(renewed: Renewed, figures: list[str]) -> None:
    """What was measured, for the last line; nothing is lost."""
    figures += [
        f"renewed by the timers in {renewed.seconds:.0f} s under {renewed.traffic}",
        f"{renewed.traffic.failures} failed",
        "0 reloads",
    ]
    assert renewed.traffic.lost == {}
