# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table is read on a screen."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.hitless.edge.plugins.module_utils._edge.probe import Probe, Status
from ansible_collections.hitless.edge.plugins.module_utils._edge.table import render_table
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate
from fakes import NOON

SHOP = Certificate(
    pem="",
    names=("shop.test",),
    not_before=NOON,
    not_after=NOON + timedelta(days=63, hours=5),
    fingerprint="4D2E1E1B5C3B0B7A" * 4,
    serial=1,
    issuer="YE1",
    subject="shop.test",
    authority_key_identifier=None,
)
GOOD = Probe("lb1", "192.0.2.1", "shop.test", Status.OK, certificate=SHOP)
DOWN = Probe("balancer2", "192.0.2.2", "shop.test", Status.UNREACHABLE, "no connection")


def test_there_is_a_line_for_each_probe_and_the_columns_are_aligned() -> None:
    """Balancer, domain, status, issuer, days left, fingerprint."""
    assert render_table([GOOD, DOWN], NOON) == (
        "balancer   domain     status       issuer  days left  fingerprint",
        "lb1        shop.test  ok           YE1     63         4D2E1E1B5C3B0B7A",
        "balancer2  shop.test  unreachable  -       -          -",
    )


def test_of_a_large_fleet_only_what_is_not_as_wanted_is_shown() -> None:
    """Thousands of good lines hide the one that matters."""
    header, line, summary = render_table([GOOD] * 100 + [DOWN], NOON)
    assert header.startswith("balancer")
    assert "unreachable" in line
    assert summary == "100 of 101 as wanted"
    assert render_table([GOOD] * 100, NOON) == ("100 of 100 as wanted",)
