# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients notice nothing: neither of a config change, nor of 20 reloads, nor of 20 swaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fleet_view import Balancer, Fleet, Process
from playbook_runs import Run, play
from scenario import FLEET, Site
from under_traffic import Traffic, traffic_on

ROUNDS = 20
BUNDLES = "/etc/haproxy/ssl"
BALANCERS = pytest.mark.parametrize("balancer", FLEET.balancers, ids=lambda b: b.name)
KINDS = ("h1-new", "h1-keepalive", "h2")


@dataclass(frozen=True)
class Churn:
    """What was done, and what the clients saw of it."""

    config_change: Run
    rounds: Run
    traffic: Traffic
    before: dict[str, Process]
    after: dict[str, Process]
    wanted: dict[str, str]


def bundles_of(fleet: Fleet) -> list[dict[str, Any]]:
    """The certificates that the fleet has now, as `certificate_bundles` takes them."""
    host = fleet.balancers[0].host
    return [
        {
            "name": site["domains"][0],
            "key_type": "ecdsa",
            "domains": site["domains"],
            "pem": host.file(f"{BUNDLES}/{site['domains'][0]}.ecdsa.pem").content_string,
        }
        for site in fleet.wish()["haproxy_sites"]
    ]


def reissue(fleet: Fleet) -> None:
    """New certificates for the same names, on all hosts, as the issuer renews them by itself."""
    fleet.issuer.check_output("runuser --user=hitless -- hitless-edge renew --force")


def processes(fleet: Fleet) -> dict[str, Process]:
    """Who serves on each balancer."""
    return {balancer.name: balancer.process() for balancer in fleet.balancers}


def fingerprints(fleet: Fleet) -> dict[str, str]:
    """What the first balancer serves, by name."""
    names = [site["domains"][0] for site in fleet.wish()["haproxy_sites"]]
    served = {name: fleet.served(fleet.balancers[0], name) for name in names}
    return {name: certificate.fingerprint for name, certificate in served.items() if certificate}


@pytest.fixture(scope="module")
def churn(fleet: Fleet, site: Site) -> Churn:
    """Two sets of certificates, then everything under traffic."""
    site.run().succeeded()
    old = bundles_of(fleet)
    reissue(fleet)
    new = bundles_of(fleet)
    wanted = fingerprints(fleet)
    sets = {"churn_old": old, "churn_new": new, "churn_rounds": ROUNDS}
    changed = fleet.wish()
    changed["haproxy_sites"][0]["lines"] = ["http-response set-header X-Changed yes"]
    with traffic_on(fleet, "busy.test", "calm.test") as traffic:
        config_change = site.run(changed)
        before = processes(fleet)
        churn_playbook = Path(__file__).parents[1] / "churn.yml"
        rounds = play(str(churn_playbook), sets)
    return Churn(config_change, rounds, traffic, before, processes(fleet), wanted)


def test_the_config_was_changed(fleet: Fleet, churn: Churn) -> None:
    """It is not an empty exercise: a client sees the change."""
    churn.config_change.succeeded()
    assert any(event.changed for event in churn.config_change.of("haproxy_reload"))
    for balancer in fleet.balancers:
        assert fleet.header(balancer, "https://busy.test/", "X-Changed") == "yes"


@BALANCERS
def test_every_reload_was_made(churn: Churn, balancer: Balancer) -> None:
    """The same master, told to reload as often as asked."""
    churn.rounds.succeeded()
    before, after = churn.before[balancer.name], churn.after[balancer.name]
    assert after.master == before.master
    assert after.reloads - before.reloads == ROUNDS
    assert after.worker != before.worker


@BALANCERS
def test_every_swap_was_made(churn: Churn, balancer: Balancer) -> None:
    """Each one in the running process, all certificates, without a reload of its own."""
    churn.rounds.succeeded()
    swaps = [e for e in churn.rounds.of("certificate_bundles") if e.host == balancer.name]
    assert len(swaps) == ROUNDS
    for event in swaps:
        assert {bundle["action"] for bundle in event.result["bundles"]} == {"swapped"}
        assert event.result["hot"]
        assert not event.result["reloaded"]


@BALANCERS
def test_the_last_certificates_are_served(fleet: Fleet, churn: Churn, balancer: Balancer) -> None:
    """What was swapped in last is what a client is shown."""
    for name, fingerprint in churn.wanted.items():
        certificate = fleet.served(balancer, name)
        assert certificate is not None
        assert certificate.fingerprint == fingerprint


@BALANCERS
@pytest.mark.parametrize("kind", KINDS)
def test_no_client_lost_a_request(churn: Churn, balancer: Balancer, kind: str) -> None:
    """Not one, of this kind, at this balancer; and there were some to lose."""
    tally = churn.traffic.addresses[balancer.address][kind]
    assert tally["failed"] == {}, tally["details"]
    assert tally["requests"] >= 10 * ROUNDS


def test_both_releases_took_part(fleet: Fleet) -> None:
    """Debian 12's HAProxy and Debian 13's."""
    assert {balancer.release() for balancer in fleet.balancers} == {"2.6", "3.0"}


def test_figures(churn: Churn, figures: list[str]) -> None:
    """What was measured, for the last line; nothing is lost."""
    reloads = {b: churn.after[b].reloads - churn.before[b].reloads for b in churn.before}
    swaps = len(churn.rounds.of("certificate_bundles")) // len(reloads)
    figures += [
        f"{churn.traffic} in {churn.traffic.seconds:.0f} s",
        "a config change",
        f"{min(reloads.values())} reloads and {swaps} certificate swaps on each of {len(reloads)}",
        f"{churn.traffic.total('reconnects')} reconnects",
        f"{churn.traffic.total('retried_safe')} streams repeated as RFC 9113 allows",
        f"{churn.traffic.failures} failed",
    ]
    assert churn.traffic.lost == {}


def test_afterwards_there_is_nothing_to_do(site: Site, churn: Churn) -> None:
    """The scenario's own wish again, and again."""
    assert churn.rounds.rc == 0
    site.run().succeeded()
    assert site.run().succeeded().changed == []
