# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run stands with its certificates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..module_utils._edge import handovers as handed
from ..module_utils._edge import lineages

DOCUMENTATION = r"""
name: edge_state
short_description: Where a run stands with its certificates
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - Lays what is known of each wished certificate together, in the forms that the next steps take.
positional: _input
options:
  _input:
    description: Wished certificates, as P(hitless.edge.certificate_wishes#filter) gives them.
    type: list
    elements: dict
    required: true
  checked:
    description:
      - RV(hitless.edge.acme_certificates#module:certificates) of a call in check mode, over all
        wishes; or RV(hitless.edge.certificate_store#module:bundles), where nothing shall be issued.
    type: list
    elements: dict
    default: []
  issued:
    description:
      - RV(hitless.edge.acme_certificates#module:certificates) of the call that was given what
        M(hitless.edge.edge_preflight) let pass.
    type: list
    elements: dict
    default: []
  deferred:
    description: RV(hitless.edge.edge_preflight#module:deferred).
    type: list
    elements: dict
    default: []
  newer:
    description:
      - RV(hitless.edge.certificate_bundles#module:newer) of all balancers. What they hold is right
        for a probe, and a problem, as the issuer does not have it.
    type: list
    elements: dict
    default: []
  handovers:
    description:
      - Name of a host -> C(stdout), C(stderr) and C(rc) of C(hitless-edge push --json) on it, which
        was to bring the issuer what that host renewed.
    type: dict
    default: {}
  issuer:
    description: Name of the issuer, for what is said of O(newer) and O(handovers).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Find out what may be ordered
  hitless.edge.edge_preflight:
    certificates: "{{ (wishes | hitless.edge.edge_state(checked.certificates)).due }}"
    balancers: "{{ groups.balancers | hitless.edge.edge_balancers(hostvars) }}"
    thumbprint: "{{ account.thumbprint }}"
"""

RETURN = r"""
_value:
  description: What is due, what balancers shall hold, what a probe shall find, what is wrong.
  type: dict
  contains:
    due:
      description: O(hitless.edge.edge_preflight#module:certificates).
      type: list
      elements: dict
    bundles:
      description: O(hitless.edge.certificate_bundles#module:bundles), without the content.
      type: list
      elements: dict
    wanted:
      description: O(hitless.edge.edge_probe#module:certificates).
      type: list
      elements: dict
    problems:
      description: What is wrong, one sentence each.
      type: list
      elements: str
"""

Data = list[dict[str, Any]]


def edge_state(
    wishes: Data, checked: Data | None = None, issued: Data | None = None, **told: Any
) -> dict[str, Any]:
    """The filter."""
    deferred, newer, handovers, issuer = _told(**told)
    found = lineages.lineages(wishes, checked or [], issued or [])
    return {
        "due": lineages.due(found),
        "bundles": lineages.bundles(found),
        "wanted": lineages.wanted(found, newer),
        "problems": [
            *lineages.problems(found, deferred),
            *handed.failed_handovers(handovers, issuer),
            *handed.lagging(newer, issuer),
        ],
    }


def _told(
    *,
    deferred: Data = (),
    newer: Data = (),
    handovers: Mapping[str, Any] | None = None,
    issuer: str = "",
) -> tuple[Data, Data, Mapping[str, Any], str]:
    """What may be said beside the results."""
    return deferred, newer, handovers or {}, issuer


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"edge_state": edge_state}
