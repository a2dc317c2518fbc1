# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fleet is for: the certificates that are wished and the settings of each host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout

HOSTS = ("lb1", "lb2", "lb3")
ADDRESSES = {"lb1": "192.0.2.11", "lb2": "192.0.2.12", "lb3": "192.0.2.13"}
VIRTUAL = "192.0.2.10"
"""Leads to the first host whose HAProxy runs, as keepalived sees to."""

CA_BASE = "https://ca.test"
DIRECTORY = f"{CA_BASE}/directory"
ROOTS = "/etc/hitless-edge/roots.pem"
HOME = "/var/lib/hitless-edge"
LAYOUT = Layout()
BEGIN = datetime(2028, 1, 1, 0, 0, tzinfo=timezone.utc)

PROFILES = {
    "shortlived": timedelta(hours=160),
    "tlsserver": timedelta(days=45),
}
"""Profiles of the CA and how long their certificates live."""


@dataclass(frozen=True)
class Site:
    """A certificate that is wished. ``virtual``: its names lead to the virtual address only.

    The others lead to all three hosts, and go on to do so when one of them is down.
    """

    domains: tuple[str, ...]
    profile: str
    key_types: tuple[str, ...] = ("ecdsa",)
    virtual: bool = True

    @property
    def name(self) -> str:
        """Of the certificate."""
        return self.domains[0]

    @property
    def wish(self) -> dict[str, Any]:
        """As the settings have it."""
        return {
            "name": self.name,
            "domains": list(self.domains),
            "key_types": list(self.key_types),
            "profile": self.profile,
            "preferred_chain": None,
            "source": "acme",
        }


SITES = (
    Site(("short.test", "www.short.test"), "shortlived"),
    Site(("round.robin.test",), "shortlived", virtual=False),
    Site(("long.test", "www.long.test", "shop.long.test"), "tlsserver", ("ecdsa", "rsa")),
    Site(("long.robin.test",), "tlsserver", virtual=False),
)


def addresses_of(domain: str) -> tuple[str, ...]:
    """What the name service says."""
    for site in SITES:
        if domain in site.domains:
            return (VIRTUAL,) if site.virtual else tuple(ADDRESSES.values())
    return ()


def settings_of(
    host: str, sites: tuple[Site, ...], account: dict[str, Any], other: Mapping[str, Any]
) -> dict[str, Any]:
    """The document that the play writes on a host.

    ``account``: thumbprint and registrations. ``other``: fields that differ from the usual ones.
    """
    return {
        "format": 1,
        "host": host,
        "home": HOME,
        "certificates": [site.wish for site in sites],
        "authorities": [
            {
                "name": "ca",
                "directory": DIRECTORY,
                "staging": None,
                "ca_bundle": None,
                "roots": ROOTS,
                "weekly_limit": 5,
            }
        ],
        "account": account,
        "certbot": None,
        "issuers": list(HOSTS),
        "balancers": [{"name": name, "addresses": [ADDRESSES[name], VIRTUAL]} for name in HOSTS],
        "hosts": {name: {"address": ADDRESSES[name], "port": 22} for name in HOSTS},
        "preflight": True,
        "standby_delay_seconds": None,
        "workers": 1,
        "budget_seconds": 600,
        **other,
    }
