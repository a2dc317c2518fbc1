#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_account
short_description: The ACME account of an issuer, one key for all CAs
version_added: 0.1.0
description:
  - Makes the account key (EC P-256) and registers it at each listed CA.
  - One key has one thumbprint, so balancers answer the challenges of all CAs with the same digest.
    The thumbprint is in the result; give it to the balancers.
  - Runs with the Python of the issuer's virtual environment, as it needs the library C(acme).
  - What is registered is remembered on the issuer; a run with nothing to do asks no CA.
  - A CA that is down or refuses us stops no other; it is named in a warning and tried again by the
    next run. The module fails if no listed CA has an account then, and if not every CA did what
    O(rollover=true) or O(state=absent) asks for.
extends_documentation_fragment:
  - hitless.edge.acme
options:
  authorities:
    default: []
    description:
      - CAs to register at. An empty list makes just the key and returns its thumbprint, without
        any network.
  contact:
    description: Mail addresses for the CA, which it may or may not use.
    type: list
    elements: str
    default: []
  terms_agreed:
    description:
      - Whether you agree to the terms of service of the listed CAs. Without it no account is made.
    type: bool
    default: false
  rollover:
    description:
      - Replace the account key by a new one, at every listed CA. Each run with it makes a new key.
      - The old key is kept until all of them know the new one. If that was interrupted, the next
        run finishes it, with or without this option, and makes no further key.
      - Renew the thumbprint on the balancers before the next certificate is ordered. Accounts at
        CAs that are not listed are forgotten.
    type: bool
    default: false
  state:
    description:
      - With V(absent) the accounts at the listed CAs are deactivated, which cannot be undone. The
        key stays.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode: {support: full, description: Asks no CA.}
  diff_mode: {support: full, description: Shows thumbprint and contacts.}
author:
  - The hitless.edge authors (@hitless)
"""

EXAMPLES = r"""
- name: Make the key, to have its thumbprint before the first balancer starts
  hitless.edge.acme_account:
    authorities: []

- name: Register at a CA
  hitless.edge.acme_account:
    authorities:
      - name: letsencrypt
        directory: https://acme-v02.api.letsencrypt.org/directory
    contact: [ops@example.com]
    terms_agreed: true
"""

RETURN = r"""
thumbprint:
  description:
    - What answers HTTP-01 challenges behind the token (RFC 7638); V(null) in check mode before
      there is a key.
  returned: always
  type: str
  sample: cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s
accounts:
  description: The accounts at the listed CAs.
  returned: always
  type: list
  elements: dict
  contains:
    ca: {description: Its name in the list., type: str, sample: letsencrypt}
    directory: {description: Its directory., type: str, sample: https://ca.example/directory}
    url: {description: The account., type: str, sample: https://ca.example/acct/1}
    contact: {description: Contacts given., type: list, elements: str, sample: [ops@example.com]}
    caa:
      description:
        - Advice, CAA records (RFC 8657) that let only this account issue for a domain, and only
          over HTTP-01. With several CAs publish those of all.
      type: list
      elements: str
      sample:
        - 0 issue "ca.example; accounturi=https://ca.example/acct/1; validationmethods=http-01"
registrations:
  description:
    - All accounts that are there, listed or not, by the directory of their CA; what other issuers
      need to know of them.
  returned: always
  type: dict
  sample:
    https://ca.example/directory:
      url: https://ca.example/acct/1
      contact: [ops@example.com]
      thumbprint: cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s
      caa_identities: [ca.example]
failures:
  description: The CAs that did not do as wished. Where it has an account already, that stays.
  returned: always
  type: list
  elements: dict
  contains:
    ca: {description: Its name in the list., type: str, sample: letsencrypt}
    error: {description: "Why, in its words.", type: str, sample: letsencrypt does not answer}
  sample: []
"""

from ansible_collections.hitless.edge.plugins.module_utils._acme.account_plan import (
    parse_account_wish,
    plan_account,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.options import acme_options
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec(
        options={
            **acme_options(authorities={"default": []}),
            "contact": {"type": "list", "elements": "str", "default": []},
            "terms_agreed": {"type": "bool", "default": False},
            "rollover": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        }
    )


def ensure(ports: Ports, params: dict[str, object]) -> Change:
    """The change that makes key and accounts as wished."""
    return plan_account(ports, parse(params, "", parse_account_wish))


def main() -> None:
    """Run as a module."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
