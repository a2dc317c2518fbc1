# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted bundles with the contents that are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: edge_contents
short_description: Wanted bundles with the contents that are at hand
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - Puts the content of each bundle that the store gave beside the wanted bundle of the same name
    and key type.
positional: _input, stored
options:
  _input:
    description: O(hitless.edge.certificate_bundles#module:bundles) without contents.
    type: list
    elements: dict
    required: true
  stored:
    description: RV(hitless.edge.certificate_store#module:bundles).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Deliver
  hitless.edge.certificate_bundles:
    bundles: "{{ wanted | hitless.edge.edge_contents(store.bundles) }}"
"""

RETURN = r"""
_value:
  description: O(hitless.edge.certificate_bundles#module:bundles).
  type: list
  elements: dict
"""

Data = Mapping[str, Any]


def edge_contents(bundles: Iterable[Data], stored: Iterable[Data]) -> list[dict[str, Any]]:
    """The filter."""
    contents = {(one["name"], one["key_type"]): one.get("pem") for one in stored}
    return [_with_content(one, contents.get((one["name"], one["key_type"]))) for one in bundles]


def _with_content(bundle: Data, pem: str | None) -> dict[str, Any]:
    return {**bundle, "pem": pem} if pem else dict(bundle)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"edge_contents": edge_contents}
