# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From bare hosts: what check mode predicts happens, and then nothing is left to do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from fleet_view import Balancer, Fleet
from playbook_runs import Run
from scenario import FLEET, Site

SITES = (("alpha.test", "www.alpha.test"), ("beta.test",), ("xn--bcher-kva.test",))
DOMAINS = tuple(domain for site in SITES for domain in site)
BALANCERS = pytest.mark.parametrize("balancer", FLEET.balancers, ids=lambda b: b.name)


@dataclass(frozen=True)
class FirstRuns:
    """The first four runs of the playbook on the fleet."""

    predicted: Run
    made: Run
    predicted_again: Run
    again: Run


@pytest.fixture(scope="module")
def runs(site: Site, figures: list[str]) -> FirstRuns:
    """Check and run, from bare hosts; then check and run where all is done."""
    runs = FirstRuns(site.check(), site.run(), site.check(), site.run())
    figures.append(f"first run {runs.made.seconds:.0f} s, second run {runs.again.seconds:.0f} s")
    return runs


def test_check_mode_completes_on_bare_hosts(runs: FirstRuns) -> None:
    """Nothing that the run would install is needed to predict it."""
    runs.predicted.succeeded()


def test_the_first_run_succeeds(runs: FirstRuns) -> None:
    """One playbook is all it takes."""
    runs.made.succeeded()


def test_check_mode_predicts_the_first_run(runs: FirstRuns) -> None:
    """The same tasks change on the same hosts."""
    assert runs.predicted.changed == runs.made.changed
    assert runs.made.changed


def test_a_second_run_changes_nothing(runs: FirstRuns) -> None:
    """Neither in check mode nor for real."""
    assert runs.predicted_again.succeeded().changed == []
    assert runs.again.succeeded().changed == []
    assert {host: counts["changed"] for host, counts in runs.again.stats.items()} == dict.fromkeys(
        runs.again.stats, 0
    )


def test_no_run_warns(runs: FirstRuns) -> None:
    """A converge has nothing to complain about."""
    for run in (runs.made, runs.again):
        assert "[WARNING]" not in run.output
        assert "[DEPRECATION WARNING]" not in run.output


@pytest.mark.usefixtures("runs")
@BALANCERS
@pytest.mark.parametrize("domain", DOMAINS)
def test_every_balancer_serves_every_domain(fleet: Fleet, balancer: Balancer, domain: str) -> None:
    """Over TLS that a client trusts, from a web server behind; plain HTTP leads there."""
    assert fleet.get(balancer, f"https://{domain}/").status == 200
    plain = fleet.get(balancer, f"http://{domain}/x?y=1")
    assert (plain.status, plain.location) == (308, f"https://{domain}/x?y=1")


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("names", SITES, ids=lambda names: names[0])
def test_one_certificate_for_a_site_on_all_balancers(fleet: Fleet, names: tuple[str, ...]) -> None:
    """Ordered once, for all names of the site, served everywhere."""
    served = {fleet.served(balancer, name) for balancer in fleet.balancers for name in names}
    assert len(served) == 1
    assert {name for certificate in served if certificate for name in certificate.names} == {*names}


@pytest.mark.usefixtures("runs")
def test_the_ca_was_asked_once_for_each_site(fleet: Fleet) -> None:
    """Not once for each balancer, and not again by the second run."""
    assert fleet.orders_at_ca() == len(SITES)


@pytest.mark.usefixtures("runs")
def test_both_releases_are_in_the_fleet(fleet: Fleet, figures: list[str]) -> None:
    """Debian 12's HAProxy and Debian 13's."""
    releases = sorted({balancer.release() for balancer in fleet.balancers})
    assert releases == ["2.6", "3.0"]
    figures.append(f"HAProxy {' and '.join(releases)}")


@pytest.mark.usefixtures("runs")
@BALANCERS
def test_only_own_names_are_answered_to_a_ca(fleet: Fleet, balancer: Balancer) -> None:
    """Token and thumbprint for our names; 404 for others, and for what is no token."""
    path = "/.well-known/acme-challenge"
    token = "tokentokentokentoken"
    answer = fleet.get(balancer, f"http://alpha.test{path}/{token}")
    assert answer.status == 200
    assert answer.body.startswith(f"{token}.")
    assert len(answer.body) == len(token) + 1 + 43
    assert fleet.get(balancer, f"http://foreign.test{path}/{token}").status == 404
    assert fleet.get(balancer, f"http://alpha.test{path}/<script>").status == 404


@pytest.mark.usefixtures("runs")
@BALANCERS
def test_an_unknown_name_gets_no_certificate(fleet: Fleet, balancer: Balancer) -> None:
    """Rather no handshake than a wrong name."""
    assert fleet.served(balancer, "foreign.test") is None


@pytest.mark.usefixtures("runs")
@BALANCERS
def test_keys_are_private(balancer: Balancer) -> None:
    """Bundles and the way to them are the command's; the Runtime API is for the group."""
    listing = balancer.host.check_output(
        "stat -c '%n %a %U' /etc/haproxy/ssl /etc/haproxy/ssl/*.pem"
    )
    entries = [line.split() for line in listing.splitlines()]
    assert entries[0] == ["/etc/haproxy/ssl", "700", "hitless"]
    assert len(entries) == 1 + len(SITES)
    assert {(mode, owner) for _unused, mode, owner in entries[1:]} == {("600", "hitless")}
    socket = balancer.host.check_output("stat -c '%a %U %G' /run/haproxy/admin.sock")
    assert socket == "660 root haproxy"


@pytest.mark.usefixtures("runs")
@BALANCERS
def test_no_unit_has_failed(balancer: Balancer) -> None:
    """The host is as healthy as it was."""
    assert balancer.host.check_output("systemctl --failed --no-legend") == ""
