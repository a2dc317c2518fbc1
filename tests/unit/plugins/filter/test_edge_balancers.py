# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of balancers come from the inventory."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.filter.edge_balancers import FilterModule

edge_balancers = FilterModule().filters()["edge_balancers"]


@pytest.mark.parametrize(
    ("variables", "addresses"),
    [
        pytest.param({}, ["lb1"], id="name"),
        pytest.param({"ansible_host": "h"}, ["h"], id="ansible_host"),
        pytest.param({"ansible_host": "h", "edge_address": "a"}, ["a"], id="edge_address"),
        pytest.param(
            {"edge_address": "a", "edge_addresses": ["a", "vip"]}, ["a", "vip"], id="edge_addresses"
        ),
        pytest.param({"edge_addresses": [], "edge_address": "a"}, ["a"], id="empty list"),
    ],
)
def test_the_most_particular_variable_wins(variables: dict[str, Any], addresses: list[str]) -> None:
    """The order is that of the documentation."""
    assert edge_balancers(["lb1"], {"lb1": variables}) == [{"name": "lb1", "addresses": addresses}]
