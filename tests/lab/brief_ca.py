# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second CA that the fleet trusts, which gives certificates of a few seconds."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from fleet_view import ROOTS, Fleet
from renewals import wait_for

UNIT = "lab-brief-ca"
CONFIG = "/run/lab-brief-ca.json"
PORT, MANAGEMENT_PORT = 14100, 15100
SECONDS = 20
DIRECTORY = f"https://edge-ca:{PORT}/dir"
# The profiles are replaced, because Pebble takes any of them where none is wished.
CONFIGURE = f"""
import json
with open("/etc/lab/pebble.json") as file:
    config = json.load(file)
config["pebble"] |= {{
    "listenAddress": "0.0.0.0:{PORT}",
    "managementListenAddress": "0.0.0.0:{MANAGEMENT_PORT}",
    "privateKey": "/etc/lab/acme-key.pem",
    "profiles": {{"brief": {{"description": "seconds", "validityPeriod": {SECONDS}}}}},
}}
print(json.dumps(config))
"""


@contextmanager
def brief_ca(fleet: Fleet) -> Iterator[str]:
    """The CA is there, and its root on all balancers; its directory."""
    ca = fleet.ca
    ca.run(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}")
    ca.check_output(
        f"python3 -c {shlex.quote(CONFIGURE)} > {CONFIG} && systemd-run -q --collect --unit {UNIT}"
        " -p EnvironmentFile=/etc/lab/pebble.env"
        f" pebble -config {CONFIG} -dnsserver 127.0.0.1:53"
    )
    line = f"curl -sf --cacert /etc/lab/acme-ca.pem https://localhost:{MANAGEMENT_PORT}/roots/0"
    wait_for(lambda: ca.run(line).rc == 0)
    root = shlex.quote(ca.check_output(line) + "\n")
    for balancer in fleet.balancers:
        balancer.host.check_output(
            f"[ -e {ROOTS}.alone ] || cp -p {ROOTS} {ROOTS}.alone;"
            f" (cat {ROOTS}.alone && printf %s {root}) > {ROOTS}"
        )
    try:
        yield DIRECTORY
    finally:
        ca.run(f"systemctl stop {UNIT}; rm -f {CONFIG}")
        for balancer in fleet.balancers:
            balancer.host.check_output(f"mv {ROOTS}.alone {ROOTS}")
