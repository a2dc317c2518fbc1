# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of certbot's certificates are due, as an issuer sees it that may have to stand in.

By their age; and on a standby also because their CA asks for it, as before a mass revocation. On
the first issuer certbot asks the CA itself, and renews what is not due here yet if it says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from .._acme.account import Accounts
from .._acme.ari import Window, certificate_id
from .._acme.authority import Authority
from .._acme.client import Desk
from .._acme.due import Facts, Held, Rules, judge
from .._acme.renewals import Renewals
from .._acme.waiting import Budget
from .._acme.wish import Lineage
from .._core.ports import Ports
from .._pki.x509 import Certificate
from .settings import Settings

if TYPE_CHECKING:
    import requests

BUDGET_SECONDS = 30
WORKERS = 4


@dataclass(frozen=True)
class DueByCertbot:
    """The rules on one issuer. ``open_http``: makes the connections to the CA."""

    ports: Ports
    settings: Settings
    open_http: Callable[[int], requests.Session]

    def among(self, leaves: Mapping[Lineage, Certificate]) -> dict[Lineage, Certificate]:
        """Those that are due."""
        now = self.ports.clock.now()
        moments = self._moments(leaves, now) if self.settings.rank() else {}
        return {
            lineage: leaf
            for lineage, leaf in leaves.items()
            if _is_due(lineage, leaf, moments.get(lineage), now)
        }

    def _moments(
        self, leaves: Mapping[Lineage, Certificate], now: datetime
    ) -> dict[Lineage, datetime]:
        """When the CA wants which renewed, as far as it says so; asked as often as it allows."""
        authority = self._authority()
        if authority is None:
            return {}
        facts = Facts(authority.name, authority.directory, None, None, now)
        held = [Held(leaf, facts) for leaf in leaves.values()]
        remembered = self._remembered()
        windows = Renewals(self._desk(), (authority,), remembered).consult(held, now)
        if windows != remembered:
            document = {name: window.to_json() for name, window in sorted(windows.items())}
            self.ports.files.write(self._path, (json.dumps(document, indent=1) + "\n").encode())
        found = {}
        for lineage, leaf in leaves.items():
            name = certificate_id(leaf) or ""
            moment = windows[name].moment(name) if name in windows else None
            if moment is not None:
                found[lineage] = moment
        return found

    def _authority(self) -> Authority | None:
        certbot = self.settings.certbot
        if certbot is None:
            return None
        own = Authority("certbot", certbot.directory)
        return self.settings.authority(certbot.directory) or own

    def _desk(self) -> Desk:
        accounts = Accounts(self.ports.files, self.settings.home)
        budget = Budget.of(self.ports.clock, BUDGET_SECONDS)
        return Desk(accounts, budget, self.open_http, WORKERS)

    def _remembered(self) -> dict[str, Window]:
        try:
            document = json.loads(self.ports.files.read(self._path) or b"{}")
            return {name: Window.from_json(value) for name, value in document.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    @property
    def _path(self) -> str:
        return f"{self.settings.home}/certbot-renewal-info.json"


def _is_due(lineage: Lineage, leaf: Certificate, moment: datetime | None, now: datetime) -> bool:
    """Its names do not count: `certbot renew` does not change them."""
    same = replace(lineage, domains=leaf.names)
    return judge(same, Held(leaf, None), moment, Rules(now, ())).is_due
