# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups of the inventory, as far as ``servers_from_group`` needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Host:
    """A host of a group, and where it is reached."""

    name: str
    address: Any


@dataclass(frozen=True)
class Inventory:
    """Group -> names of its hosts, and the variables of each host.

    Both may be lazy mappings: only what a backend asks for is looked up.
    """

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def hosts(self, group: str) -> tuple[Host, ...]:
        """The hosts of a group that is there, in the order of the inventory."""
        return tuple(Host(str(name), self._address(name)) for name in self.groups[group])

    def _address(self, name: str) -> Any:
        try:
            variables = self.variables[name]
        except KeyError:
            variables = {}
        return variables.get("edge_address") or variables.get("ansible_host") or str(name)
