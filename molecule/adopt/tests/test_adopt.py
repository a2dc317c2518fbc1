# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host set up by hand is taken over: nothing dropped, no new certificate, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from fleet_view import Balancer, Fleet, Process, Served
from playbook_runs import Run, play
from scenario import FLEET, SITE
from under_traffic import Traffic, traffic_on

CRON = "/etc/cron.d/renew-certificates"
KINDS = ("h1-new", "h1-keepalive", "h2")


@dataclass(frozen=True)
class Door:
    """A front door of one host."""

    group: str
    name: str
    balancer: Balancer

    def run(self, *arguments: str, **variables: Any) -> Run:
        """`hitless.edge.site` on it."""
        wish = {"edge_balancers_group": self.group, **variables}
        return play(SITE, wish, *arguments)

    @property
    def pem(self) -> str:
        """The hand-made bundle."""
        return f"/etc/haproxy/ssl/{self.name}.pem"


@dataclass(frozen=True)
class TakeOver:
    """What was there, what was done, and what clients saw of it."""

    door: Door
    hand_made: dict[str, str]
    process: Process
    served: Served | None
    orders: int
    refused: Run
    run: Run
    traffic: Traffic
    orders_after: int


def sums(door: Door) -> dict[str, str]:
    """The files that a person made."""
    paths = ("/etc/haproxy/haproxy.cfg", door.pem, CRON)
    return {path: door.balancer.host.file(path).sha256sum for path in paths}


DOORS = [
    Door("with_certbot", "hand1.test", FLEET.balancers[0]),
    Door("with_acme", "hand2.test", FLEET.balancers[1]),
]


@pytest.fixture(scope="module", params=DOORS, ids=lambda door: door.group)
def taken(request: pytest.FixtureRequest, fleet: Fleet) -> TakeOver:
    """A slip first, which HAProxy refuses; then the real thing, under traffic."""
    door: Door = request.param
    balancer = door.balancer
    hand_made, process = sums(door), balancer.process()
    served, orders = fleet.served(balancer, door.name), fleet.orders_at_ca()
    refused = door.run(haproxy_global={"lines": ["no-such-setting 1"]})
    balancer.host.check_output("haproxy -c -f /etc/haproxy/haproxy.cfg")
    names = (door.name, f"www.{door.name}")
    with traffic_on(fleet, *names, options="--repeat-closed", balancers=[balancer]) as traffic:
        run = door.run()
    after = fleet.orders_at_ca()
    return TakeOver(door, hand_made, process, served, orders, refused, run, traffic, after)


def test_a_config_that_is_refused_leaves_the_hand_made_one(taken: TakeOver) -> None:
    """It is what runs, and what would start again with all that lies in its folder by then."""
    taken.refused.failed()
    assert "no-such-setting" in taken.refused.errors


def test_it_is_taken_over(fleet: Fleet, taken: TakeOver) -> None:
    """The config that runs is ours, and the same master runs it."""
    taken.run.succeeded()
    balancer = taken.door.balancer
    assert "hitless.edge" in balancer.runtime("show info")
    after = balancer.process()
    assert after.master == taken.process.master
    assert fleet.get(balancer, f"https://{taken.door.name}/").status == 200


@pytest.mark.parametrize("kind", KINDS)
def test_no_client_lost_a_request(taken: TakeOver, kind: str) -> None:
    """Not one, of any kind."""
    tally = taken.traffic.addresses[taken.door.balancer.address][kind]
    assert tally["failed"] == {}, tally["details"]
    assert tally["requests"] > 20


def test_the_present_certificate_is_served_on(fleet: Fleet, taken: TakeOver) -> None:
    """No new one was ordered: neither by us nor by certbot."""
    assert taken.served is not None
    for name in (taken.door.name, f"www.{taken.door.name}"):
        assert fleet.served(taken.door.balancer, name) == taken.served
    assert taken.orders_after == taken.orders


def test_what_a_person_made_is_kept(taken: TakeOver) -> None:
    """The bundle, the cron entry; and the config as the last good one."""
    host = taken.door.balancer.host
    after = sums(taken.door)
    config = "/etc/haproxy/haproxy.cfg"
    assert {p: s for p, s in after.items() if p != config} == {
        p: s for p, s in taken.hand_made.items() if p != config
    }
    assert host.file("/etc/haproxy/previous/haproxy.cfg").sha256sum == taken.hand_made[config]


def test_the_old_renewal_is_named(taken: TakeOver) -> None:
    """With its place, its harm, and what to do."""
    words = " ".join(taken.run.output.split())
    assert f"{CRON}:2 renews certificates too and stops HAProxy for it" in words
    assert "renewal_remove_old: true" in words


def test_a_second_run_has_nothing_to_do(taken: TakeOver) -> None:
    """And says what it would do beforehand: nothing."""
    assert taken.door.run().succeeded().changed == []
    assert taken.door.run("--check", "--diff").succeeded().changed == []


def test_the_old_renewal_leaves_when_asked(taken: TakeOver) -> None:
    """The line; a copy of it is kept, and the other lines stay."""
    host = taken.door.balancer.host
    taken.door.run(renewal_remove_old=True).succeeded()
    assert host.file(CRON).content_string == "# Renew on Mondays\n"
    copy = host.file("/var/backups/hitless-edge/etc_cron.d_renew-certificates")
    assert "stop haproxy" in copy.content_string
    assert taken.door.run(renewal_remove_old=True).succeeded().changed == []


def test_a_restart_finds_all_it_needs(fleet: Fleet, taken: TakeOver) -> None:
    """The host may reboot."""
    taken.door.balancer.host.check_output("systemctl restart haproxy.service")
    assert fleet.served(taken.door.balancer, taken.door.name) == taken.served


RENEWALS = {
    "with_acme": "systemd-run -q --wait --pipe --uid hitless hitless-edge renew --force {name}",
    "with_certbot": "REQUESTS_CA_BUNDLE=/etc/lab/acme-ca.pem /opt/certbot/bin/certbot renew"
    " --cert-name {name} --force-renewal --no-random-sleep-on-renew",
}


def test_it_renews_by_itself_from_now_on(fleet: Fleet, taken: TakeOver) -> None:
    """A new certificate is served, and nothing was reloaded for it."""
    door = taken.door
    before = door.balancer.process()
    door.balancer.host.check_output(RENEWALS[door.group].format(name=door.name))
    served = fleet.served(door.balancer, door.name)
    assert served is not None
    assert served != taken.served
    assert door.balancer.process() == before


def test_figures(taken: TakeOver, figures: list[str]) -> None:
    """What was measured, for the last line."""
    traffic = taken.traffic
    figures.append(
        f"{taken.door.group}: {traffic} in {traffic.seconds:.0f} s,"
        f" {traffic.total('retried_safe')} repeated as RFC 9112 and 9113 allow,"
        f" {traffic.failures} failed, {taken.orders_after - taken.orders} new orders"
    )
    assert traffic.lost == {}
