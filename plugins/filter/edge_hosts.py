# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts of a fleet reach each other over SSH."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils._edge.ssh_trust import SSH_PORT
from .edge_balancers import edge_balancers

DOCUMENTATION = r"""
name: edge_hosts
short_description: Where the hosts of a fleet reach each other over SSH
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - The address is the first that P(hitless.edge.edge_balancers#filter) finds; the port is
    C(edge_ssh_port), else C(ansible_port), else 22.
positional: _input, hostvars
options:
  _input:
    description: Inventory names.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable of that name.
    type: dict
    required: true
"""

EXAMPLES = r"""
hosts: "{{ groups.balancers | hitless.edge.edge_hosts(hostvars) }}"
# => {"lb1": {"address": "192.0.2.11", "port": 22}}
"""

RETURN = r"""
_value:
  description: By inventory name, C(address) and C(port).
  type: dict
"""


def edge_hosts(
    names: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The filter."""
    return {
        host["name"]: {"address": host["addresses"][0], "port": _port(hostvars[host["name"]])}
        for host in edge_balancers(names, hostvars)
    }


def _port(variables: Mapping[str, Any]) -> int:
    return int(variables.get("edge_ssh_port") or variables.get("ansible_port") or SSH_PORT)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"edge_hosts": edge_hosts}
