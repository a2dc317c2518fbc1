# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The push keys of a fleet's issuers as SSH takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils._edge.ssh_trust import authorized_keys

DOCUMENTATION = r"""
name: edge_authorized_keys
short_description: The push keys of a fleet's issuers as SSH takes them
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - The text of a file C(authorized_keys) in which each key may do nothing but deliver certificates.
  - Of an issuer that told nothing the present line stays; who is no issuer has none.
positional: _input, told, present
options:
  _input:
    description: Inventory names of the issuers that may deliver.
    type: list
    elements: str
    required: true
  told:
    description: By name of the host, lines C(pushkey TYPE KEY); other lines are passed over.
    type: dict
    required: true
  present:
    description: The lines of the file as it is, each behind the word C(authorized).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
text: "{{ ['lb1'] | hitless.edge.edge_authorized_keys(told) }}"
# told: {lb1: [pushkey ssh-ed25519 AAAAC3NzaC1 hitless-edge@lb1]}
# => restrict,command="hitless-edge receive" ssh-ed25519 AAAAC3NzaC1 hitless-edge@lb1
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
            "edge_authorized_keys": lambda issuers, told, present=(): authorized_keys(
                issuers, told, present
            )
        }
