#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certbot_certificates
short_description: All certificates of an issuer that come by certbot, in one call
version_added: 0.1.0
description:
  - The same wish and the same result as M(hitless.edge.acme_certificates), through certbot. Only
    certificates whose source is C(certbot) are looked at.
  - certbot is asked for what is absent, or differs in names, key type, profile, preferred chain or
    CA. Renewal is left to its timer; a certificate that the timer left alone until its end is near
    is renewed here as well. Each result says why.
  - A lineage that certbot has is taken over as it is, whoever made it by whatever authenticator,
    without an order; so is a certificate that came from another source before. It is renewed
    through HAProxy from then on. A renewal file made by hand is kept in the folder C(hitless-edge)
    beside C(renewal).
  - Lineages are read and written as files. What certbot prints is only shown where it fails.
  - The names are proved by HTTP-01, which the balancers answer from the thumbprint of certbot's
    account; see M(hitless.edge.certbot_account). Nothing is stopped, and no hook of certbot's
    folders runs.
  - A wish that this version of certbot cannot fulfil fails the module before anything is changed,
    and so does a hook in certbot's folder that stops HAProxy, as its timer would run it.
  - So does what the files C(/etc/letsencrypt/cli.ini) and C(/root/.config/letsencrypt/cli.ini) say
    of a renewal (how names are proved, CA, account, kind of key, profile, chain, rehearsals) if it
    is not what is wished, as it goes over what is set for each certificate.
  - So does a certificate that lives under 45 days, where certbot is older than 4.0. It renews 30
    days before the end, so it would order what lives as short as that anew at every run.
  - Runs with the Python of the issuer's virtual environment.
extends_documentation_fragment:
  - hitless.edge.acme
  - hitless.edge.acme.certificates
options:
  authorities:
    required: true
    description: The CA. certbot knows just one, the first of the list.
  command:
    description: The command.
    type: path
    default: /opt/certbot/bin/certbot
  config:
    description: certbot's folder.
    type: path
    default: /etc/letsencrypt
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
  adopt:
    description:
      - Folders with certificates that came by another way. Where the store holds none, one that is
        just as wished (names, kind of key) and not due is copied into it instead of ordering a new
        one. In a folder there may be PEM files with key and certificates, as HAProxy loads them,
        and folders with C(privkey.pem) and C(fullchain.pem), as in C(/etc/letsencrypt/live).
      - What was there stays as it was, and is not looked at again. What comes close and does not
        fit is named in the reason.
    type: list
    elements: path
    default: []
  budget_seconds:
    description: How long the call may take; certificates that are left over are reported as failed.
    type: int
    default: 600
attributes:
  check_mode: {support: full, description: Names what would be ordered; asks no CA.}
  diff_mode: {support: full, description: "Shows names, issuer, end and the reason."}
author:
  - The hitless.edge authors (@hitless)
"""

EXAMPLES = r"""
- name: Have the certificates that come by certbot
  hitless.edge.certbot_certificates:
    authorities:
      - name: letsencrypt
        directory: https://acme-v02.api.letsencrypt.org/directory
    certificates:
      - name: example.com
        domains: [example.com, www.example.com]
        source: certbot
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
    error: {description: "Why it failed, in certbot's words.", type: str}
failures:
  description: Those of RV(certificates) that failed.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.hitless.edge.plugins.module_utils._acme.options import (
    CERTIFICATES,
    acme_options,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.plan import (
    parse_certbot_wish,
    plan_certificates,
)
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
            "command": {"type": "path", "default": "/opt/certbot/bin/certbot"},
            "config": {"type": "path", "default": "/etc/letsencrypt"},
            "deferred": {"type": "list", "elements": "dict", "default": [], "options": DEFERRED},
            "adopt": {"type": "list", "elements": "path", "default": []},
            "budget_seconds": {"type": "int", "default": 600},
        }
    )


def ensure(ports: Ports, params: dict[str, object]) -> Change:
    """The change that has all certificates whose source is certbot."""
    return plan_certificates(ports, parse(params, "", parse_certbot_wish))


def main() -> None:
    """Run as a module."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
