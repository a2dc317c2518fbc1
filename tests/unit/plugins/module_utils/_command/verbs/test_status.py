# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`status` tells how things are, in the form that was asked for."""

from __future__ import annotations

import re

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from commanded import SETTINGS, Fleet

OWN = {"name": "own.test", "domains": ["own.test"], "source": "selfsigned"}
METRIC = re.compile(r"(# (HELP|TYPE) .+|[a-z_]+(\{.+\})? [-+.e\d]+)")


def synced() -> Fleet:
    """A fleet on which every timer has fired once."""
    world = Fleet(certificates=(OWN,))
    world.run("lb1", "renew")
    for name in world.names:
        world.run(name, "sync")
    return world


@pytest.mark.parametrize("host", ["lb1", "lb2"])
def test_all_well_is_said_and_returned(host: str) -> None:
    """On an issuer as on a balancer."""
    said = synced().run(host, "status")
    assert said.status == Exit.WELL, said.output
    assert said.output.endswith("\n\nno problem\n")
    assert re.search(r"own\.test +ecdsa +selfsigned +ok .* yes$", said.output, re.MULTILINE)
    assert said.events == ()


def test_a_problem_is_said_and_returned() -> None:
    """So that it can be a check."""
    said = Fleet(certificates=(OWN,)).run("lb1", "status")
    assert said.status == Exit.ATTENTION
    assert "own.test (ecdsa) has no certificate here" in said.output
    assert Fleet(certificates=(OWN,)).run("lb1", "status", "--json").json["ok"] is False


def test_json_is_for_programs() -> None:
    """The same facts."""
    document = synced().run("lb1", "status", "--json").json
    assert document["host"] == "lb1"
    (certificate,) = document["certificates"]
    assert certificate["served"] == certificate["disk"] == certificate["wished"]


def test_metrics_are_lines_that_prometheus_reads() -> None:
    """On standard output; a problem is in the figures, and no reason to fail a scrape."""
    said = Fleet(certificates=(OWN,)).run("lb1", "status", "--prometheus")
    assert said.status == Exit.WELL
    assert all(METRIC.fullmatch(line) for line in said.output.splitlines())
    assert "hitless_edge_" in said.output


def test_the_textfile_is_what_would_have_been_printed() -> None:
    """Readable for the exporter, and written in one piece."""
    world = synced()
    printed = world.run("lb1", "status", "--prometheus").output
    said = world.run("lb1", "status", "--textfile", "/metrics/edge.prom")
    files = world.balancers["lb1"].files
    assert (said.status, said.output) == (Exit.WELL, "")
    assert files.content["/metrics/edge.prom"].decode() == printed
    assert files.modes["/metrics/edge.prom"] == 0o644


def test_status_changes_nothing() -> None:
    """Whoever asks."""
    world = synced()
    before = dict(world.balancers["lb1"].files.content)
    world.run("lb1", "status")
    assert world.balancers["lb1"].files.content == before


def test_without_settings_there_is_nothing_to_tell() -> None:
    """But why."""
    world = synced()
    del world.balancers["lb1"].files.content[SETTINGS]
    assert world.run("lb1", "status").status == Exit.USAGE
