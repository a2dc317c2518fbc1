# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`sync` serves what is on disk, and is silent where that is so already."""

from __future__ import annotations

from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from commanded import Fleet
from delivering import LAYOUT

OWN = {"name": "own.test", "domains": ["own.test"], "source": "selfsigned"}


def renewed(**fields: Any) -> Fleet:
    """A fleet after a renewal."""
    world = Fleet(certificates=(OWN,), **fields)
    world.run("lb1", "renew")
    return world


def test_a_process_in_line_is_left_alone_in_silence() -> None:
    """Every ten minutes."""
    said = renewed().run("lb2", "sync")
    assert (said.status, said.events, said.output) == (Exit.WELL, (), "")


def test_what_the_process_lacks_is_served() -> None:
    """As after a HAProxy that was down during the push."""
    world = Fleet(certificates=(OWN,))
    world.balancers["lb2"].stop()
    world.run("lb1", "renew")
    world.balancers["lb2"].start()
    world.balancers["lb2"].process.stores.clear()
    world.balancers["lb2"].process.entries.clear()
    said = world.run("lb2", "sync", "--json")
    assert said.status == Exit.WELL, said.told
    assert said.json["changed"]
    assert "certificate own.test (ecdsa) is served now" in said.told
    assert world.balancers["lb2"].process.stores


def test_another_run_at_work_is_no_failure() -> None:
    """It may be the push that brings what this one would look for; nothing is noted."""
    world = renewed()
    balancer = world.balancers["lb2"]
    balancer.files.locked.add(LAYOUT.lock)
    balancer.process.stores.clear()
    balancer.process.entries.clear()
    before = dict(balancer.files.content)
    said = world.run("lb2", "sync")
    assert said.status == Exit.BUSY
    assert [level for level, _text in said.events] == ["WARNING"]
    assert balancer.files.content == before


def test_a_certificate_that_is_not_there_needs_attention() -> None:
    """Nobody has brought it yet."""
    said = Fleet(certificates=(OWN,)).run("lb2", "sync")
    assert said.status == Exit.ATTENTION
    assert "certificate own.test (ecdsa) is absent" in said.told
