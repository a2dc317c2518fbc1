# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that sites ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._core.errors import InvalidInput
from ..module_utils._haproxy.model.wish import parse_certificates

DOCUMENTATION = r"""
name: certificate_wishes
short_description: The certificates that sites ask for
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - One certificate for each site over all of its domains, unless the site has
    C(certificate=false), and those that belong to no site.
  - Domains come out as A-labels in lower case, in their order.
  - Fails with every fault, each with its path.
positional: _input, defaults, extra
options:
  _input:
    description: The variable C(haproxy_sites).
    type: list
    elements: dict
    required: true
  defaults:
    description:
      - What a certificate has that says nothing of its own; any of C(key_types), C(profile),
        C(preferred_chain), C(source).
      - Without it, ECDSA keys from C(acme).
    type: dict
  extra:
    description:
      - Certificates that belong to no site; C(domains) and any of C(name), C(key_types),
        C(profile), C(preferred_chain), C(source).
    type: list
    elements: dict
seealso:
  - plugin: hitless.edge.edge_wish
    plugin_type: module
"""

EXAMPLES = r"""
wishes: >-
  {{ haproxy_sites | hitless.edge.certificate_wishes(certificates_defaults, certificates_extra) }}
# haproxy_sites: [{domains: [wizardry.io, www.wizardry.io], backend: web}]
# => [{"name": "wizardry.io", "domains": ["wizardry.io", "www.wizardry.io"], "key_types": ["ecdsa"],
#      "profile": null, "preferred_chain": null, "source": "acme"}]
"""

RETURN = r"""
_value:
  description:
    - One entry for each certificate, as
      O(hitless.edge.acme_certificates#module:certificates) takes it.
  type: list
  elements: dict
"""


def certificate_wishes(
    sites: Sequence[Mapping[str, Any]],
    defaults: Mapping[str, Any] | None = None,
    extra: Sequence[Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The filter.

    Raises: `AnsibleFilterError` with every fault.
    """
    try:
        wishes = parse_certificates(sites, defaults, extra)
    except InvalidInput as error:
        raise AnsibleFilterError(error.message) from error
    return [wish.to_data() for wish in wishes]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file."""
        return {"certificate_wishes": certificate_wishes}
