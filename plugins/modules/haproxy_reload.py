#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_reload
short_description: Bring the running HAProxy to the staged config, without losing a request
description:
  - One transaction under one lock. What M(hitless.edge.haproxy_config) staged becomes live, and the
    running process is brought to it by the least that suffices.
  - Maps alone are replaced in the running process, each at once, without a reload.
  - For a new config, the state of the servers is dumped, what serves is kept in
    C(/etc/haproxy/previous), maps and config are swapped, HAProxy is reloaded once by its master
    socket, and then has to prove itself. The new worker must run the wanted config, and one request
    must be answered.
  - If it does not, the previous config comes back, on disk and in the process, the refused one is
    put into C(/etc/haproxy/rejected), and the module fails with HAProxy's own words.
  - The running process is the truth, not the file. Where an earlier run died after it had swapped
    the files, this one finishes its work. Where nothing is staged, the config on disk is taken,
    after it was validated.
  - A file that the config names (an error page, a Lua script, a CA) and that changed since HAProxy
    started is a reason to reload too, so a task that writes one need only notify the handler.
  - Never overlaps another reload, and waits for the end of one that is under way.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
attributes:
  check_mode:
    description: Tells the action; with O(digest) and O(maps_changed) also for what a dry run of
      M(hitless.edge.haproxy_config) did not stage.
    support: full
  diff_mode:
    description: Shows the digests of the configs and the reason.
    support: full
options:
  digest:
    description:
      - Digest of the config that is wanted, as M(hitless.edge.haproxy_config) returned it.
      - The module fails if another one lies ready.
    type: str
  staged:
    description:
      - Whether a candidate that M(hitless.edge.haproxy_config) staged becomes live.
      - With V(false) the config on disk is meant. So a role that only changed an error page never
        makes a config live that was held back because another balancer refused it.
    type: bool
    default: true
  maps_changed:
    description:
      - Maps that differ, as M(hitless.edge.haproxy_config) returned them. For check mode only,
        where nothing was staged that could be compared.
    type: list
    elements: str
    default: []
  force:
    description: Whether to reload although the process runs what is wanted.
    type: bool
    default: false
  probe_url:
    description:
      - What is asked for after a reload, over plain HTTP, on this host. An answer is a proof; a
        status of 500 or more only if it was so before.
      - Left out where the config does not listen on its port. Empty means never to ask.
    type: str
    default: http://127.0.0.1:8404/healthz
  timeout:
    description: Seconds to wait for the lock, and for HAProxy to load the config.
    type: int
    default: 120
notes:
  - Needs HAProxy's master socket at C(/run/haproxy-master.sock), which Debian's unit gives it.
seealso:
  - module: hitless.edge.haproxy_config
"""

EXAMPLES = r"""
- name: Activate what haproxy_config staged
  hitless.edge.haproxy_reload:

- name: Activate just this config, or fail
  hitless.edge.haproxy_reload:
    digest: 5f1d7a84db00d2fc

- name: Reload in any case
  hitless.edge.haproxy_reload:
    force: true
"""

RETURN = r"""
action:
  description: What was done; in check mode what would be done.
  returned: success
  type: str
  sample: reload
reason:
  description: Why.
  returned: success
  type: str
  sample: config 0d1b2c3d4e5f6071 runs, 5f1d7a84db00d2fc is wanted
digest:
  description: Digest of the config that runs; empty if it is not of this collection.
  returned: success
  type: str
  sample: 5f1d7a84db00d2fc
seconds:
  description: How long it took, the wait for the lock included.
  returned: success
  type: float
  sample: 0.31
words:
  description: What HAProxy said meanwhile, alerts and warnings.
  returned: always
  type: str
  sample: ""
rejected:
  description: The folder with the refused config; empty if there is none.
  returned: failure after a reload
  type: str
  sample: /etc/haproxy/rejected
"""

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction import plan_change
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_plan import Wish


def spec() -> ArgumentSpec:
    """The options."""
    return ArgumentSpec(
        {
            "digest": {"type": "str"},
            "staged": {"type": "bool", "default": True},
            "maps_changed": {"type": "list", "elements": "str", "default": []},
            "force": {"type": "bool", "default": False},
            "probe_url": {"type": "str", "default": "http://127.0.0.1:8404/healthz"},
            "timeout": {"type": "int", "default": 120},
        }
    )


def ensure(ports: Ports, wish: Wish) -> Change:
    """Compare the running process with the wish."""
    return plan_change(ports, Layout(), wish)


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, Wish.from_params(module.params)))


if __name__ == "__main__":
    main()
