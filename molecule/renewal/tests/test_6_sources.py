# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that no CA is asked for: self-signed ones, and those that the user brings."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fleet_view import Balancer, Fleet, Process, Served
from playbook_runs import Run
from scenario import FLEET, Site

OWN, BROUGHT = "own.test", "brought.test"
STEPS = ("first", "selfsigned", "provided")
BALANCERS = pytest.mark.parametrize("balancer", FLEET.balancers, ids=lambda b: b.name)
AFTER_EACH_STEP = pytest.mark.parametrize("step", STEPS)


@dataclass(frozen=True)
class Brought:
    """A PEM as a user has it: key, leaf, chain."""

    pem: str
    fingerprint: str

    def lines(self) -> list[str]:
        """What gives it away wherever it is written: its lines of full length."""
        return [line for line in self.pem.splitlines() if len(line) == 64]


@dataclass(frozen=True)
class Step:
    """What a run did, and how things stood then. ``served``: by balancer and name."""

    made: Run
    served: Mapping[tuple[str, str], Served | None]
    processes: Mapping[str, Process]

    def made_here(self, name: str) -> str:
        """The fingerprint of a self-signed certificate, as the issuer told it."""
        told = self.made.of("selfsigned_certificates")[-1].result["certificates"]
        (fingerprint,) = (one["fingerprint"] for one in told if one["name"] == name)
        return str(fingerprint)


@dataclass(frozen=True)
class Sources:
    """All steps, what was brought, and how things stood before."""

    brought: Brought
    before: Mapping[str, Process]
    orders: int
    steps: Mapping[str, Step]
    again: Run


def bring(*names: str) -> Brought:
    """A certificate by a CA that nobody here knows."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    between = authority.create_child_ca(key_type=trustme.KeyType.ECDSA)
    issued = between.issue_cert(*names, key_type=trustme.KeyType.ECDSA)
    chain = [blob.bytes() for blob in issued.cert_chain_pems]
    leaf = x509.load_pem_x509_certificate(chain[0])
    pem = b"".join([issued.private_key_pem.bytes(), *chain]).decode()
    return Brought(pem, leaf.fingerprint(hashes.SHA256()).hex().upper())


def wish_with(wish: dict[str, Any], brought: Brought, source: str) -> dict[str, Any]:
    """The wish with two sites more; the source of the second is one line of it."""
    sites = [
        *deepcopy(wish["haproxy_sites"]),
        {"domains": [OWN], "backend": "web", "certificate": {"source": "selfsigned"}},
        {"domains": [BROUGHT], "backend": "web", "certificate": {"source": source}},
    ]
    provided = {BROUGHT: brought.pem}
    return {**deepcopy(wish), "haproxy_sites": sites, "certificates_provided": provided}


def processes(fleet: Fleet) -> dict[str, Process]:
    """Who serves on each balancer."""
    return {balancer.name: balancer.process() for balancer in fleet.balancers}


def take(fleet: Fleet, site: Site, wish: dict[str, Any]) -> Step:
    """Run with a wish, look at what is served."""
    made = site.run(wish).succeeded()
    served = {
        (balancer.name, name): fleet.served(balancer, name)
        for balancer in fleet.balancers
        for name in (OWN, BROUGHT)
    }
    return Step(made, served, processes(fleet))


@pytest.fixture(scope="module")
def wish(fleet: Fleet) -> dict[str, Any]:
    """The scenario's wish, which is what the fleet serves at the beginning."""
    return fleet.wish()


@pytest.fixture(scope="module")
def sources(fleet: Fleet, site: Site, wish: dict[str, Any]) -> Sources:
    """Both sites added, a second run; then the PEM's site self-signed, then of the PEM again."""
    brought = bring(BROUGHT)
    before, orders = processes(fleet), fleet.orders_at_ca()
    wishes = {source: wish_with(wish, brought, source) for source in ("provided", "selfsigned")}
    first = take(fleet, site, wishes["provided"])
    again = site.run(wishes["provided"]).succeeded()
    others = (take(fleet, site, wishes[source]) for source in ("selfsigned", "provided"))
    steps = dict(zip(STEPS, (first, *others), strict=True))
    return Sources(brought, before, orders, steps, again)


@AFTER_EACH_STEP
@BALANCERS
def test_a_self_signed_certificate_is_served(
    sources: Sources, step: str, balancer: Balancer
) -> None:
    """The very one that the issuer made, on every balancer; it stays while the other changes."""
    served = sources.steps[step].served[balancer.name, OWN]
    assert served == Served(sources.steps["first"].made_here(OWN), frozenset({OWN}))


@pytest.mark.parametrize("step", ["first", "provided"])
@BALANCERS
def test_what_the_user_brought_is_served(sources: Sources, step: str, balancer: Balancer) -> None:
    """As it is; again after its site was self-signed, which came later."""
    served = sources.steps[step].served[balancer.name, BROUGHT]
    assert served == Served(sources.brought.fingerprint, frozenset({BROUGHT}))


@BALANCERS
def test_the_source_is_changed_by_one_line(sources: Sources, balancer: Balancer) -> None:
    """Then the issuer's own certificate is served for the site, although the PEM is still there."""
    step = sources.steps["selfsigned"]
    served = step.served[balancer.name, BROUGHT]
    assert served == Served(step.made_here(BROUGHT), frozenset({BROUGHT}))
    assert served.fingerprint != sources.brought.fingerprint


@AFTER_EACH_STEP
def test_no_source_needs_a_reload(sources: Sources, step: str) -> None:
    """The same worker serves on every balancer; the master was never told to reload."""
    assert sources.steps[step].processes == sources.before


def test_a_second_run_has_nothing_to_do(sources: Sources) -> None:
    """Whatever the source is."""
    assert sources.again.changed == []


@AFTER_EACH_STEP
def test_what_the_user_brought_is_written_nowhere(sources: Sources, step: str) -> None:
    """Not in what a run prints, nor in any task's result; neither the key nor the chain."""
    lines = sources.brought.lines()
    assert len(lines) > 10
    run = sources.steps[step].made
    told = run.output + "".join(f"{event.result}" for event in run.events)
    assert [line for line in lines if line in told] == []


@BALANCERS
def test_the_key_of_the_user_is_in_one_place_alone(sources: Sources, balancer: Balancer) -> None:
    """In the bundle that HAProxy loads; no issuer keeps another copy."""
    key = sources.brought.lines()[0]
    found = balancer.host.run(f"grep -rlF -e '{key}' /etc/haproxy /var/lib/hitless-edge /tmp")
    assert found.stdout.split() == [f"/etc/haproxy/ssl/{BROUGHT}.ecdsa.pem"]


def test_no_ca_is_asked(fleet: Fleet, sources: Sources, figures: list[str]) -> None:
    """For neither of them."""
    assert fleet.orders_at_ca() == sources.orders
    figures.append(f"{len(sources.steps)} runs by other sources: 0 orders, 0 reloads")


def test_the_fleet_returns_to_its_own_wish(
    fleet: Fleet, site: Site, wish: dict[str, Any], sources: Sources
) -> None:
    """Both sites leave without a reload; then there is nothing left to do."""
    site.run(wish).succeeded()
    for balancer in fleet.balancers:
        assert [fleet.served(balancer, name) for name in (OWN, BROUGHT)] == [None, None]
        assert BROUGHT not in balancer.host.check_output("ls /etc/haproxy/ssl")
    assert processes(fleet) == sources.before
    assert site.run(wish).succeeded().changed == []
