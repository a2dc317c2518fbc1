# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules of the issuer document once."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of ``_acme/options.py``."""

    DOCUMENTATION = r"""
options:
  home:
    description: The issuer's folder, with account, certificates, orders and ledger.
    type: path
    default: /var/lib/hitless-edge
  authorities:
    description: CAs.
    type: list
    elements: dict
    suboptions:
      name: {description: What you call it., type: str, required: true}
      directory: {description: URL of its ACME directory., type: str, required: true}
      eab:
        description: External account binding, for CAs that demand an account of their own.
        type: dict
        suboptions:
          kid: {description: Key ID., type: str, required: true}
          hmac_key: {description: HMAC key (base64url)., type: str, required: true}
          algorithm:
            description: What the key signs with.
            type: str
            choices: [HS256, HS384, HS512]
            default: HS256
      ca_bundle:
        description:
          - File on the issuer with the certificates that the CA's endpoint is trusted by; without
            it the certificates that the host trusts.
        type: path
      weekly_limit:
        description:
          - How many certificates for the same exact names the CA gives in seven days. The last
            one is never spent. V(0) for a CA without that limit.
        type: int
        default: 5
      staging:
        description: URL of the CA's directory for trials, which a dry run of the renewal asks.
        type: str
      roots:
        description:
          - File on the hosts with the roots that the CA's certificates chain to, for a company's or
            a test CA; without it the certificates that the host trusts. Hosts that receive a
            certificate by a push take none that chains elsewhere.
        type: path
"""

    CERTIFICATES = r"""
options:
  certificates:
    description: The wished certificates, those of other sources among them, which are passed over.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: Name of the certificate., type: str, required: true}
      domains:
        description: Domains (A-labels, lower case) and IP addresses.
        type: list
        elements: str
        required: true
      key_types:
        description: One certificate is made for each.
        type: list
        elements: str
        choices: [ecdsa, rsa]
        default: [ecdsa]
      profile: {description: A profile that the CA lists., type: str}
      preferred_chain:
        description: Common name of the topmost issuer; if the CA has no such chain, its first one.
        type: str
      source:
        description: Who provides it.
        type: str
        choices: [acme, certbot, provided, selfsigned]
        default: acme
  force:
    description: Get new certificates also where nothing is due.
    type: bool
    default: false
  failures:
    description: Whether a certificate that could not be had fails the task, when all are done.
    type: str
    choices: [fatal, reported]
    default: fatal
"""
