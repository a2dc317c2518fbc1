# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`push` brings what is lacking, and tells how each host stands."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from ansible_collections.hitless.edge.plugins.module_utils._renewal.push import push
from ansible_collections.hitless.edge.plugins.module_utils._renewal.reach import SshReach
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import load
from commanded import SETTINGS, Fleet

OWN = {"name": "own.test", "domains": ["own.test"], "source": "selfsigned"}


def renewed(**fields: Any) -> Fleet:
    """A fleet after a renewal."""
    world = Fleet(certificates=(OWN,), **fields)
    world.run("lb1", "renew")
    return world


def test_a_host_that_was_down_gets_what_it_lacks() -> None:
    """And only that one is told of."""
    world = renewed(down={"lb2"})
    world.down.clear()
    said = world.run("lb1", "push", "--json")
    assert said.status == Exit.WELL
    assert [text for level, text in said.events if level == "NOTICE"] == [
        "lb2: certificate own.test (ecdsa) is served now, for the first time"
    ]
    assert said.json["changed"] is True
    assert {one["host"]: one["changed"] for one in said.json["hosts"]} == {
        "lb1": False,
        "lb2": True,
        "lb3": False,
    }


def test_nothing_to_bring_is_no_change() -> None:
    """As a play wants to know."""
    said = renewed().run("lb1", "push", "--json")
    assert (said.json["ok"], said.json["changed"]) == (True, False)
    assert said.events == (("INFO", "3 of 3 hosts have what they shall have"),)


def test_only_these_hosts_are_pushed_to() -> None:
    """And what is known of the others stays known."""
    world = renewed(down={"lb2"})
    said = world.run("lb1", "push", "--json", "--to", "lb3")
    assert said.status == Exit.WELL
    assert [one["host"] for one in said.json["hosts"]] == ["lb3"]
    status = world.run("lb1", "status", "--json").json
    assert {host: one["ok"] for host, one in status["hosts"].items()} == {
        "lb1": True,
        "lb2": False,
        "lb3": True,
    }


def test_a_host_of_which_nobody_knows_is_refused() -> None:
    """With those that there are."""
    said = renewed().run("lb1", "push", "--to", "lb3", "lb9")
    assert said.status == Exit.ATTENTION
    assert "lb9: not pushed to from here; give some of lb1, lb2, lb3" in said.told


def test_a_wish_that_changed_meanwhile_counts_on_this_host_too() -> None:
    """A play that takes a certificate away is not undone by a run that began before it."""
    world = renewed()
    host = world.balancers["lb1"].host
    before = load(host.files, SETTINGS)
    world.certificates = ()
    host.files.write(SETTINGS, json.dumps(world.settings("lb1")).encode())
    own, *_others = push(host.ports, before, SshReach(host.runner, before))
    assert own.error is not None
    assert own.error.startswith("lb1 refused own.test (ecdsa): ")


def test_without_json_nothing_is_printed() -> None:
    """The events are for people."""
    assert renewed().run("lb1", "push").output == ""


def test_no_key_is_printed_or_told() -> None:
    """Neither here nor there."""
    world = Fleet(certificates=(OWN,))
    told = [world.run("lb1", "renew", "--json"), world.run("lb1", "push", "--json")]
    heard = [said for _host, said in world.heard]
    assert heard
    for said in (*told, *heard):
        assert "PRIVATE KEY" not in said.output + said.errors + said.told
