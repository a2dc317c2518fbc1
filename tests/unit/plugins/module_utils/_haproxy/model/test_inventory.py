# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts of a group are reached."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.inventory import (
    Host,
    Inventory,
)


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({"edge_address": "10.0.0.1", "ansible_host": "203.0.113.1"}, "10.0.0.1"),
        ({"ansible_host": "203.0.113.1"}, "203.0.113.1"),
        ({"edge_address": ""}, "web1"),
        ({}, "web1"),
    ],
)
def test_an_address_is_the_most_deliberate_one(variables: dict[str, str], address: str) -> None:
    """edge_address, else ansible_host, else the inventory name."""
    inventory = Inventory({"webs": ["web1"]}, {"web1": variables})
    assert inventory.hosts("webs") == (Host("web1", address),)


def test_a_host_without_variables_has_its_name() -> None:
    """As a host does that no play has met."""
    assert Inventory({"webs": ["web1"]}).hosts("webs") == (Host("web1", "web1"),)
