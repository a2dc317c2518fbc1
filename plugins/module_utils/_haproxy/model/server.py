# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of a backend: listed, from a group of the inventory, or the origin of a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import urlsplit

from ..._core.domain_names import is_address
from ..._core.reader import Reader, did_you_mean
from ..text import Line
from .fields import PLACEHOLDER, read_domain, read_host, read_lines, read_name
from .inventory import Inventory

_ORIGIN = re.compile(r"(https?)://([^/?#@]+)/?", re.IGNORECASE)
OPTIONS = (
    "name", "address", "port", "weight", "backup", "maxconn", "server_name", "lines",
)  # fmt: skip


class Tls(Enum):
    """How a backend's servers are spoken to."""

    OFF = "off"
    VERIFY = "verify"
    INSECURE = "insecure_no_verification"


@dataclass(frozen=True)
class Server:
    """One server. ``server_name``: what its certificate must say, and the SNI sent."""

    name: str
    address: str
    port: int
    weight: int | None = None
    is_backup: bool = False
    maxconn: int | None = None
    server_name: str | None = None
    tls: Tls = Tls.OFF
    words: tuple[Line, ...] = ()
    origin: str = ""

    @property
    def needs_resolver(self) -> bool:
        """Whether its address is a name."""
        return not is_address(self.address)


@dataclass(frozen=True)
class ServerWish:
    """What a backend says for all of its servers."""

    tls: Tls | None
    server_name: str | None
    has_ca_file: bool

    def tls_of(self, port: int) -> Tls:
        """The wish, else verified TLS wherever something points to TLS."""
        if self.tls is not None:
            return self.tls
        hint = port == 443 or self.server_name is not None or self.has_ca_file
        return Tls.VERIFY if hint else Tls.OFF


def read_tls(reader: Reader) -> Tls | None:
    """``off`` (a boolean to YAML), ``verify`` or the long word."""
    if reader.value is False:
        return Tls.OFF
    if reader.value is True:
        return Tls.VERIFY
    chosen = reader.choice(Tls) if reader.is_given else None
    return None if reader.is_rejected else chosen


def read_servers(reader: Reader, wish: ServerWish, inventory: Inventory) -> tuple[Server, ...]:
    """The servers of a backend, from the one way that it names."""
    ways = [name for name in ("servers", "servers_from_group", "origin") if reader[name].is_given]
    if len(ways) != 1:
        reader.fault(
            f"names {' and '.join(ways) or 'no servers'}",
            "give exactly one of servers, servers_from_group, origin",
        )
        return ()
    servers: tuple[Server, ...] = ()
    if ways == ["origin"]:
        servers = (read_origin(reader["origin"], wish),)
    elif ways == ["servers"]:
        servers = _read_listed(reader["servers"], wish, reader["port"])
    else:
        servers = _read_group(reader, wish, inventory)
    return tuple(_check_tls(reader, server) for server in servers)


def _read_listed(reader: Reader, wish: ServerWish, port: Reader) -> tuple[Server, ...]:
    servers: list[Server] = []
    for item in reader.items():
        server = _read_server(item, wish, port)
        if any(server.name == other.name for other in servers):
            item.fault(f'another server is named "{server.name}"', "give each its own name")
        servers.append(server)
    if not servers:
        reader.fault("needs at least one server")
    return tuple(servers)


def _read_server(reader: Reader, wish: ServerWish, default_port: Reader) -> Server:
    reader.allow(*OPTIONS)
    address = read_host(reader["address"])
    port_reader = reader["port"] if reader["port"].is_given else default_port
    if not port_reader.is_given:
        port_reader = reader["port"]
    port = port_reader.integer(1, 65535)
    name_reader = reader["server_name"]
    return Server(
        name=read_name(reader["name"], _name_of(address)),
        address=address,
        port=port,
        weight=_optional(reader["weight"], 0, 256),
        is_backup=reader["backup"].boolean(default=False),
        maxconn=_optional(reader["maxconn"], 1, 10_000_000),
        server_name=read_domain(name_reader, wildcard=False)
        if name_reader.is_given
        else wish.server_name,
        tls=wish.tls_of(port),
        words=read_lines(reader["lines"]),
        origin=reader.path,
    )


def _read_group(reader: Reader, wish: ServerWish, inventory: Inventory) -> tuple[Server, ...]:
    group_reader = reader["servers_from_group"]
    group = group_reader.text()
    port = reader["port"].integer(1, 65535, default=80)
    if group not in inventory.groups:
        hint = did_you_mean(group, inventory.groups)
        group_reader.fault(f'the inventory has no group "{group[:80]}"', hint)
        return ()
    hosts = inventory.hosts(group)
    if not hosts:
        group_reader.fault(f'the group "{group}" has no hosts')
    servers = []
    for host in hosts:
        path = f"{group_reader.path}[{host.name}]"
        servers.append(
            Server(
                name=read_name(Reader(host.name, path, reader.faults)),
                address=read_host(Reader(host.address, path, reader.faults)),
                port=port,
                server_name=wish.server_name,
                tls=wish.tls_of(port),
                origin=group_reader.path,
            )
        )
    return tuple(servers)


def read_origin(reader: Reader, wish: ServerWish) -> Server:
    """The one server of a URL; TLS by its scheme."""
    url = reader.text()
    match = _ORIGIN.fullmatch(url)
    port, host = _port_and_host(url) if match else (None, None)
    if match is None or port is None or host is None:
        reader.fault(
            f"{url[:80]!r} is not the origin of a URL",
            "write https://host or https://host:port, without path, user or query",
        )
        return Server(PLACEHOLDER, PLACEHOLDER, 443)
    by_scheme = Tls.VERIFY if match[1].lower() == "https" else Tls.OFF
    if by_scheme is Tls.VERIFY and wish.tls is Tls.OFF:
        reader.fault("is https while tls is off", "write http:// or drop tls")
    address = read_host(Reader(host, reader.path, reader.faults))
    return Server(
        name="origin",
        address=address,
        port=port or (443 if by_scheme is Tls.VERIFY else 80),
        server_name=wish.server_name,
        tls=wish.tls or by_scheme,
        origin=reader.path,
    )


def _port_and_host(url: str) -> tuple[int | None, str | None]:
    """Port 0 means the scheme's own."""
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            return None, None
        return parts.port or 0, parts.hostname
    except ValueError:
        return None, None


def _check_tls(reader: Reader, server: Server) -> Server:
    if server.tls is Tls.OFF or server.server_name is not None:
        return server
    if server.needs_resolver:
        return replace(server, server_name=server.address)
    if server.tls is Tls.VERIFY:
        reader.fault(
            f"the certificate of {server.address} cannot be verified without the name it is for",
            "give server_name, or tls: off where no TLS is spoken",
        )
    return server


def _optional(reader: Reader, minimum: int, maximum: int) -> int | None:
    return reader.integer(minimum, maximum) if reader.is_given else None


def _name_of(address: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", address).strip("-") or PLACEHOLDER
