# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of certbot cannot do of what is wished."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._acme.wish import Source, parse_wished
from ..module_utils._certbot.versions import faults_of, parse_version
from ..module_utils._core.errors import EdgeError
from ..module_utils._core.reader import parse

DOCUMENTATION = r"""
name: certbot_faults
short_description: What a version of certbot cannot do of what is wished
version_added: 0.1.0
author:
  - The hitless.edge authors (@hitless)
description:
  - Holds the certificates whose source is C(certbot) against what its versions can do. Profiles
    came with 4.0, certificates for IP addresses with 5.3.
  - So a wish is refused before anything is installed or ordered.
positional: _input, version
options:
  _input:
    description: Wished certificates, as P(hitless.edge.certificate_wishes#filter) gives them.
    type: list
    elements: dict
    required: true
  version:
    description: The version, as certbot or a package manager writes it; empty if it is not known.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: This version of certbot can do what is wished
  ansible.builtin.fail:
    msg: "{{ wishes | hitless.edge.certbot_faults('4.0.0-2+deb13u1') | join('\n') }}"
  when: wishes | hitless.edge.certbot_faults('4.0.0-2+deb13u1') | length > 0
"""

RETURN = r"""
_value:
  description: One sentence each; none if the version can do all of it.
  type: list
  elements: str
"""


def certbot_faults(wishes: Sequence[Mapping[str, Any]], version: str) -> list[str]:
    """The filter.

    Raises: `AnsibleFilterError` if a wish or the version cannot be read.
    """
    try:
        wished = parse(list(wishes), "certificates", parse_wished)
        lineages = [one.lineage for one in wished if one.source is Source.CERTBOT]
        if not lineages or not version:
            return []
        return [str(fault) for fault in faults_of(parse_version(version), lineages)]
    except EdgeError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"certbot_faults": certbot_faults}
