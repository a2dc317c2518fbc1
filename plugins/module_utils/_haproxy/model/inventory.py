# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups of the inventory, as far as ``servers_from_group`` needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Host:
    """A host of a group, and where it is reached."""

    name: str
    address: str


@dataclass(frozen=True)
class Inventory:
    """Group -> its hosts, in the order of the inventory."""

    groups: Mapping[str, tuple[Host, ...]] = field(default_factory=dict)
