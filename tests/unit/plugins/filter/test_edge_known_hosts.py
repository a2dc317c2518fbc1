# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host keys of a fleet as SSH takes them."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.filter.edge_known_hosts import FilterModule


def test_it_is_found_by_its_name() -> None:
    """And what is present may be left out."""
    known_hosts = FilterModule().filters()["edge_known_hosts"]
    hosts = {"lb1": {"address": "192.0.2.11", "port": 22}}
    text = known_hosts(hosts, {"lb1": ["hostkey ssh-ed25519 AAAA root@lb1"]})
    assert text == "192.0.2.11 ssh-ed25519 AAAA lb1\n"
    assert known_hosts(hosts, {}, [f"known {text.strip()}"]) == text
