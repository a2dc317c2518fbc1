# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's unit and hook run the command, which says whether and tells what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._certbot.account import KeptKey
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from ansible_collections.hitless.edge.plugins.module_utils._pki.trust import HOST_ROOTS
from commanded import HOME, SETTINGS, Fleet
from fake_certbot import CONFIG, DIRECTORY, account_key, place_lineage
from fakes import NOON
from minted import mint

KEY = account_key()
CERTBOT = {
    "thumbprint": KEY.thumbprint,
    "account": f"{DIRECTORY}/account/1",
    "directory": DIRECTORY,
    "config": CONFIG,
    "command": "/opt/certbot/bin/certbot",
}
WISHED = {"name": "a.test", "domains": ["a.test"], "source": "certbot"}
LIVE = f"{CONFIG}/live/a.test"


@pytest.fixture
def world() -> Fleet:
    """Three balancers; on the first, certbot has got a certificate a day ago."""
    fleet = Fleet(certificates=(WISHED,), certbot=CERTBOT)
    for balancer in fleet.balancers.values():
        balancer.files.write(HOST_ROOTS[0], b"roots")
    first = fleet.balancers["lb1"]
    KeptKey(first.files, HOME).write(KEY)
    begin = NOON - timedelta(days=1)
    made = mint("a.test", serial=77, not_before=begin, not_after=begin + timedelta(days=90))
    place_lineage(first.host, "a.test", made)
    return fleet


def test_the_first_issuer_may_renew(world: Fleet) -> None:
    """Certbot itself knows what is due; the status is for `ExecCondition`."""
    said = world.run("lb1", "certbot", "turn")
    assert said.status == Exit.WELL, said.told
    assert said.events[-1] == ("INFO", "certbot may renew: a.test (ecdsa)")


def test_a_host_without_certbots_certificates_renews_nothing(world: Fleet) -> None:
    """Which is no failure of its unit."""
    said = world.run("lb2", "certbot", "turn")
    assert said.status == Exit.ATTENTION
    assert said.events[-1][1].startswith("certbot has nothing to renew here now: ")


def test_what_cannot_be_found_out_fails_the_unit(world: Fleet) -> None:
    """Any lower status would be a quiet no, for ever."""
    world.balancers["lb1"].files.content[SETTINGS] = b"{}"
    assert world.run("lb1", "certbot", "turn").status == Exit.UNIT_FAILS
    assert world.run("lb1", "certbot", "deployed", "--lineage", LIVE).status == Exit.USAGE


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_certbot_renewed_is_taken_and_brought_to_all(world: Fleet, by_hand: bool) -> None:
    """By its hook, or by hand."""
    words = ("--lineage", LIVE) if by_hand else ()
    environment = {} if by_hand else {"RENEWED_LINEAGE": LIVE}
    said = world.run("lb1", "certbot", "deployed", *words, environment=environment)
    assert said.status == Exit.WELL, said.told
    assert said.events[0] == ("NOTICE", "a.test: taken into the store")
    assert "lb3: certificate a.test (ecdsa) is served now, for the first time" in said.told
    assert all(balancer.process.stores for balancer in world.balancers.values())
    again = world.run("lb1", "certbot", "deployed", *words, environment=environment)
    assert again.events == (("INFO", "a.test: the store has it already"),)


def test_a_host_that_is_down_is_told(world: Fleet) -> None:
    """It catches up with the next push."""
    world.down.add("lb2")
    said = world.run("lb1", "certbot", "deployed", "--lineage", LIVE)
    assert said.status == Exit.ATTENTION
    assert "tried again at the next run" in said.told


def test_a_hook_without_its_lineage_is_wrong_usage(world: Fleet) -> None:
    """It says who would have set it."""
    said = world.run("lb1", "certbot", "deployed")
    assert said.status == Exit.USAGE
    assert "RENEWED_LINEAGE: is not set; certbot sets it" in said.told
