#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_probe
short_description: See which certificate each balancer serves for each domain
description:
  - Makes one TLS connection per balancer and domain, all at once, and compares the fingerprint of
    the certificate that is served with the wanted one.
  - The running process is asked, not the files, so a certificate that was written and not loaded
    is seen.
  - Prints a table on the screen of the controller. Reads only; it never changes anything and does
    not fail because of what it sees.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
requirements:
  - cryptography >= 38 on the host that this runs on
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: There is nothing to show, since nothing changes.
    support: none
options:
  certificates:
    description: What shall be served.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the certificate.
        type: str
        required: true
      domains:
        description: Domains to ask for.
        type: list
        elements: str
        required: true
      fingerprints:
        description:
          - SHA-256 fingerprints that are right, as upper-case hexadecimal digits without colons;
            one for each key type.
          - Where the list is empty, the domain is shown as not issued, and no connection is made.
        type: list
        elements: str
        default: []
  balancers:
    description: The balancers to connect to.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: How to call it in the table.
        type: str
        required: true
      addresses:
        description: IP addresses or names that lead to it; the first one is connected to.
        type: list
        elements: str
        required: true
  port:
    description: Port to connect to.
    type: int
    default: 443
  show:
    description: Whether to print the table.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: See what is served
  hitless.edge.edge_probe:
    certificates:
      - name: wizardry.io
        domains: [wizardry.io, www.wizardry.io]
        fingerprints: [4D2E1E1B5C3B0B7A3F9E5D1C2B4A69788796A5B4C3D2E1F00F1E2D3C4B5A6978]
    balancers:
      - {name: lb1, addresses: [192.0.2.11]}
      - {name: lb2, addresses: [192.0.2.12]}
  register: probe
  failed_when: probe.failures
"""

RETURN = r"""
probes:
  description: One entry for each balancer and domain.
  returned: success
  type: list
  elements: dict
  contains:
    balancer:
      description: Name of the balancer.
      type: str
      sample: lb1
    address:
      description: Where it was asked.
      type: str
      sample: 192.0.2.11
    domain:
      description: The domain.
      type: str
      sample: wizardry.io
    status:
      description: One of V(ok), V(other certificate), V(no TLS), V(unreachable), V(not issued).
      type: str
      sample: ok
    issuer:
      description: Common name of the issuer of the served certificate.
      type: str
      sample: YE1
    days_left:
      description: Whole days until it ends.
      type: int
      sample: 63
    fingerprint:
      description: SHA-256 of the served certificate.
      type: str
      sample: 4D2E1E1B5C3B0B7A3F9E5D1C2B4A69788796A5B4C3D2E1F00F1E2D3C4B5A6978
    reason:
      description: What is wrong; empty if nothing is.
      type: str
      sample: ""
table:
  description: The same as lines for a screen; of a large fleet only what is not as wanted.
  returned: success
  type: list
  elements: str
  sample:
    - balancer  domain       status  issuer  days left  fingerprint
    - lb1       wizardry.io  ok      YE1     63         4D2E1E1B5C3B0B7A
failures:
  description: >-
    What is wrong, in words, for each balancer and domain that does not serve what it shall.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils._core.change import Change
from ..module_utils._core.module import ArgumentSpec, run
from ..module_utils._core.ports import Ports
from ..module_utils._core.reader import parse
from ..module_utils._edge.fleet import locate, parse_balancers
from ..module_utils._edge.probe import describe, failures, parse_wanted, probe
from ..module_utils._edge.table import render_table


def spec() -> ArgumentSpec:
    """The options; ``show`` is for the action plugin of the same name."""
    name = {"type": "str", "required": True}
    texts = {"type": "list", "elements": "str", "required": True}
    dicts = {"type": "list", "elements": "dict", "required": True}
    fingerprints = {"type": "list", "elements": "str", "default": []}
    certificate = {"name": name, "domains": texts, "fingerprints": fingerprints}
    return ArgumentSpec(
        {
            "certificates": {**dicts, "options": certificate},
            "balancers": {**dicts, "options": {"name": name, "addresses": texts}},
            "port": {"type": "int", "default": 443},
            "show": {"type": "bool", "default": True},
        }
    )


def ensure(ports: Ports, params: dict) -> Change:
    """What is served; never a change."""
    wanted = parse(params["certificates"], "certificates", parse_wanted)
    balancers = parse(params["balancers"], "balancers", parse_balancers)
    fleet = locate(ports.network, balancers)
    found = probe(wanted, network=ports.network, fleet=fleet, port=params["port"])
    now = ports.clock.now()
    return Change(
        result={
            "probes": [describe(each, now) for each in found],
            "table": list(render_table(found, now)),
            "failures": failures(found),
        }
    )


def main() -> None:
    """Entry point."""
    module = spec().create()
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
