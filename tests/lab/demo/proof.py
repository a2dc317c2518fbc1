# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of `make demo`: visits every balancer for every domain, and says what a client saw.

The visits are made on the infra host, with names and chains verified against Pebble's root alone.
Fails if a single one did not end in a page over trusted TLS.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[3]
COLUMNS = ("balancer", "domain", "status", "issuer", "days left", "fingerprint")
LOOK_AROUND = """
Look around:
  ssh -F .lab/ssh_config edge-lb1                      (edge-lb1..3, edge-web1..2, edge-ca)
  ssh -F .lab/ssh_config edge-ca curl -s --cacert /etc/lab/roots.pem https://{domain}/
Your own sites: every name below .test resolves to the balancers in turn.
  printf 'haproxy_sites: [{{domains: [mine.test], backend: web}}]\\n' > my-vars.yml
  . .venv/bin/activate && ansible-playbook -i .lab/inventory.yml hitless.edge.site -e @my-vars.yml
Run make demo again: it converges with changed=0. Remove everything: make demo-down
"""


def inventory() -> dict[str, Any]:
    """The demo's inventory with its variables."""
    command = ("ansible-inventory", "-i", ROOT / ".lab/inventory.yml", "--list")
    done = subprocess.run(command, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def wish_of(fleet: dict[str, Any]) -> dict[str, Any]:
    """Balancers with their addresses, and every domain of every site as it stands in DNS."""
    variables = fleet["_meta"]["hostvars"]
    names = fleet["balancers"]["hosts"]
    domains = [name for site in variables[names[0]]["haproxy_sites"] for name in site["domains"]]
    return {
        "balancers": {name: variables[name]["edge_address"] for name in names},
        "domains": [name.encode("idna").decode() for name in domains],
    }


def visits_of(wish: dict[str, Any]) -> list[dict[str, Any]]:
    """What a client on the infra host sees."""
    container = f"{os.environ['LAB_PREFIX']}-edge-ca"
    done = subprocess.run(
        (os.environ["LAB_ENGINE"], "exec", "-i", container, "python3", "-", json.dumps(wish)),
        input=(ROOT / "tests/lab/demo/client.py").read_bytes(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return list(json.loads(done.stdout))


def is_served(visit: dict[str, Any]) -> bool:
    """Whether a page came, over TLS that the client trusts."""
    return "error" not in visit and 200 <= visit["status"] < 400


def row(visit: dict[str, Any]) -> tuple[str, ...]:
    """One line of the table."""
    if "error" in visit:
        return (visit["balancer"], visit["domain"], visit["error"], "", "", "")
    certificate = (visit["issuer"], str(visit["days_left"]), visit["fingerprint"][:16].upper())
    return (visit["balancer"], visit["domain"], str(visit["status"]), *certificate)


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows in aligned columns."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()
        for cells in rows
    )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table and the verdict; 0 if every visit was served."""
    wish = wish_of(inventory())
    visits = visits_of(wish)
    sys.stdout.write(
        "What a client gets that asks each balancer for / of each domain, trusting the CA alone:\n"
    )
    sys.stdout.write("\n" + table([COLUMNS, *map(row, visits)]) + "\n")
    failed = [visit for visit in visits if not is_served(visit)]
    if failed or not visits:
        sys.stdout.write(f"demo: {len(failed)} of {len(visits)} visits failed\n")
        return 1
    balancers = len({visit["balancer"] for visit in visits})
    domains = len({visit["domain"] for visit in visits})
    sys.stdout.write(f"demo: {balancers} balancers serve {domains} domains over TLS\n")
    sys.stdout.write(LOOK_AROUND.format(domain=wish["domains"][0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
