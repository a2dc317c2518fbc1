# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains come and go: certificates follow, no process is reloaded, foreign files stay."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from fleet_view import Balancer, Fleet, Process
from playbook_runs import Run
from scenario import FLEET, Site

FOREIGN = "/etc/haproxy/ssl/foreign.pem"
BALANCERS = pytest.mark.parametrize("balancer", FLEET.balancers, ids=lambda b: b.name)


@pytest.fixture(scope="module")
def wish(fleet: Fleet, site: Site) -> dict[str, Any]:
    """The scenario's wish, which is what the fleet serves at the beginning."""
    site.run().succeeded()
    return fleet.wish()


@pytest.fixture(scope="module", autouse=True)
def foreign(fleet: Fleet, wish: dict[str, Any]) -> Iterator[str]:
    """A bundle that somebody else has put there; its checksum."""
    del wish
    sums = set()
    for balancer in fleet.balancers:
        balancer.host.check_output(f"cp /etc/haproxy/ssl/beta.test.ecdsa.pem {FOREIGN}")
        sums.add(balancer.host.file(FOREIGN).sha256sum)
    (checksum,) = sums
    yield checksum
    for balancer in fleet.balancers:
        balancer.host.check_output(f"rm -f {FOREIGN}")


def sites_with(wish: dict[str, Any], *sites: dict[str, Any]) -> dict[str, Any]:
    """The wish with these sites."""
    return {**deepcopy(wish), "haproxy_sites": list(sites)}


def processes(fleet: Fleet) -> dict[str, Process]:
    """Who serves on each balancer."""
    return {balancer.name: balancer.process() for balancer in fleet.balancers}


@pytest.fixture(scope="module")
def grown(fleet: Fleet, site: Site, wish: dict[str, Any]) -> dict[str, Any]:
    """A wish with a name more in the first site and a site more, predicted and made."""
    first, *others = deepcopy(wish["haproxy_sites"])
    first["domains"].append("new.alpha.test")
    added = {"domains": ["delta.test"], "backend": "web"}
    changed = sites_with(wish, first, *others, added)
    before = processes(fleet)
    predicted = site.check(changed).succeeded()
    made = site.run(changed).succeeded()
    return {
        "wish": changed,
        "predicted": predicted,
        "made": made,
        "before": before,
        "after": processes(fleet),
    }


def test_check_mode_predicts_an_added_domain(grown: dict[str, Any]) -> None:
    """The order, the delivery and the maps; on the same hosts."""
    predicted, made = grown["predicted"], grown["made"]
    assert isinstance(predicted, Run)
    assert predicted.changed == made.changed


@BALANCERS
@pytest.mark.parametrize("name", ["new.alpha.test", "alpha.test", "delta.test"])
def test_an_added_domain_is_served(
    fleet: Fleet, grown: dict[str, Any], balancer: Balancer, name: str
) -> None:
    """With a certificate that has its name, beside those that were there before."""
    assert grown["made"].rc == 0
    assert fleet.get(balancer, f"https://{name}/").status == 200
    certificate = fleet.served(balancer, name)
    assert certificate is not None
    assert name in certificate.names


def test_an_added_domain_needs_no_reload(grown: dict[str, Any]) -> None:
    """The same worker serves on every balancer; the master was never told to reload."""
    assert grown["before"] == grown["after"]


@pytest.fixture(scope="module")
def shrunk(
    fleet: Fleet, site: Site, wish: dict[str, Any], grown: dict[str, Any]
) -> dict[str, Process]:
    """The added name removed again, and two whole sites; who served before."""
    before: dict[str, Process] = grown["after"]
    first, _beta, third = wish["haproxy_sites"]
    site.run(sites_with(wish, first, third)).succeeded()
    assert fleet.balancers
    return before


@BALANCERS
@pytest.mark.parametrize("name", ["new.alpha.test", "beta.test", "delta.test"])
def test_a_removed_domain_is_served_no_more(
    fleet: Fleet, shrunk: dict[str, Process], balancer: Balancer, name: str
) -> None:
    """No certificate of ours has its name."""
    assert balancer.name in shrunk
    assert fleet.served(balancer, name) is None


@BALANCERS
def test_the_certificate_of_a_removed_domain_is_a_new_one(
    fleet: Fleet, shrunk: dict[str, Process], balancer: Balancer
) -> None:
    """The site goes on with a certificate for what is left of it."""
    assert balancer.name in shrunk
    certificate = fleet.served(balancer, "alpha.test")
    assert certificate is not None
    assert certificate.names == {"alpha.test", "www.alpha.test"}


@BALANCERS
def test_the_certificate_of_a_removed_site_leaves(
    shrunk: dict[str, Process], balancer: Balancer
) -> None:
    """From the disk, from the crt-list, from the process."""
    assert balancer.name in shrunk
    for name in ("beta.test", "delta.test"):
        assert name not in balancer.host.check_output("ls /etc/haproxy/ssl")
        assert name not in balancer.host.file("/etc/haproxy/ssl/.crt-list.txt").content_string
        assert name not in balancer.runtime("show ssl cert")


def test_a_removed_site_needs_no_reload(
    fleet: Fleet, shrunk: dict[str, Process], figures: list[str]
) -> None:
    """The process that served it serves the others."""
    assert processes(fleet) == shrunk
    figures.append("domains and sites added and removed: 0 reloads")


@BALANCERS
def test_a_foreign_bundle_is_left_alone(
    shrunk: dict[str, Process], balancer: Balancer, foreign: str
) -> None:
    """What the collection did not put there it does not remove, nor load."""
    assert balancer.name in shrunk
    assert balancer.host.file(FOREIGN).sha256sum == foreign
    assert FOREIGN not in balancer.host.file("/etc/haproxy/ssl/.crt-list.txt").content_string


def test_what_was_removed_comes_back(fleet: Fleet, site: Site, wish: dict[str, Any]) -> None:
    """The scenario's own wish again; then there is nothing left to do."""
    site.run(wish).succeeded()
    assert all(
        fleet.get(balancer, "https://beta.test/").status == 200 for balancer in fleet.balancers
    )
    assert site.run(wish).succeeded().changed == []
