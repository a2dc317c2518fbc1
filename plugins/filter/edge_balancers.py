# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Balancers and the addresses that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: edge_balancers
short_description: Balancers and the addresses that lead to them
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - Of each host, C(edge_addresses) (a list, its own address first, then virtual and translated
    ones), else C(edge_address), else C(ansible_host), else its inventory name.
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
balancers: "{{ groups.balancers | hitless.edge.edge_balancers(hostvars) }}"
# => [{"name": "lb1", "addresses": ["192.0.2.11"]}, {"name": "lb2", "addresses": ["192.0.2.12"]}]
"""

RETURN = r"""
_value:
  description: One entry for each host, as O(hitless.edge.edge_probe#module:balancers) takes it.
  type: list
  elements: dict
"""


def edge_balancers(
    names: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The filter."""
    return [{"name": name, "addresses": _addresses(name, hostvars[name])} for name in names]


def _addresses(name: str, variables: Mapping[str, Any]) -> list[str]:
    listed = variables.get("edge_addresses")
    if listed:
        return list(listed)
    return [variables.get("edge_address") or variables.get("ansible_host") or name]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"edge_balancers": edge_balancers}
