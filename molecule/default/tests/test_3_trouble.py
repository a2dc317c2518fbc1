# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong is said once, clearly, and nobody else suffers from it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from fleet_view import Fleet
from playbook_runs import Meanwhile, Run
from scenario import Site

ELSEWHERE = "203.0.113.9"


def with_site(fleet: Fleet, *domains: str) -> dict[str, Any]:
    """The scenario's wish with a site more."""
    wish = fleet.wish()
    wish["haproxy_sites"].append({"domains": list(domains), "backend": "web"})
    return wish


@pytest.fixture(scope="module")
def astray(fleet: Fleet, site: Site) -> Run:
    """A run in which one of two new domains resolves to a host that is not ours."""
    fleet.resolve("point", "astray.test", ELSEWHERE)
    return site.run(with_site(fleet, "fine.test", "astray.test"))


def test_a_domain_that_points_elsewhere_is_named_with_its_address(astray: Run) -> None:
    """The run fails, by one error that says which domain and where it resolves to."""
    astray.failed()
    told = [line for line in astray.errors.splitlines() if "astray.test" in line]
    assert [ELSEWHERE in line for line in told] == [True], astray.errors


def test_the_ca_never_hears_of_it(fleet: Fleet, astray: Run, figures: list[str]) -> None:
    """No order with its name, so no failed validation is spent."""
    assert astray.events
    figures.append("a domain astray: named, not ordered")
    assert "fine.test" in fleet.names_at_ca()
    assert "astray.test" not in fleet.names_at_ca()


def test_all_other_domains_are_served(fleet: Fleet, astray: Run) -> None:
    """The new one beside it, too."""
    assert astray.events
    for balancer in fleet.balancers:
        for name in ("fine.test", "alpha.test", "beta.test"):
            assert fleet.get(balancer, f"https://{name}/").status == 200


def test_once_it_points_here_it_is_served(fleet: Fleet, site: Site, astray: Run) -> None:
    """The next run does what is left to do."""
    assert astray.events
    fleet.resolve("restore", "astray.test")
    site.run(with_site(fleet, "fine.test", "astray.test")).succeeded()
    for balancer in fleet.balancers:
        assert fleet.get(balancer, "https://astray.test/").status == 200


@pytest.fixture(scope="module")
def interrupted(fleet: Fleet, site: Site) -> Run:
    """A run in which a balancer dies as soon as the new certificate is there to be delivered."""
    victim = fleet.balancers[-1].name
    death = Meanwhile(
        due=lambda events: any(
            event.action == "hitless.edge.acme_certificates" and event.changed for event in events
        ),
        act=lambda: fleet.engine("kill", victim),
    )
    return site.run(with_site(fleet, "epsilon.test"), meanwhile=death)


def test_a_balancer_that_died_is_told(fleet: Fleet, interrupted: Run) -> None:
    """The run does not end well, and says who is missing."""
    interrupted.failed()
    victim = fleet.balancers[-1].name
    assert interrupted.stats[victim]["unreachable"] or interrupted.stats[victim]["failures"]


def test_the_others_are_served_meanwhile(fleet: Fleet, interrupted: Run) -> None:
    """With the new certificate as well."""
    assert interrupted.events
    for balancer in fleet.balancers[:-1]:
        for name in ("epsilon.test", "alpha.test"):
            assert fleet.get(balancer, f"https://{name}/").status == 200


def test_it_catches_up_when_it_is_back(
    fleet: Fleet, site: Site, interrupted: Run, figures: list[str]
) -> None:
    """The next run delivers what it missed, and orders nothing anew."""
    assert interrupted.events
    orders = fleet.orders_at_ca()
    fleet.start(fleet.balancers[-1])
    wish = with_site(fleet, "epsilon.test")
    site.run(wish).succeeded()
    assert fleet.get(fleet.balancers[-1], "https://epsilon.test/").status == 200
    assert fleet.orders_at_ca() == orders
    assert site.run(wish).succeeded().changed == []
    figures.append("a balancer killed in a run: the others served, it caught up")


HOSTILE = {
    "haproxy_sites[0].domains[1]": lambda wish: wish["haproxy_sites"][0]["domains"].__setitem__(
        1, "evil.test\n    http-request deny"
    ),
    "haproxy_sites[0].routes[0].backend": lambda wish: wish["haproxy_sites"][0].__setitem__(
        "routes", [{"path": "/blog", "backend": "wed"}]
    ),
    "haproxy_sites[1].lines[0]": lambda wish: wish["haproxy_sites"][1].__setitem__(
        "lines", ["http-request deny\nuserlist x"]
    ),
    "haproxy_sites[2].domains[0]": lambda wish: wish["haproxy_sites"][2].__setitem__(
        "domains", [f"{'a' * 250}.test"]
    ),
    "haproxy_backends[0].port": lambda wish: wish["haproxy_backends"][0].__setitem__("port", 70000),
    "haproxy_site": lambda wish: wish.__setitem__("haproxy_site", []),
}
"""Path of a fault: how to make it."""


@pytest.fixture(scope="module")
def hostile(fleet: Fleet, site: Site) -> Run:
    """A run with all of these faults in its wish at once."""
    wish = deepcopy(fleet.wish())
    for spoil in HOSTILE.values():
        spoil(wish)
    return site.run(wish)


@pytest.mark.parametrize("path", HOSTILE)
def test_every_fault_of_a_wish_is_told_with_its_path(hostile: Run, path: str) -> None:
    """All of them at once, in one error of one host."""
    hostile.failed()
    assert len(hostile.failures) == 1
    assert f"{path}: " in hostile.errors


def test_a_likely_meaning_is_offered(hostile: Run) -> None:
    """A misspelled name is answered by the one that it resembles."""
    assert 'did you mean "web"?' in hostile.errors


def test_a_faulty_wish_touches_no_host(hostile: Run) -> None:
    """The check is made on the controller, before anything else."""
    assert {event.play for event in hostile.events} == {"Check the wish"}
    assert hostile.changed == []


def test_an_empty_list_of_sites_takes_no_certificate(fleet: Fleet, site: Site) -> None:
    """It is refused by every balancer, with the variable that says that it is meant."""
    refused = site.check({"haproxy_sites": []}).failed()
    assert {event.host for event in refused.failures} == {one.name for one in fleet.balancers}
    assert "certificates_purge_everything" in refused.errors


def test_at_the_end_nothing_is_left_over(fleet: Fleet, site: Site) -> None:
    """The scenario's own wish converges, and removes what the others brought."""
    site.run().succeeded()
    assert site.run().succeeded().changed == []
    for balancer in fleet.balancers:
        assert fleet.served(balancer, "epsilon.test") is None
