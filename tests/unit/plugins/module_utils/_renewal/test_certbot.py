# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot on every issuer of a fleet: one renews, the others follow, the next takes over."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Source,
    Wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.account import (
    AccountFolder,
    KeptKey,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.lineages import Lineages
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._renewal.certbot import (
    NOT_YET,
    Deployed,
    Turned,
    deployed,
    turn,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import Certbot
from fake_ca import FakeCa, running
from fake_certbot import CONFIG, DIRECTORY, account_key, place_lineage
from fakes import NOON, FakeClock
from minted import mint
from renewing import DAY, HOME, HOUR, SITE, Fleet

KEY = account_key()
ACCOUNT = f"{DIRECTORY}/account/1"
LIFE = 90 * DAY
STANDBYS = ("lb2", "lb3")


@dataclass
class Certbots:
    """A certbot on each host of a fleet, and its timer."""

    fleet: Fleet
    orders: int = 0

    def turn(self, name: str) -> Turned:
        """As the unit's condition runs it."""
        fleet = self.fleet
        return turn(fleet.members[name].host.ports, fleet.settings_of(name), fleet.reach(name))

    def timer(self, name: str) -> Turned:
        """A run of the timer: what certbot may renew and holds due, it does, and calls its hook."""
        turned = self.turn(name)
        host = self.fleet.members[name].host
        lineages = Lineages(host.files, CONFIG)
        for lineage in lineages.names() if turned.may_renew else ():
            conf, found = lineages.conf(lineage), lineages.read(lineage)
            assert conf is not None
            assert found is not None, "certbot takes no lineage without its files"
            is_due = host.clock.now() > found.leaf.not_before + LIFE * 2 / 3
            if is_due and conf.parameters.get("autorenew") != "False":
                self._renew(name, lineage)
        return turned

    def deployed(self, name: str, lineage: str = "a.test") -> Deployed:
        """As certbot runs its deploy hook."""
        fleet = self.fleet
        ports, settings = fleet.members[name].host.ports, fleet.settings_of(name)
        return deployed(ports, settings, fleet.reach(name), f"{CONFIG}/live/{lineage}")

    def place(self, name: str) -> str:
        """A new version of the site's lineage on a host; its fingerprint."""
        self.orders += 1
        host, now = self.fleet.members[name].host, self.fleet.clock.now()
        made = mint("a.test", serial=500 + self.orders, not_before=now, not_after=now + LIFE)
        place_lineage(host, "a.test", made)
        return made.fingerprint

    def _renew(self, name: str, lineage: str) -> None:
        self.place(name)
        self.deployed(name, lineage)


@pytest.fixture
def certbots() -> Iterator[Certbots]:
    """A fleet of three after its play: certbot's account is on the first, its replica on all."""
    clock = FakeClock()
    with running(FakeCa(now=clock.now)) as ca:
        certbot = Certbot(
            KEY.thumbprint, ACCOUNT, ca.directory_url, CONFIG, "/opt/certbot/bin/certbot"
        )
        wished = (Wished(Source.CERTBOT, SITE),)
        fleet = Fleet.made(ca, clock, certbot=certbot, wished=wished)
        for member in fleet.members.values():
            KeptKey(member.files, HOME).write(KEY)
        first = fleet.members["lb1"]
        made = mint("a.test", serial=499, not_before=NOON - HOUR, not_after=NOON - HOUR + LIFE)
        found = bundle.parse(made.pem, name="a.test", path="minted")
        first.store.save(SITE, found, Facts("ca", ca.directory_url, None, None, NOON))
        fleet.push()
        yield Certbots(fleet)


def confs(certbots: Certbots) -> dict[str, str | None]:
    """Which hosts' certbot may renew, by what its files say."""
    found = {}
    for name, member in certbots.fleet.members.items():
        conf = Lineages(member.files, CONFIG).conf("a.test")
        found[name] = conf.parameters.get("autorenew") if conf else "no file"
    return found


def test_every_issuer_gets_all_that_certbot_needs(certbots: Certbots) -> None:
    """Account and lineage out of settings and store; only the first may renew."""
    for name, member in certbots.fleet.members.items():
        turned = certbots.turn(name)
        assert turned.may_renew is (name == "lb1")
        assert turned.done == ("a.test (ecdsa): given to certbot, renewed through HAProxy",)
        account = AccountFolder(member.files, CONFIG).find(certbots.fleet.ca.directory_url)
        assert account is not None
        assert (account.key, account.url) == (KEY, ACCOUNT)
        assert certbots.turn(name).done == ()
    assert confs(certbots) == {"lb1": None, "lb2": "False", "lb3": "False"}


def test_an_issuer_whose_own_settings_go_over_ours_renews_nothing(certbots: Certbots) -> None:
    """Its journal says why; the next one renews when its turn has come."""
    first = certbots.fleet.members["lb1"]
    first.files.write(f"{CONFIG}/cli.ini", b"authenticator = standalone\n")
    turned = certbots.turn("lb1")
    assert not turned.may_renew
    assert turned.reason.startswith(f"{CONFIG}/cli.ini:1: authenticator goes over")
    assert confs(certbots)["lb1"] == "False"
    certbots.fleet.wait(62 * DAY)
    for _unused in range(3):
        certbots.fleet.wait(DAY)
        for name in certbots.fleet.members:
            certbots.timer(name)
    assert certbots.orders == 1
    assert len(certbots.fleet.served()) == 1


def test_the_first_renews_and_all_serve_it(certbots: Certbots) -> None:
    """Once; the others' timers only take note."""
    for _unused in range(3):
        certbots.fleet.wait(20 * DAY + 2 * HOUR)
        for name in certbots.fleet.members:
            certbots.timer(name)
    assert certbots.orders == 1
    assert len(certbots.fleet.served()) == 1
    live = {
        found.leaf.fingerprint
        for member in certbots.fleet.members.values()
        if (found := Lineages(member.files, CONFIG).read("a.test"))
    }
    assert live == certbots.fleet.served()


def test_the_next_takes_over_and_the_first_orders_nothing_when_it_is_back(
    certbots: Certbots,
) -> None:
    """After its delay, not before; none of them loops."""
    fleet = certbots.fleet
    for name in fleet.members:
        certbots.timer(name)
    fleet.kill("lb1")
    fleet.wait(61 * DAY)
    for name in STANDBYS:
        assert not certbots.timer(name).may_renew
    fleet.wait(37 * HOUR)  # a sixtieth of 90 days is 36 hours
    assert certbots.timer("lb2").may_renew
    assert not certbots.timer("lb3").may_renew
    assert certbots.orders == 1
    fleet.revive("lb1")
    assert not certbots.timer("lb1").may_renew
    fleet.push("lb2")
    for name in fleet.members:
        certbots.timer(name)
    assert certbots.orders == 1
    assert len(fleet.served()) == 1
    assert confs(certbots) == {"lb1": None, "lb2": "False", "lb3": "False"}


def test_the_first_does_not_wait_for_ever_for_a_push(certbots: Certbots) -> None:
    """Near the end of its own certificate it renews, whatever others hold."""
    fleet = certbots.fleet
    fleet.wait(62 * DAY)
    certbots.place("lb2")
    certbots.turn("lb2")
    assert not certbots.turn("lb1").may_renew
    fleet.wait(14 * DAY)
    assert certbots.turn("lb1").may_renew


def test_a_hook_that_did_not_run_is_made_up_for(certbots: Certbots) -> None:
    """What certbot got is taken by the next turn, noted in the ledger, and pushed by a renewal."""
    fleet = certbots.fleet
    certbots.turn("lb1")
    fleet.wait(HOUR)
    fingerprint = certbots.place("lb1")
    turned = certbots.turn("lb1")
    assert turned.done == ("a.test (ecdsa): taken into the store",)
    assert fleet.members["lb1"].held() == fingerprint
    ledger = fleet.members["lb1"].files.content[f"{HOME}/received.jsonl"].decode()
    assert fingerprint in ledger
    fleet.push()
    assert fleet.served() == {fingerprint}


def test_what_the_hook_brings_is_on_all_hosts(certbots: Certbots) -> None:
    """And it tells which of them are lacking; again, it pushes without taking anything."""
    fleet = certbots.fleet
    certbots.turn("lb1")
    fleet.wait(HOUR)
    fleet.kill("lb3")
    fingerprint = certbots.place("lb1")
    told = certbots.deployed("lb1")
    assert (told.was_taken, told.is_well) == (True, False)
    assert {one.host: one.ok for one in told.pushed} == {"lb1": True, "lb2": True, "lb3": False}
    fleet.revive("lb3")
    told = certbots.deployed("lb1")
    assert (told.was_taken, told.is_well) == (False, True)
    assert fleet.served() == {fingerprint}


def test_a_lineage_of_somebody_else_is_none_of_ours(certbots: Certbots) -> None:
    """It is neither taken nor pushed nor switched off, and certbot goes on to renew it."""
    member = certbots.fleet.members["lb2"]
    place_lineage(member.host, "mail.test", mint("mail.test"), {"authenticator": "webroot"})
    before = member.files.content[f"{CONFIG}/renewal/mail.test.conf"]
    told = certbots.deployed("lb2", "mail.test")
    assert (told.was_taken, told.pushed) == (False, ())
    assert certbots.turn("lb2").may_renew
    assert member.files.content[f"{CONFIG}/renewal/mail.test.conf"] == before


@pytest.mark.parametrize("change", ["source", "all sources", "wish"])
def test_what_is_certbots_no_more_is_left_alone_by_it(certbots: Certbots, change: str) -> None:
    """The certificate stays where it is; only its renewal by certbot ends."""
    certbots.turn("lb1")
    fleet = certbots.fleet
    wished = (Wished(Source.ACME, SITE),) if change != "wish" else ()
    certbot = None if change == "all sources" else fleet.settings.certbot
    fleet.settings = dataclasses.replace(fleet.settings, wished=wished, certbot=certbot)
    turned = certbots.turn("lb1")
    assert turned.done == ("a.test is no longer renewed by certbot",)
    assert not turned.may_renew
    files = fleet.members["lb1"].files
    assert Lineages(files, CONFIG).read("a.test") is not None
    assert fleet.members["lb1"].held() is not None


def test_without_its_key_a_standby_waits(certbots: Certbots) -> None:
    """It says what it waits for; nothing is half-made."""
    files = certbots.fleet.members["lb2"].files
    files.remove(KeptKey(files, HOME).path)
    assert certbots.turn("lb2") == Turned(False, NOT_YET)
    assert files.names(CONFIG) == ()


def test_another_key_than_the_pinned_one_is_refused(certbots: Certbots) -> None:
    """Whoever put it there: certbot gets no account of it."""
    fleet = certbots.fleet
    certbot = fleet.settings.certbot
    assert certbot is not None
    other = dataclasses.replace(certbot, thumbprint="x" * 43)
    fleet.settings = dataclasses.replace(fleet.settings, certbot=other)
    with pytest.raises(InvalidInput, match="another key"):
        certbots.turn("lb2")
    assert fleet.members["lb2"].files.names(CONFIG) == ()


def test_a_balancer_that_is_no_issuer_has_no_turn(certbots: Certbots) -> None:
    """Its timer, if it was one before, finds nothing to do."""
    fleet = certbots.fleet
    fleet.settings = dataclasses.replace(fleet.settings, issuers=("lb1",))
    assert not certbots.turn("lb2").may_renew
    assert certbots.deployed("lb2").pushed == ()


def test_a_memory_that_is_lost_delays_and_nothing_else(certbots: Certbots) -> None:
    """The standby waits anew."""
    fleet = certbots.fleet
    fleet.kill("lb1")
    fleet.wait(61 * DAY)
    certbots.timer("lb2")
    path = f"{HOME}/certbot-due.json"
    assert path in fleet.members["lb2"].files.content
    fleet.members["lb2"].files.write(path, b"{")
    fleet.wait(37 * HOUR)
    assert not certbots.timer("lb2").may_renew
    fleet.wait(timedelta(hours=37))
    assert certbots.timer("lb2").may_renew
