#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_config
short_description: Turn sites and backends into a validated HAProxy config, ready to reload
description:
  - Compiles and renders the model on the controller, for the HAProxy that the host has, and
    compares the result with the files on the host and with the running process.
  - What differs is validated and left in C(/etc/haproxy/staged), where
    M(hitless.edge.haproxy_reload) takes it from. Nothing that is live is changed.
  - HAProxy is asked by C(haproxy -c), with the candidate seen at its final paths. What it binds is
    compared with the ports and addresses of the host. Then it is really started in private
    namespaces, under the limits of the running service, because a missing chroot or too many
    connections show only then.
  - On failure the message holds HAProxy's own words and the variable that each line comes from.
  - If files and process have what is wished, nothing is changed, and a candidate that an earlier
    run left is removed.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
extends_documentation_fragment:
  - hitless.edge.model
  - hitless.edge.model.rendering
attributes:
  check_mode:
    description: Validates as the run would. Without HAProxy on the host it predicts and warns.
    support: full
  diff_mode:
    description: Shows the config, with its secrets masked, and the lines of maps that differ.
    support: full
options:
  config:
    description: Text of the config. Filled on the controller; not for users.
    type: str
  maps:
    description: Contents of the maps by file name. Filled on the controller; not for users.
    type: dict
  digest:
    description: Digest that the config holds. Filled on the controller; not for users.
    type: str
notes:
  - Where the host allows no private namespaces, or the config runs programs of its own, the trial
    start is left out, with a warning.
seealso:
  - module: hitless.edge.haproxy_reload
"""

EXAMPLES = r"""
- name: Stage the config of a site
  hitless.edge.haproxy_config:
    sites:
      - domains: [wizardry.io, www.wizardry.io]
        backend: web
    backends:
      - name: web
        servers_from_group: webs
        port: 80
  notify: Reload HAProxy
"""

RETURN = r"""
digest:
  description: Digest of the wished config.
  returned: success
  type: str
  sample: 5f1d7a84db00d2fc
staged:
  description: Whether a candidate waits for its activation; in check mode whether one would.
  returned: success
  type: bool
  sample: true
reload_needed:
  description: Whether its activation takes a reload (or a start) rather than new maps alone.
  returned: success
  type: bool
  sample: true
maps_changed:
  description: Maps that the files or the process have differently.
  returned: success
  type: list
  elements: str
  sample: [sites.map]
words:
  description: What HAProxy said against the config, or what is wrong with its binds.
  returned: failure
  type: str
  sample: "[ALERT] (1) : config : parsing [/etc/haproxy/haproxy.cfg:27] : unknown keyword 'bogus'"
lines:
  description: Lines of the config that the words name.
  returned: failure
  type: list
  elements: int
  sample: [27]
check:
  description: Which check refused; V(haproxy -c), V(start) or V(binds).
  returned: failure
  type: str
  sample: haproxy -c
"""

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.options import (
    MODEL,
    RENDERING,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.staging import (
    Wish,
    parse_wish,
    plan_staging,
)


def spec() -> ArgumentSpec:
    """The options: those that the action plugin fills, and the model, which it takes for itself."""
    rendered = {"config": {"type": "str"}, "maps": {"type": "dict"}, "digest": {"type": "str"}}
    return ArgumentSpec(MODEL).merge(ArgumentSpec(RENDERING), ArgumentSpec(rendered))


def ensure(ports: Ports, wish: Wish) -> Change:
    """Compare files and process with the wish."""
    return plan_staging(ports, wish)


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True, is_logged=False)
    run(module, lambda ports: ensure(ports, parse(module.params, "", parse_wish)))


if __name__ == "__main__":
    main()
