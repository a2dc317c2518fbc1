# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic on the fleet while a test does something to it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet_view import ROOTS, Balancer, Fleet

PROGRAM = Path(__file__).parent / "traffic.py"
INSTALLED = "/usr/local/lib/lab/traffic.py"
FOLDER = "/run/lab-traffic"
UNIT = "lab-traffic"
LIMIT_SECONDS = 900
END_SECONDS = 30.0


@dataclass
class Traffic:
    """What the clients saw; complete when the traffic has ended."""

    addresses: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    seconds: float = 0.0

    def tallies(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Address, kind of client, what became of its requests."""
        for address, kinds in self.addresses.items():
            for kind, tally in kinds.items():
                yield address, kind, tally

    @property
    def lost(self) -> dict[str, list[str]]:
        """Failed requests by address and kind, with the first few details."""
        return {
            f"{address} {kind}": [f"{tally['failed']}", *tally["details"]]
            for address, kind, tally in self.tallies()
            if tally["failed"]
        }

    @property
    def requests(self) -> Counter[str]:
        """Requests by kind of client."""
        counts: Counter[str] = Counter()
        for _unused, kind, tally in self.tallies():
            counts[kind] += tally["requests"]
        return counts

    def total(self, what: str) -> int:
        """The sum of a count over all addresses and kinds."""
        return sum(tally[what] for _unused, _unused, tally in self.tallies())

    @property
    def failures(self) -> int:
        """All requests that failed."""
        return sum(sum(tally["failed"].values()) for _unused, _unused, tally in self.tallies())

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.requests.items())
        return f"{self.requests.total()} requests ({kinds})"


def install(fleet: Fleet) -> None:
    """Put the client where clients are."""
    fleet.put(fleet.ca, PROGRAM.read_bytes(), INSTALLED)


@contextmanager
def traffic_on(
    fleet: Fleet, *sites: str, options: str = "", balancers: Sequence[Balancer] = ()
) -> Iterator[Traffic]:
    """Constant traffic to these balancers, or all, from here to the end of the block."""
    install(fleet)
    targets = [f"--address {balancer.address}" for balancer in balancers or fleet.balancers]
    names = [f"--site {site}" for site in sites]
    fleet.ca.run(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}")
    fleet.ca.check_output(
        f"rm -rf {FOLDER} && mkdir {FOLDER} && systemd-run -q --unit {UNIT} python3 {INSTALLED}"
        f" {' '.join(targets + names)} --cacert {ROOTS} --seconds {LIMIT_SECONDS}"
        f" --stop-file {FOLDER}/stop --result {FOLDER}/result.json {options}"
    )
    traffic = Traffic()
    try:
        yield traffic
        assert fleet.ca.run(f"systemctl is-active {UNIT}").stdout.strip() == "active", said(fleet)
    finally:
        fleet.ca.check_output(f"touch {FOLDER}/stop")
    result = read_result(fleet)
    traffic.addresses, traffic.seconds = result["addresses"], result["seconds"]


def read_result(fleet: Fleet) -> Any:
    """What the clients report when they have ended."""
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end:
        result = fleet.ca.run(f"cat {FOLDER}/result.json")
        if result.rc == 0 and result.stdout.endswith("}\n"):
            return json.loads(result.stdout)
        time.sleep(0.2)
    raise AssertionError(f"the traffic does not end: {said(fleet)}")


def said(fleet: Fleet) -> str:
    """What the clients' unit logged."""
    return str(fleet.ca.run(f"journalctl --no-pager -n 40 -u {UNIT}").stdout)
