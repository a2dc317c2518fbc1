# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An issuer of the tests: a host in memory, its wishes, and the small ACME server beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.account_plan import (
    parse_account_wish,
    plan_account,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.client import Desk
from ansible_collections.hitless.edge.plugins.module_utils._acme.issue import (
    plan_at,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import parse_wish
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from fake_ca import FakeCa
from fakes import FakeHost
from requests import Response, Session

HOME = "/issuer"


class Killed(BaseException):
    """The process ends here; nothing catches it."""


@dataclass
class MortalHttp:
    """Connections of a process that is killed at its n-th request, before or after the CA acts."""

    real: Session
    lives: int
    acts: bool
    requests: int = 0
    verify: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, *arguments: Any, **options: Any) -> Response:
        with self._lock:
            self.requests += 1
            number = self.requests
        if number > self.lives or (number == self.lives and not self.acts):
            raise Killed
        response = self.real.request(*arguments, **options)
        if number == self.lives:
            raise Killed
        return response


@dataclass
class Issuer:
    """The host of the tests that issues. ``cas``: in order of preference."""

    cas: tuple[FakeCa, ...]
    host: FakeHost
    workers: int = 1
    budget_seconds: int = 600
    weekly_limit: int = 0

    @property
    def authorities(self) -> list[dict[str, Any]]:
        return [
            {
                "name": f"ca{number}",
                "directory": ca.directory_url,
                "weekly_limit": self.weekly_limit,
            }
            for number, ca in enumerate(self.cas, start=1)
        ]

    @property
    def store(self) -> Store:
        return Store(self.host.files, HOME)

    def plan_account(self, **options: Any) -> Change:
        wish = {"home": HOME, "authorities": self.authorities, "terms_agreed": True, **options}
        return plan_account(self.host.ports, parse(wish, "", parse_account_wish))

    def register(self, **options: Any) -> dict[str, Any]:
        return dict(self.plan_account(**options).apply())

    def plan(
        self,
        *certificates: dict[str, Any],
        opener: Callable[[int], Any] = open_http,
        **options: Any,
    ) -> Change:
        wish = parse(
            {
                "home": HOME,
                "authorities": self.authorities,
                "certificates": list(certificates),
                "workers": self.workers,
                "budget_seconds": self.budget_seconds,
                "failures": "reported",
                **options,
            },
            "",
            parse_wish,
        )
        ports = self.host.ports
        budget = Budget.of(ports.clock, wish.budget_seconds)
        desk = Desk(Accounts(ports.files, HOME), budget, opener, wish.workers)
        return plan_at(desk, ports, wish)

    def run(self, *certificates: dict[str, Any], **options: Any) -> dict[str, Any]:
        """One run of the module: its result."""
        change = self.plan(*certificates, **options)
        result = {"changed": change.is_needed, **change.result}
        return {**result, **change.apply()} if change.is_needed else result


def wished(*domains: str, **more: Any) -> dict[str, Any]:
    """A certificate wish, named by its first domain."""
    return {"name": domains[0], "domains": list(domains), **more}


def actions(result: dict[str, Any]) -> list[str]:
    """What was done, certificate by certificate."""
    return [item["action"] for item in result["certificates"]]
