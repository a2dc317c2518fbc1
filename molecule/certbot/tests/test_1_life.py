# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that happens to a certificate by certbot, and clients notice nothing of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from certbots import UNIT, Certbots
from fleet_view import Balancer, Fleet, Process
from playbook_runs import Run, play
from renewals import Renewals, Shown, wait_for
from scenario import FLEET, Site
from under_traffic import Traffic, traffic_on

BALANCERS = pytest.mark.parametrize("balancer", FLEET.balancers, ids=lambda b: b.name)
KINDS = ("h1-new", "h1-keepalive", "h2")
MOST_EXPOSURE = 5.0
"""Where `systemd-analyze security` stops to say OK."""
BOT, CALM = "bot.test", "calm.test"
ADDED = "new.bot.test"
LINEAGES = {"bot.test.conf", "calm.test.conf", "calm.test-rsa.conf"}


@dataclass(frozen=True)
class Step:
    """One thing that happened: what was served after it, and what the CA issued for it.

    ``names``: of the first certificate, on each balancer.
    """

    shown: Shown
    issued: int
    seconds: float
    names: tuple[frozenset[str], ...] = ()
    run: Run | None = None


@dataclass(frozen=True)
class Life:
    """All of it, under traffic. ``before``, ``after``: around the renewal by the timer."""

    steps: dict[str, Step]
    before: dict[str, Process]
    after: dict[str, Process]
    traffic: Traffic


def processes(fleet: Fleet) -> dict[str, Process]:
    """Who serves on each balancer."""
    return {balancer.name: balancer.process() for balancer in fleet.balancers}


def changed(fleet: Fleet, domains: list[str], source_of_calm: str = "certbot") -> dict[str, Any]:
    """The scenario's wish with other domains of the first site, and another source of the last."""
    wish = fleet.wish()
    wish["haproxy_sites"][0] = {**wish["haproxy_sites"][0], "domains": domains}
    certificate = wish["haproxy_sites"][1]["certificate"]
    wish["haproxy_sites"][1]["certificate"] = {**certificate, "source": source_of_calm}
    return wish


@dataclass(frozen=True)
class Story:
    """Tells it step by step."""

    fleet: Fleet
    renewals: Renewals
    certbots: Certbots
    site: Site

    def renew(self, old: Shown) -> Step:
        """The CA wants both back; nobody does anything about it but the timer."""
        issued = self.renewals.issued()
        self.certbots.make_due(BOT, CALM)
        seconds = wait_for(
            lambda: self.renewals.is_new(old),
            doubt=lambda: self.certbots.log(self.fleet.issuer),
        )
        return Step(self.renewals.everywhere(), self.renewals.issued() - issued, seconds)

    def change(self, wish: dict[str, Any]) -> Step:
        """A run of the playbook with another wish."""
        issued = self.renewals.issued()
        run = self.site.run(wish).succeeded()
        shown = self.renewals.everywhere()
        served = [self.fleet.served(balancer, BOT) for balancer in self.fleet.balancers]
        names = tuple(one.names for one in served if one is not None)
        return Step(shown, self.renewals.issued() - issued, run.seconds, names, run)

    def wait_for_lineage(self, name: str, *, is_there: bool) -> None:
        """Until certbot renews it on the issuer, or does so no more."""
        wait_for(
            lambda: (f"{name}.conf" in self.certbots.lineages(self.fleet.issuer)) is is_there,
            doubt=lambda: self.certbots.log(self.fleet.issuer),
        )


@pytest.fixture(scope="module")
def life(fleet: Fleet, renewals: Renewals, certbots: Certbots, site: Site) -> Life:
    """A renewal, a name more, a name less, another source and back."""
    story = Story(fleet, renewals, certbots, site)
    names = fleet.wish()["haproxy_sites"][0]["domains"]
    steps = {"first": Step(renewals.everywhere(), 0, 0.0)}
    with traffic_on(fleet, BOT, CALM) as traffic:
        before = processes(fleet)
        steps["renewed"] = story.renew(steps["first"].shown)
        after = processes(fleet)
        steps["added"] = story.change(changed(fleet, [*names, ADDED]))
        steps["removed, acme"] = story.change(changed(fleet, names, "acme"))
        story.wait_for_lineage(CALM, is_there=False)
        steps["certbot again"] = story.change(fleet.wish())
        story.wait_for_lineage(CALM, is_there=True)
    return Life(steps, before, after, traffic)


@BALANCERS
def test_a_renewal_by_the_timer_is_served_everywhere(life: Life, balancer: Balancer) -> None:
    """One new certificate for each name, without a reload."""
    old, new = life.steps["first"].shown, life.steps["renewed"]
    assert all(new.shown[name] not in ("", old[name]) for name in (BOT, CALM))
    assert new.issued == 2
    assert life.after[balancer.name] == life.before[balancer.name]


def test_a_name_is_added(life: Life) -> None:
    """One order, for its certificate alone; all balancers answer for the new name."""
    renewed, added = life.steps["renewed"], life.steps["added"]
    assert added.issued == 1
    assert added.shown[BOT] not in ("", renewed.shown[BOT])
    assert added.shown[CALM] == renewed.shown[CALM]
    assert added.names == (frozenset({BOT, f"www.{BOT}", ADDED}),) * 3
    assert added.run is not None
    (issued,) = added.run.of("certbot_certificates")[-1:]
    assert [one["reason"] for one in issued.result["certificates"]] == [
        f"names differ: {ADDED} is new"
    ]


def test_a_name_is_removed_and_a_source_changed(life: Life) -> None:
    """One order again; what our own client renews from now on is not ordered anew."""
    added, removed = life.steps["added"], life.steps["removed, acme"]
    assert removed.issued == 1
    assert removed.shown[BOT] not in ("", added.shown[BOT])
    assert removed.shown[CALM] == added.shown[CALM]
    assert removed.names == (frozenset({BOT, f"www.{BOT}"}),) * 3


def test_a_source_is_changed_back(life: Life) -> None:
    """Without any order; certbot has the lineage again, and both kinds of its keys."""
    removed, back = life.steps["removed, acme"], life.steps["certbot again"]
    assert back.issued == 0
    assert back.shown == removed.shown


@BALANCERS
def test_every_issuer_holds_what_is_served(
    fleet: Fleet, certbots: Certbots, life: Life, balancer: Balancer
) -> None:
    """In certbot's own folder; only the first may renew it."""
    shown = life.steps["certbot again"].shown
    wait_for(
        lambda: set(certbots.lineages(balancer.host)) == LINEAGES,
        doubt=lambda: certbots.log(balancer.host),
    )
    for name in (BOT, CALM):
        assert certbots.fingerprint(balancer.host, name) == shown[name]
    is_first = balancer == fleet.balancers[0]
    assert certbots.may_renew(balancer.host, BOT) is is_first


@BALANCERS
@pytest.mark.parametrize("kind", KINDS)
def test_no_client_lost_a_request(life: Life, balancer: Balancer, kind: str) -> None:
    """Not one, of this kind, at this balancer; and there were some to lose."""
    tally = life.traffic.addresses[balancer.address][kind]
    assert tally["failed"] == {}, tally["details"]
    assert tally["requests"] > 0


def test_a_dry_run_works(fleet: Fleet, certbots: Certbots, renewals: Renewals, life: Life) -> None:
    """As certbot's users know it; HAProxy answers its challenges too, and nothing is kept."""
    del life
    shown = renewals.everywhere()
    said = certbots.rehearse(fleet.issuer)
    assert "Congratulations, all simulated renewals succeeded" in said
    assert said.count("(success)") == 3
    assert renewals.everywhere() == shown


@BALANCERS
def test_the_unit_is_confined(balancer: Balancer) -> None:
    """`systemd-analyze security` calls it OK or better, on this release."""
    said = balancer.host.check_output(f"systemd-analyze security --no-pager {UNIT}.service")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) < MOST_EXPOSURE, said


def test_what_a_version_cannot_do_is_refused_first(fleet: Fleet) -> None:
    """Debian 12's own certbot has no profiles: nothing is installed, nothing is changed."""
    wish = {**fleet.wish(), "certbot_install": "package"}
    wish["certificates_defaults"] = {"source": "certbot", "profile": "shortlived"}
    run = play("hitless.edge.configure", wish).failed()
    assert "certbot 2.1 has no profiles (shortlived), which came with 4.0" in run.errors
    assert run.changed == []


def test_both_releases_took_part(fleet: Fleet) -> None:
    """Debian 12's HAProxy and Debian 13's."""
    assert {balancer.release() for balancer in fleet.balancers} == {"2.6", "3.0"}


def test_figures(life: Life, figures: list[str]) -> None:
    """What was measured, for the last line; nothing is lost."""
    issued = {name: step.issued for name, step in life.steps.items()}
    figures += [
        f"renewed by certbot's timer in {life.steps['renewed'].seconds:.0f} s, 0 reloads",
        f"orders for a name added {issued['added']}, for a name removed {issued['removed, acme']}",
        f"for the source certbot -> acme -> certbot {issued['certbot again']}",
        f"{life.traffic} in {life.traffic.seconds:.0f} s",
        f"{life.traffic.failures} failed",
    ]
    assert life.traffic.lost == {}
