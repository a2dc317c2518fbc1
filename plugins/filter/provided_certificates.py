# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that users bring, as results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ..module_utils._edge.provided import results

DOCUMENTATION = r"""
name: provided_certificates
short_description: Certificates that users bring, as results
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - Judges the PEM of each wished certificate whose source is C(provided), and tells it in the form
    of RV(hitless.edge.acme_certificates#module:certificates), so that they are delivered and proved
    as all others. Gives no key away.
  - One that cannot be used is V(failed). One of which less than half of the time is left that there
    is to bring another one is V(deferred), which is a problem; that time begins with a third of its
    life left (half if it lives under ten days), at most 30 days.
positional: _input, wishes
options:
  _input:
    description: The variable C(certificates_provided).
    type: dict
    required: true
  wishes:
    description: Wished certificates, as P(hitless.edge.certificate_wishes#filter) gives them.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: hitless.edge.edge_wish
    plugin_type: module
"""

EXAMPLES = r"""
checked: >-
  {{ survey.certificates
     + certificates_provided | hitless.edge.provided_certificates(wishes) }}
"""

RETURN = r"""
_value:
  description: RV(hitless.edge.acme_certificates#module:certificates).
  type: list
  elements: dict
"""


def provided_certificates(
    provided: Mapping[str, Any], wishes: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The filter."""
    return results(provided, wishes, datetime.now(timezone.utc))


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"provided_certificates": provided_certificates}
