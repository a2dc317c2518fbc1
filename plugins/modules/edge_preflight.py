#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_preflight
short_description: Find out whether a CA would get the right answers before it is asked
description:
  - For each domain of the given certificates, looks up where it resolves (A and AAAA, with the
    resolver of the host that this runs on), whether each address leads to one of the balancers,
    and whether each address answers a fresh random token on the HTTP-01 challenge path as the CA
    would have to hear it.
  - A domain that fails is left out of the orders with its reason, so that no failed validation is
    spent at the CA.
  - Reads only; it never changes anything and does not fail because of a domain.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: There is nothing to show, since nothing changes.
    support: none
options:
  certificates:
    description:
      - Certificates that are due, as the filter P(hitless.edge.edge_state#filter) gives them.
      - Of each, RV(ignore:name) and C(domains) are needed; C(covered), C(not_before) and
        C(not_after) tell what the present certificate has. Other keys are handed on to
        RV(certificates).
      - A certificate for which no CA is asked passes without a question, as one whose C(source) is
        C(provided) or C(selfsigned) does; C(at_once) lists the key types of which that is true.
    type: list
    elements: dict
    required: true
  balancers:
    description: All balancers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: How to call it in messages.
        type: str
        required: true
      addresses:
        description: IP addresses or names that lead to it, its own one first.
        type: list
        elements: str
        required: true
  thumbprint:
    description: Thumbprint of the account key, as M(hitless.edge.acme_account) returns it.
    type: str
    required: true
  certbot_thumbprint:
    description:
      - The same of certbot's account, for certificates whose C(source) is C(certbot), as
        M(hitless.edge.certbot_account) returns it.
    type: str
  ask_balancers:
    description: Whether to ask the addresses for a random token; otherwise only DNS is looked at.
    type: bool
    default: true
  port:
    description: Port of the question. CAs use 80.
    type: int
    default: 80
  timeout:
    description: Seconds to wait for one answer.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Find out what may be ordered
  hitless.edge.edge_preflight:
    certificates:
      - name: wizardry.io
        domains: [wizardry.io, www.wizardry.io]
    balancers:
      - {name: lb1, addresses: [192.0.2.11]}
      - {name: lb2, addresses: [192.0.2.12]}
    thumbprint: "{{ account.thumbprint }}"
  register: preflight
"""

RETURN = r"""
domains:
  description: One entry for each domain.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The domain.
      type: str
      sample: wizardry.io
    ok:
      description: Whether a CA would get the right answer from each address.
      type: bool
      sample: true
    addresses:
      description: Where it resolves.
      type: list
      elements: str
      sample: [192.0.2.11, 192.0.2.12]
    reason:
      description: What is wrong, and what to do; empty if nothing is.
      type: str
      sample: ""
    is_silent:
      description: Whether all that is wrong is that none of its addresses could be connected to.
      type: bool
      sample: false
certificates:
  description:
    - What may be ordered now, in the form of the option O(certificates).
    - A certificate of which some domains fail is among them, with the others, if it loses no name
      by that that is served now, or if less than a sixth of its life is left.
  returned: success
  type: list
  elements: dict
deferred:
  description: What is left out, with the domains and the reason.
  returned: success
  type: list
  elements: dict
  sample: []
failures:
  description: The reasons of all domains that fail.
  returned: success
  type: list
  elements: str
  sample: []
"""

import secrets

from ..module_utils._core.change import Change
from ..module_utils._core.module import ArgumentSpec, run
from ..module_utils._core.ports import Ports
from ..module_utils._core.reader import parse
from ..module_utils._edge.fleet import locate, parse_balancers
from ..module_utils._edge.orders import parse_due, plan_orders
from ..module_utils._edge.preflight import Challenge, preflight

NOT_MADE_YET = "not made yet"


def spec() -> ArgumentSpec:
    """The options."""
    balancer = {
        "name": {"type": "str", "required": True},
        "addresses": {"type": "list", "elements": "str", "required": True},
    }
    dicts = {"type": "list", "elements": "dict", "required": True}
    return ArgumentSpec(
        {
            "certificates": dicts,
            "balancers": {**dicts, "options": balancer},
            "thumbprint": {"type": "str", "required": True},
            "certbot_thumbprint": {"type": "str"},
            "ask_balancers": {"type": "bool", "default": True},
            "port": {"type": "int", "default": 80},
            "timeout": {"type": "int", "default": 5},
        }
    )


def ensure(ports: Ports, params: dict, token: str) -> Change:
    """What may be ordered; never a change."""
    due = parse(params["certificates"], "certificates", parse_due)
    balancers = parse(params["balancers"], "balancers", parse_balancers)
    fleet = locate(ports.network, balancers)
    thumbprints = {"certbot": params["certbot_thumbprint"] or NOT_MADE_YET}
    asked: dict[str, dict[str, None]] = {}
    for one in due:
        thumbprint = thumbprints.get(one.wish.get("source"), params["thumbprint"])
        asked.setdefault(thumbprint, {}).update(dict.fromkeys(one.validated))
    verdicts = [
        verdict
        for thumbprint, domains in asked.items()
        for verdict in preflight(
            list(domains),
            network=ports.network,
            fleet=fleet,
            challenge=Challenge(token, thumbprint, params["port"], params["timeout"])
            if params["ask_balancers"]
            else None,
        )
    ]
    reasons = {verdict.domain: verdict.reason for verdict in verdicts if not verdict.ok}
    orders = plan_orders(due, reasons, ports.clock.now())
    return Change(
        result={
            "domains": [{**vars(verdict), "ok": verdict.ok} for verdict in verdicts],
            "certificates": [dict(wish) for wish in orders.wishes],
            "deferred": [vars(deferred) for deferred in orders.deferred],
            "failures": list(reasons.values()),
        }
    )


def main() -> None:
    """Entry point."""
    module = spec().create()
    run(module, lambda ports: ensure(ports, module.params, secrets.token_urlsafe(32)))


if __name__ == "__main__":
    main()
