#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_certificates
short_description: All certificates of an issuer from ACME CAs, in one call
version_added: 0.1.0
description:
  - Gets what is due, many at the same time, and leaves alone what is not. Each result says why.
  - Due is what is absent or expired; what differs in names, key type, profile, preferred chain or
    CA; what the CA wants renewed (ARI, RFC 9773); and, where the CA says nothing, what has less
    than a third of its lifetime left (half if it lives under ten days).
  - The names are proved by HTTP-01. Nothing is placed for it, as the balancers answer every
    challenge from the account's thumbprint; see M(hitless.edge.acme_account).
  - A run that was killed is resumed by the next one, with the same key and the same order.
  - A certificate that fails stops no other one, and never replaces one that works.
  - The limit of certificates for the same exact names is kept by a ledger, see
    O(authorities[].weekly_limit).
  - A certificate that the store lacks and that is on the host already is taken over, see O(adopt).
  - Certificates that are no longer wished stay in the store; they are just not renewed.
  - Runs with the Python of the issuer's virtual environment, as it needs the library C(acme).
extends_documentation_fragment:
  - hitless.edge.acme
  - hitless.edge.acme.certificates
options:
  authorities:
    required: true
    description:
      - CAs in order of preference. The next one is asked when the one before is down or limits us
        and the certificate is absent or near its end. All others wait for the preferred one.
      - A CA without account (it was down or refused us when M(hitless.edge.acme_account) ran) is
        passed over by all.
  deferred:
    description:
      - Certificates that are not to be ordered now, e.g. because a name does not lead here. Where
        they are due they are reported as V(deferred), with the reason.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Name of the certificate., type: str, required: true}
      reason: {description: Why., type: str, required: true}
  force:
    description: Get new certificates also where nothing is due; the ledger holds all the same.
    type: bool
    default: false
  adopt:
    description:
      - Folders with certificates that came by another way. Where the store holds none, one that is
        just as wished (names, kind of key, of a listed CA) and not due is copied into it instead
        of ordering a new one. In a folder there may be PEM files with key and certificates, as
        HAProxy loads them, and folders with C(privkey.pem) and C(fullchain.pem), as in
        C(/etc/letsencrypt/live).
      - What was there stays as it was, and is not looked at again. What comes close and does not
        fit is named in the reason.
    type: list
    elements: path
    default: []
  budget_seconds:
    description:
      - How long the call may take. What a CA asks to wait for beyond that is returned as
        RV(certificates[].retry_at), and orders under way are gone on with at the next run.
    type: int
    default: 600
  workers:
    description: How many orders are worked on at the same time.
    type: int
    default: 8
  progress_path:
    description: A file whose content is kept to a line such as C(42 of 100 issued).
    type: path
attributes:
  check_mode:
    support: full
    description: Names what would be issued; asks the CA for its directory and ARI only.
  diff_mode: {support: full, description: "Shows names, issuer, end and the reason."}
author:
  - The hitless.edge authors (@hitless)
"""

EXAMPLES = r"""
- name: Have all certificates
  hitless.edge.acme_certificates:
    authorities:
      - name: letsencrypt
        directory: https://acme-v02.api.letsencrypt.org/directory
      - name: second
        directory: https://acme.second.example/directory
        eab: {kid: my-key-id, hmac_key: "{{ second_hmac_key }}"}
    certificates:
      - name: example.com
        domains: [example.com, www.example.com]
        key_types: [ecdsa, rsa]
"""

RETURN = r"""
certificates:
  description: What became of each.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Its name., type: str, sample: example.com}
    key_type: {description: Its kind of key., type: str, sample: ecdsa}
    domains: {description: The wished names., type: list, elements: str, sample: [example.com]}
    covered:
      description: The names of the certificate held; none if there is none.
      type: list
      elements: str
      sample: [example.com]
    action:
      description: What was done, or V(would_issue) and V(would_adopt) in check mode.
      type: str
      choices: [valid, issued, renewed, adopted, failed, deferred, would_issue, would_adopt]
      sample: renewed
    reason:
      description: Why.
      type: str
      sample: "names differ: www.example.com is new"
    ca: {description: Who issued it or would., type: str, sample: letsencrypt}
    fingerprint: {description: SHA-256 of the certificate held; V(null) if none., type: str}
    not_before: {description: First moment of it., type: str, sample: "2026-11-22T12:00:00+00:00"}
    not_after: {description: Last moment of it., type: str, sample: "2027-02-20T12:00:00+00:00"}
    retry_at: {description: Not to try again before., type: str}
    error: {description: "Why it failed, in the CA's words.", type: str}
failures:
  description: Those of RV(certificates) that failed.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.hitless.edge.plugins.module_utils._acme.issue import plan_certificates
from ansible_collections.hitless.edge.plugins.module_utils._acme.options import (
    CERTIFICATES,
    acme_options,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import parse_wish
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse

DEFERRED = {
    "name": {"type": "str", "required": True},
    "reason": {"type": "str", "required": True},
}


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec(
        options={
            **acme_options(authorities={"required": True}),
            **CERTIFICATES,
            "deferred": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": DEFERRED,
            },
            "adopt": {"type": "list", "elements": "path", "default": []},
            "budget_seconds": {"type": "int", "default": 600},
            "workers": {"type": "int", "default": 8},
            "progress_path": {"type": "path"},
        }
    )


def ensure(ports: Ports, params: dict[str, object]) -> Change:
    """The change that gets all certificates that are due."""
    return plan_certificates(ports, parse(params, "", parse_wish))


def main() -> None:
    """Run as a module."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
