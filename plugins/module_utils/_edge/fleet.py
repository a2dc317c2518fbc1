# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Balancers and the addresses that lead to them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .._core.errors import Fault, InvalidInput
from .._core.ports import Network
from .._core.reader import Reader

NAMED_AT_MOST = 6


@dataclass(frozen=True)
class Balancer:
    """One HAProxy host.

    ``addresses``: IP addresses in their canonical form, its own one first, then virtual and
    translated ones; before `locate` also names.
    """

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Fleet:
    """All balancers, with addresses only."""

    balancers: tuple[Balancer, ...]

    def owner(self, address: str) -> Balancer | None:
        """Which balancer an address leads to; the first where several share it."""
        found = (balancer for balancer in self.balancers if address in balancer.addresses)
        return next(found, None)

    def __str__(self) -> str:
        shown = [f"{one.name} {', '.join(one.addresses)}" for one in self.balancers[:NAMED_AT_MOST]]
        more = len(self.balancers) - len(shown)
        return "; ".join(shown) + (f"; and {more} more" if more else "")


def canonical(address: str) -> str | None:
    """An IP address in its one canonical form, ``None`` for anything else."""
    try:
        return str(ipaddress.ip_address(address.strip("[]")))
    except ValueError:
        return None


def parse_balancers(reader: Reader) -> tuple[Balancer, ...]:
    """A list of ``{name, addresses}``."""
    return tuple(_parse_balancer(item) for item in reader.items())


def _parse_balancer(reader: Reader) -> Balancer:
    reader.allow("name", "addresses")
    addresses = tuple(item.text() for item in reader["addresses"].items())
    if not addresses:
        reader["addresses"].fault("is empty", "set edge_address for this host")
    return Balancer(reader["name"].text(), addresses)


def locate(network: Network, balancers: tuple[Balancer, ...]) -> Fleet:
    """Replace names by what they resolve to here.

    Raises: `InvalidInput` naming each balancer of which no address is known.
    """
    located = tuple(Balancer(one.name, addresses_of(network, one)) for one in balancers)
    faults = [
        Fault(
            f"balancers.{one.name}",
            f"{', '.join(one.addresses)} leads to no address that others can reach",
            "set edge_address for this host",
        )
        for one, found in zip(balancers, located)
        if not found.addresses
    ]
    if faults:
        raise InvalidInput(faults)
    return Fleet(located)


def addresses_of(network: Network, balancer: Balancer) -> tuple[str, ...]:
    """The addresses of a balancer, its names replaced by what they resolve to here.

    Raises: `Unavailable` if no resolver answers.
    """
    found: dict[str, None] = {}
    for written in balancer.addresses:
        address = canonical(written)
        if address is not None:
            found[address] = None
            continue
        # Debian writes a host's own name into its /etc/hosts as 127.0.1.1: no way to reach it.
        resolved = [canonical(each) for each in network.addresses(written)]
        found.update(
            {each: None for each in resolved if each and not ipaddress.ip_address(each).is_loopback}
        )
    return tuple(found)
