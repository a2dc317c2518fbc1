# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host keys of a fleet as SSH takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils._edge.ssh_trust import known_hosts

DOCUMENTATION = r"""
name: edge_known_hosts
short_description: The host keys of a fleet as SSH takes them
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - The text of a file C(known_hosts), one line for each key, with the host's name at its end.
  - Of a host that told nothing the present lines stay.
positional: _input, told, present
options:
  _input:
    description: The hosts, as P(hitless.edge.edge_hosts#filter) gives them.
    type: dict
    required: true
  told:
    description: By name of the host, lines C(hostkey TYPE KEY); other lines are passed over.
    type: dict
    required: true
  present:
    description: The lines of the file as it is, each behind the word C(known).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
text: "{{ hosts | hitless.edge.edge_known_hosts(told) }}"
# hosts: {lb1: {address: 192.0.2.11, port: 22}}
# told: {lb1: [hostkey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@lb1]}
# => "192.0.2.11 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI lb1\n"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "edge_known_hosts": lambda hosts, told, present=(): known_hosts(hosts, told, present)
        }
