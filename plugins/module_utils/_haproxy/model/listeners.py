# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the balancers listen, and what they say to hosts they do not know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ..._core.domain_names import is_address
from ..._core.reader import Reader
from ..text import Line
from .fields import read_file, read_line, read_lines

_BIND = re.compile(r"(?P<address>\*|\[[0-9A-Fa-f:.]+\]|[0-9.]*):(?P<port>\d{1,5})", re.ASCII)


class UnknownHost(Enum):
    """The answer to a Host that no site has."""

    NOT_FOUND = "not_found"
    MISDIRECTED = "misdirected"

    @property
    def status(self) -> int:
        """HTTP status. Source: RFC 9110 §15.5.5, §15.5.20."""
        return 404 if self is UnknownHost.NOT_FOUND else 421


@dataclass(frozen=True)
class Bind:
    """An address and port as ``bind`` takes them. ``is_ipv6``: an IPv6 address of its own."""

    address: str
    port: int
    origin: str = ""

    @property
    def is_ipv6(self) -> bool:
        """Whether it is an IPv6 address."""
        return self.address.startswith("[")

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Listener:
    """One frontend. ``options``: raw words behind each bind; ``lines``: raw, in the frontend."""

    binds: tuple[Bind, ...]
    options: Line
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Listeners:
    """All of them. ``public_port``: where clients reach https, if not where it listens."""

    http: Listener
    https: Listener
    ops: Listener
    public_port: int
    default_certificate: str | None
    unknown_host: UnknownHost
    default_site: str | None


def read_listeners(reader: Reader) -> Listeners:
    """``haproxy_listeners``."""
    if reader.is_given:
        reader.allow(
            "http", "https", "ops", "ipv6", "public_port", "default_certificate", "unknown_host",
            "default_site",
        )  # fmt: skip
    ipv6 = reader["ipv6"].boolean(default=False)
    https = _read_listener(reader["https"], _everywhere(443, ipv6=ipv6))
    certificate, site = reader["default_certificate"], reader["default_site"]
    listeners = Listeners(
        http=_read_listener(reader["http"], _everywhere(80, ipv6=ipv6)),
        https=https,
        ops=_read_listener(reader["ops"], (Bind("127.0.0.1", 8404),)),
        public_port=reader["public_port"].integer(1, 65535, default=https.binds[0].port),
        default_certificate=read_file(certificate) if certificate.is_given else None,
        unknown_host=reader["unknown_host"].choice(UnknownHost, UnknownHost.NOT_FOUND),
        default_site=site.text() if site.is_given else None,
    )
    _check_apart(reader, listeners)
    return listeners


def _everywhere(port: int, *, ipv6: bool) -> tuple[Bind, ...]:
    # Two sockets, not one of both families: ":::80 v4v6" does not start where IPv6 is switched off.
    return (Bind("", port), *((Bind("[::]", port),) if ipv6 else ()))


def _read_listener(reader: Reader, default: tuple[Bind, ...]) -> Listener:
    if reader.is_given:
        reader.allow("binds", "options", "lines")
    options = reader["options"]
    binds = reader["binds"]
    return Listener(
        binds=tuple(_read_bind(one) for one in binds.items()) or default,
        options=read_line(options) if options.is_given else Line(()),
        lines=read_lines(reader["lines"]),
    )


def _read_bind(reader: Reader) -> Bind:
    text = reader.text()
    match = _BIND.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        reader.fault(
            f"{text[:60]!r} is not an address to listen on",
            'write ":443", "192.0.2.1:443" or "[2001:db8::1]:443"',
        )
        return Bind("", 1)
    address = match["address"]
    if address not in {"", "*"} and not is_address(address.strip("[]")):
        reader.fault(f'"{address}" is not an IP address')
    return Bind(address, int(match["port"]), reader.path)


def _check_apart(reader: Reader, listeners: Listeners) -> None:
    seen: dict[str, str] = {}
    for name in ("http", "https", "ops"):
        for bind in getattr(listeners, name).binds:
            other = seen.setdefault(str(bind), name)
            if other != name:
                reader[name].fault(f'"{bind}" is where {other} listens')
