# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy before the CA (`faults.py`), as tests tell it what shall go wrong."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet_view import Fleet

CONTROL = "http://localhost:14002"
ENDPOINT_PORT = 14001


@dataclass(frozen=True)
class BadDays:
    """Orders faults, looks at what the CA saw."""

    fleet: Fleet

    def tell(self, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """An order to the proxy."""
        data = shlex.quote(json.dumps(document or {}))
        return json.loads(self.fleet.ca.check_output(f"curl -sSf {CONTROL}{path} -d {data}"))

    def look(self, path: str) -> Any:
        """What the proxy remembers."""
        return json.loads(self.fleet.ca.check_output(f"curl -sSf {CONTROL}{path}"))

    def order(self, **fault: Any) -> None:
        """Let something go wrong: see `faults.Fault`."""
        self.tell("/faults", fault)

    def reset(self) -> None:
        """Good days again, and nothing remembered."""
        self.tell("/reset")

    def is_holding(self) -> bool:
        """Whether a request is held, now or within a second."""
        return bool(self.look("/held?wait=1"))

    def kill_the_issuer(self) -> None:
        """`kill -9` for whoever waits for an answer of the CA, then drop what it waits for."""
        listing = self.fleet.issuer.check_output(f"ss -Htnp dport = :{ENDPOINT_PORT}")
        pids = sorted(set(re.findall(r"pid=(\d+)", listing)))
        assert pids, f"nobody on {self.fleet.balancers[0].name} talks to the CA: {listing!r}"
        self.fleet.issuer.check_output(f"kill -9 {' '.join(pids)}")
        self.tell("/release")

    def certificates(self, *names: str) -> int:
        """How many certificates for exactly these names the CA was brought to issue."""
        orders = self.look("/log")["orders"]
        return sum(order["finalized"] for order in orders if order["names"] == sorted(names))

    def befallen(self, action: str) -> int:
        """How many requests a fault befell."""
        return sum(seen["action"] == action for seen in self.look("/log")["requests"])
