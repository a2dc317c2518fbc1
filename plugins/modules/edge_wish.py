#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_wish
short_description: Check all that is wished for, before any host is touched
description:
  - Parses sites, backends, settings, raw sections and certificates on the controller, and fails
    with every fault of all of them in one message, each with its path, cause and remedy.
  - Resolves C(servers_from_group) against the inventory. Connects to no host.
  - Fails without O(sites), which is a forgotten file of variables; an empty list is a wish. Fails
    with a variable whose name is nearly one of this collection, such as C(haproxy_site).
  - Judges O(certificates_provided) against what is wished; key and certificate never leave the
    controller. Warns of one that is near its end, i.e. of which less than a third of its life is
    left (half if it lives under ten days), and less than 30 days.
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
extends_documentation_fragment:
  - hitless.edge.model
options:
  certificates_provided:
    description:
      - Name of a certificate whose source is C(provided) -> its PEM with key, leaf and chain, or a
        list of them, one for each of its key types; the variable of that name. Keep it in a vault.
    type: dict
"""

EXAMPLES = r"""
- name: Check the wish
  hitless.edge.edge_wish:
    sites:
      - domains: [wizardry.io, www.wizardry.io]
        backend: web
        routes:
          - {path: /blog, backend: ghost}
    backends:
      - {name: web, servers_from_group: webs, port: 80, check: {path: /healthz}}
      - {name: ghost, origin: "https://example.ghost.io"}
"""

RETURN = r"""
sites:
  description: How many there are.
  returned: success
  type: int
  sample: 1
domains:
  description: How many domains they have.
  returned: success
  type: int
  sample: 2
backends:
  description: How many there are.
  returned: success
  type: int
  sample: 2
servers:
  description: How many servers they have.
  returned: success
  type: int
  sample: 3
certificates:
  description: How many certificates are wished for.
  returned: success
  type: int
  sample: 1
faults:
  description: What is wrong, all of it.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      type: str
      returned: always
      sample: haproxy_sites[0].routes[1].backend
    cause:
      description: What is wrong.
      type: str
      returned: always
      sample: no backend is named "gost"
    remedy:
      description: What to do, if that is known.
      type: str
      returned: always
      sample: did you mean "ghost"?
"""

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._edge.provided import VARIABLE, inspect
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.inventory import Inventory
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.wish import parse_options
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.options import MODEL


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec({**MODEL, VARIABLE: {"type": "dict", "no_log": True}})


def ensure(ports: Ports, params: dict) -> Change:
    """Parse; the action plugin of this name does it with the inventory, which a host has not."""
    model = parse_options(params, Inventory())
    wishes = [wish.to_data() for wish in model.certificates]
    found = inspect(params.get(VARIABLE), wishes, ports.clock.now())
    if found.faults:
        raise InvalidInput(found.faults)
    return Change(result=model.summary, warnings=found.warnings)


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params))


if __name__ == "__main__":
    main()
