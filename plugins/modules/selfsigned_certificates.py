#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: selfsigned_certificates
short_description: All self-signed certificates of an issuer, in one call
version_added: 0.1.0
description:
  - Makes what is due of the wished certificates whose source is C(selfsigned), into the same store
    as M(hitless.edge.acme_certificates) and with the same result.
  - Due is what is absent or expired, what differs in names or is not self-signed, and what has less
    than a third of its lifetime left (half if it lives under ten days).
  - For names that no CA may have (wildcards without DNS, internal hosts) and for fleets that face
    no strangers. Clients have to be told to trust them.
  - Asks nobody, so it runs where no CA can be reached.
extends_documentation_fragment:
  - hitless.edge.acme.certificates
requirements:
  - cryptography >= 38
options:
  home:
    description: The issuer's folder, with account, certificates, orders and ledger.
    type: path
    default: /var/lib/hitless-edge
  lifetime_days:
    description: How long new ones live; at most V(825), as some systems refuse longer ones.
    type: int
    default: 90
attributes:
  check_mode: {support: full, description: Names what would be made.}
  diff_mode: {support: full, description: "Shows names, issuer, end and the reason."}
author:
  - The hitless.edge authors (@hitless)
"""

EXAMPLES = r"""
- name: Have all self-signed certificates
  hitless.edge.selfsigned_certificates:
    certificates:
      - name: intranet
        domains: [intranet, "*.intranet.example"]
        source: selfsigned
"""

RETURN = r"""
certificates:
  description: What became of each.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Its name., type: str, sample: intranet}
    key_type: {description: Its kind of key., type: str, sample: ecdsa}
    domains: {description: The wished names., type: list, elements: str, sample: [intranet]}
    covered:
      description: The names of the certificate held; none if there is none.
      type: list
      elements: str
      sample: [intranet]
    action:
      description: What was done, or V(would_issue) in check mode.
      type: str
      choices: [valid, issued, renewed, failed, would_issue]
      sample: issued
    reason: {description: Why., type: str, sample: absent}
    ca: {description: V(selfsigned)., type: str, sample: selfsigned}
    fingerprint: {description: SHA-256 of the certificate held; V(null) if none., type: str}
    not_before: {description: First moment of it., type: str, sample: "2026-11-22T11:00:00+00:00"}
    not_after: {description: Last moment of it., type: str, sample: "2027-02-20T12:00:00+00:00"}
    retry_at: {description: "V(null), as nothing is waited for.", type: str}
    error: {description: Why it failed., type: str}
failures:
  description: Those of RV(certificates) that failed.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.hitless.edge.plugins.module_utils._acme.options import CERTIFICATES
from ansible_collections.hitless.edge.plugins.module_utils._acme.self_signed import (
    parse_self_signed_wish,
    plan_self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec(
        options={
            "home": {"type": "path", "default": "/var/lib/hitless-edge"},
            "lifetime_days": {"type": "int", "default": 90},
            **CERTIFICATES,
        }
    )


def ensure(ports: Ports, params: dict[str, object]) -> Change:
    """The change that makes all that is due."""
    return plan_self_signed(ports, parse(params, "", parse_self_signed_wish))


def main() -> None:
    """Run as a module."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
