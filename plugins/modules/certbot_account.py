#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certbot_account
short_description: The account that certbot uses, and its thumbprint
version_added: 0.1.0
description:
  - Uses the account that certbot has at the CA, if it has one. Else makes a key (RSA, as certbot
    does), registers it, and writes the account where certbot looks for it.
  - The thumbprint is in the result; give it to the balancers, which answer certbot's challenges
    with it.
  - Where the CA has a staging directory the same key is registered there, as C(certbot renew
    --dry-run) goes there and the balancers answer for this key alone.
  - A copy of the key is kept in the issuer's home, from where the other issuers get it.
  - A run with nothing to do asks no CA. A CA that is down is a warning, and asked again by the next
    run; the key is made all the same.
  - Runs with the Python of the issuer's virtual environment, as it needs the library C(acme).
extends_documentation_fragment:
  - hitless.edge.acme
options:
  authorities:
    required: true
    description: The CA. certbot knows just one, the first of the list.
  config:
    description: certbot's folder.
    type: path
    default: /etc/letsencrypt
  contact:
    description: Mail addresses for the CA, given when the account is made.
    type: list
    elements: str
    default: []
  terms_agreed:
    description:
      - Whether you agree to the terms of service of the CA. Without it no account is made.
    type: bool
    default: false
  host:
    description: Name of this host, which certbot notes beside an account.
    type: str
    default: localhost
attributes:
  check_mode: {support: full, description: Asks no CA.}
  diff_mode: {support: full, description: Shows the thumbprint and the directories.}
author:
  - The hitless.edge authors (@hitless)
"""

EXAMPLES = r"""
- name: Give certbot its account
  hitless.edge.certbot_account:
    authorities:
      - name: letsencrypt
        directory: https://acme-v02.api.letsencrypt.org/directory
        staging: https://acme-staging-v02.api.letsencrypt.org/directory
    contact: [ops@example.com]
    terms_agreed: true
  register: certbot
"""

RETURN = r"""
thumbprint:
  description:
    - What answers certbot's HTTP-01 challenges behind the token (RFC 7638); V(null) in check mode
      before there is a key.
  returned: always
  type: str
  sample: cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s
account:
  description: URL of the account; V(null) as long as there is none.
  returned: always
  type: str
  sample: https://ca.example/acct/1
account_id:
  description: What certbot calls it, e.g. behind C(--account).
  returned: always
  type: str
  sample: f4ff7e877798a8490b5899f3ed47944f
directory:
  description: The CA's directory.
  returned: always
  type: str
  sample: https://ca.example/directory
"""

from ansible_collections.hitless.edge.plugins.module_utils._acme.options import acme_options
from ansible_collections.hitless.edge.plugins.module_utils._certbot.account_plan import (
    parse_certbot_account_wish,
    plan_certbot_account,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec(
        options={
            **acme_options(authorities={"required": True}),
            "config": {"type": "path", "default": "/etc/letsencrypt"},
            "contact": {"type": "list", "elements": "str", "default": []},
            "terms_agreed": {"type": "bool", "default": False},
            "host": {"type": "str", "default": "localhost"},
        }
    )


def ensure(ports: Ports, params: dict[str, object]) -> Change:
    """The change that gives certbot its account."""
    return plan_certbot_account(ports, parse(params, "", parse_certbot_account_wish))


def main() -> None:
    """Run as a module."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
