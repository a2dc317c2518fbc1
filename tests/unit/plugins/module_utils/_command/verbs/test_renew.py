# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`renew` tells what it did, and ends as a monitor can use it."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from ansible_collections.hitless.edge.plugins.module_utils._command.verbs.renew import options_of
from ansible_collections.hitless.edge.plugins.module_utils._renewal.renew import Options
from commanded import Fleet

OWN = {
    "name": "own.test",
    "domains": ["own.test"],
    "key_types": ["ecdsa"],
    "profile": None,
    "preferred_chain": None,
    "source": "selfsigned",
}


def fleet(**fields: Any) -> Fleet:
    """Three balancers that wish for a self-signed certificate."""
    return Fleet(certificates=(OWN,), **fields)


def served(world: Fleet) -> set[str]:
    """What the processes have, without their keys."""
    return {
        pem.partition("-----BEGIN CERTIFICATE")[2]
        for balancer in world.balancers.values()
        for pem in balancer.process.stores.values()
    }


def test_a_certificate_is_made_and_brought_to_all() -> None:
    """Every process serves the same one; the journal of each host tells its part."""
    world = fleet()
    said = world.run("lb1", "renew")
    assert said.status == Exit.WELL, said.told
    assert "certificate own.test (ecdsa) issued by selfsigned: " in said.told
    assert said.events[-1] == (
        "INFO",
        "1 of 1 certificate renewed; 3 of 3 hosts have what they shall have",
    )
    assert len(served(world)) == 1
    told = [event for _host, heard in world.heard for event in heard.events]
    assert len(told) == 2
    assert {level for level, _text in told} == {"NOTICE"}
    assert "certificate own.test (ecdsa) from 192.0.2.1 " in told[0][1]


def test_a_second_run_has_nothing_to_do() -> None:
    """And says so."""
    world = fleet()
    world.run("lb1", "renew")
    before = served(world)
    said = world.run("lb1", "renew", "--json")
    assert said.status == Exit.WELL
    assert len(said.events) == 1
    assert said.json["changed"] is False
    assert said.json["ok"] is True
    assert served(world) == before


def test_a_host_that_is_down_is_told_and_catches_up() -> None:
    """The others have it; the run needs attention until all have."""
    world = fleet(down={"lb3"})
    said = world.run("lb1", "renew")
    assert said.status == Exit.ATTENTION
    assert "lb3 does not answer at lb3.test port 22" in said.told
    assert said.told.count("tried again at the next run") == 1
    assert said.events[-1][1].endswith("2 of 3 hosts have what they shall have")
    world.down.clear()
    said = world.run("lb1", "push")
    assert said.status == Exit.WELL
    assert len(served(world)) == 1


def test_a_certificate_that_is_good_is_renewed_when_it_is_forced() -> None:
    """By its name."""
    world = fleet()
    world.run("lb1", "renew")
    before = served(world)
    world.wait(60)
    said = world.run("lb1", "renew", "--force", "own.test")
    assert said.status == Exit.WELL, said.told
    assert served(world).isdisjoint(before)


def test_a_name_that_nobody_wished_for_is_wrong_usage() -> None:
    """With the one that was meant."""
    said = fleet().run("lb1", "renew", "--force", "owm.test")
    assert said.status == Exit.USAGE
    assert 'did you mean "own.test"?' in said.told


def test_a_host_that_is_no_issuer_does_not_renew() -> None:
    """And says why."""
    said = fleet().run("lb2", "renew")
    assert said.status == Exit.ATTENTION
    assert "lb2 is no issuer" in said.told


def test_another_run_at_work_is_no_failure() -> None:
    """But this one did nothing."""
    world = fleet()
    world.balancers["lb1"].files.locked.add("/var/lib/hitless-edge/lock")
    assert world.run("lb1", "renew").status == Exit.BUSY


@pytest.mark.parametrize(
    ("force", "options"),
    [
        (None, Options()),
        ([], Options(force_all=True)),
        (["a"], Options(force=("a",))),
    ],
)
def test_force_without_a_name_means_all(force: list[str] | None, options: Options) -> None:
    """None, all, some."""
    assert options_of(Namespace(force=force, dry_run=False)) == options
    assert options_of(Namespace(force=force, dry_run=True)).dry_run
