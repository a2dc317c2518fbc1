#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_store
short_description: What certificates an issuer holds, and the contents of those that are asked for
description:
  - Lists the certificates below the issuer's home. Reads only.
  - With O(contents) it returns the private keys of just these, to be delivered by
    M(hitless.edge.certificate_bundles). Set C(no_log) on such a task.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
requirements:
  - cryptography >= 38
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: There is nothing to show, since nothing changes.
    support: none
options:
  home:
    description: Where the issuer keeps account, certificates and orders.
    type: path
    default: /var/lib/hitless-edge
  contents:
    description:
      - Pairs of a certificate's name and its key type, whose RV(bundles[].pem) is wanted.
      - A pair that the store does not hold is passed over.
    type: list
    elements: list
    default: []
"""

EXAMPLES = r"""
- name: See what the issuer holds
  hitless.edge.certificate_store:
  register: store

- name: Fetch what a balancer lacks
  hitless.edge.certificate_store:
    contents: [[wizardry.io, ecdsa]]
  no_log: true
  register: store
"""

RETURN = r"""
bundles:
  description: The certificates, one for each name and key type, by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the certificate.
      type: str
      returned: always
      sample: wizardry.io
    key_type:
      description: Kind of its key.
      type: str
      returned: always
      sample: ecdsa
    fingerprint:
      description: SHA-256 of the leaf certificate, upper-case hexadecimal digits.
      type: str
      returned: always
      sample: 4D2E1E1B5C3B0B7A3F9E5D1C2B4A69788796A5B4C3D2E1F00F1E2D3C4B5A6978
    domains:
      description: Names that it is valid for.
      type: list
      elements: str
      returned: always
      sample: [wizardry.io, www.wizardry.io]
    not_after:
      description: When it ends.
      type: str
      returned: always
      sample: "2027-02-20T12:00:00+00:00"
    issuer:
      description: Who signed it, by common name.
      type: str
      returned: always
      sample: E7
    pem:
      description: Key, leaf and chain.
      type: str
      returned: for what O(contents) names
"""

from collections.abc import Collection

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.stored import (
    Lineage,
    parse_contents,
    read_store,
)


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec(
        {
            "home": {"type": "path", "default": "/var/lib/hitless-edge"},
            "contents": {"type": "list", "elements": "list", "default": []},
        }
    )


def ensure(ports: Ports, home: str, contents: Collection[Lineage]) -> Change:
    """Read the store; there is nothing to change."""
    stored, faults = read_store(ports.files, home)
    bundles = [one.shown(with_pem=(one.name, one.key_type) in contents) for one in stored]
    return Change(result={"bundles": bundles}, warnings=faults)


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True)
    contents = module.params["contents"]
    run(
        module,
        lambda ports: ensure(
            ports, module.params["home"], parse(contents, "contents", parse_contents)
        ),
    )


if __name__ == "__main__":
    main()
