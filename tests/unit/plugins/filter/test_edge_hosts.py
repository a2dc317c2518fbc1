# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts of a fleet reach each other over SSH."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.filter.edge_hosts import FilterModule, edge_hosts


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, ("lb1", 22)),
        ({"ansible_host": "192.0.2.1", "ansible_port": "2222"}, ("192.0.2.1", 2222)),
        ({"ansible_port": 2222, "edge_ssh_port": 22}, ("lb1", 22)),
        ({"edge_address": "192.0.2.1", "ansible_host": "bastion"}, ("192.0.2.1", 22)),
        ({"edge_addresses": ["192.0.2.1", "203.0.113.1"]}, ("192.0.2.1", 22)),
    ],
    ids=["name", "ansible", "ssh port", "address", "addresses"],
)
def test_a_host_is_reached_at_its_own_address(
    variables: dict[str, Any], place: tuple[str, int]
) -> None:
    """That which others use; the controller's way to it is taken only where none is given."""
    address, port = place
    assert edge_hosts(["lb1"], {"lb1": variables}) == {"lb1": {"address": address, "port": port}}


def test_it_is_found_by_its_name() -> None:
    """As Ansible looks for it."""
    assert FilterModule().filters() == {"edge_hosts": edge_hosts}
