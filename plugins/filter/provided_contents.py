# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents of wanted bundles that users bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..module_utils._edge.provided import contents

DOCUMENTATION = r"""
name: provided_contents
short_description: Contents of wanted bundles that users bring
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - Of the wanted bundles that are lacking, those whose certificate is among the provided ones,
    known by fingerprint, each with key, leaf and chain in order. The rest is the business of
    M(hitless.edge.certificate_store).
positional: _input, bundles, lacking
options:
  _input:
    description: The variable C(certificates_provided).
    type: dict
    required: true
  bundles:
    description: O(hitless.edge.certificate_bundles#module:bundles) without contents.
    type: list
    elements: dict
    required: true
  lacking:
    description: RV(hitless.edge.certificate_bundles#module:lacking).
    type: list
    elements: list
    required: true
seealso:
  - plugin: hitless.edge.edge_contents
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Deliver
  hitless.edge.certificate_bundles:
    bundles: >-
      {{ wanted | hitless.edge.edge_contents(
           certificates_provided | hitless.edge.provided_contents(wanted, seen.lacking)) }}
"""

RETURN = r"""
_value:
  description:
    - RV(hitless.edge.certificate_store#module:bundles), with C(name), C(key_type) and C(pem).
  type: list
  elements: dict
"""


def provided_contents(
    provided: Mapping[str, Any],
    bundles: Iterable[Mapping[str, Any]],
    lacking: Iterable[Sequence[str]],
) -> list[dict[str, str]]:
    """The filter."""
    return contents(provided, bundles, lacking)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"provided_contents": provided_contents}
