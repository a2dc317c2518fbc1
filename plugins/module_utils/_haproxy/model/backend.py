# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backend: servers, how they are checked, chosen, kept and spoken to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from ..._core.reader import Reader
from ..text import Line
from .durations import read_duration
from .fields import (
    read_domain,
    read_file,
    read_header_name,
    read_host,
    read_lines,
    read_name,
    read_path,
)
from .inventory import Inventory
from .server import Server, ServerWish, Tls, read_servers, read_tls
from .timeouts import OF_BACKENDS, Timeouts, read_timeouts

_STATUS = re.compile(r"[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?)*", re.ASCII)
_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Balance(Enum):
    """How the next server is chosen; other ways go into ``lines``."""

    ROUNDROBIN = "roundrobin"
    LEASTCONN = "leastconn"
    RANDOM = "random"
    SOURCE = "source"
    FIRST = "first"
    URI = "uri"


@dataclass(frozen=True)
class Check:
    """How a server's health is asked: a connection, or a request where there is a path."""

    path: str | None = None
    method: str = "GET"
    status: str = "200-399"
    host: str | None = None
    interval: timedelta | None = None
    rise: int | None = None
    fall: int | None = None
    port: int | None = None


@dataclass(frozen=True)
class Cookie:
    """Stickiness by a cookie that the balancers set."""

    name: str = "EDGESERVER"
    is_secure: bool = True


@dataclass(frozen=True)
class Backend:
    """One backend. ``host_header``: what servers see as Host; ``None``: what the client sent."""

    name: str
    servers: tuple[Server, ...]
    check: Check | None
    balance: Balance
    cookie: Cookie | None
    timeouts: Timeouts
    ca_file: str | None
    http2: bool
    retries: int | None
    host_header: str | None
    lines: tuple[Line, ...]
    origin: str


OPTIONS = (
    "name", "servers", "servers_from_group", "port", "origin", "check", "balance", "stickiness",
    "timeouts", "tls", "ca_file", "server_name", "http2", "retries", "host_header", "lines",
)  # fmt: skip


def read_backend(reader: Reader, inventory: Inventory) -> Backend:
    """A backend."""
    reader.allow(*OPTIONS)
    balance, cookie = _read_choice_of_server(reader)
    server_name = reader["server_name"]
    ca_file = read_file(reader["ca_file"]) if reader["ca_file"].is_given else None
    wish = ServerWish(
        tls=read_tls(reader["tls"]),
        server_name=read_domain(server_name, wildcard=False) if server_name.is_given else None,
        has_ca_file=ca_file is not None,
    )
    servers = read_servers(reader, wish, inventory)
    return Backend(
        name=read_name(reader["name"]),
        servers=servers,
        check=_read_check(reader["check"]),
        balance=balance,
        cookie=cookie,
        timeouts=read_timeouts(reader["timeouts"], OF_BACKENDS),
        ca_file=ca_file,
        http2=reader["http2"].boolean(default=False),
        retries=reader["retries"].integer(0, 100) if reader["retries"].is_given else None,
        host_header=_read_host_header(reader, servers),
        lines=read_lines(reader["lines"]),
        origin=reader.path,
    )


def _read_check(reader: Reader) -> Check | None:
    if reader.value is False:
        return None
    if reader.value in (None, True):
        return Check()
    reader.allow("path", "method", "status", "host", "interval", "rise", "fall", "port")
    method = reader["method"].text(Check.method)
    if method not in _METHODS:
        reader["method"].fault(f"{method[:20]!r} is not one of {', '.join(sorted(_METHODS))}")
    return Check(
        path=read_path(reader["path"]) if reader["path"].is_given else None,
        method=method,
        status=_read_status(reader["status"]),
        host=read_host(reader["host"]) if reader["host"].is_given else None,
        interval=read_duration(reader["interval"]) if reader["interval"].is_given else None,
        rise=reader["rise"].integer(1, 1000) if reader["rise"].is_given else None,
        fall=reader["fall"].integer(1, 1000) if reader["fall"].is_given else None,
        port=reader["port"].integer(1, 65535) if reader["port"].is_given else None,
    )


def _read_status(reader: Reader) -> str:
    if isinstance(reader.value, int) and not isinstance(reader.value, bool):
        return str(reader.integer(100, 599))
    status = reader.text(Check.status)
    if not _STATUS.fullmatch(status):
        reader.fault(f"{status[:40]!r} is not a status", 'write 200, "200-399" or "200,204"')
    return status


def _read_choice_of_server(reader: Reader) -> tuple[Balance, Cookie | None]:
    balance = reader["balance"].choice(Balance, Balance.ROUNDROBIN)
    sticky = reader["stickiness"]
    if sticky.value in (None, False):
        return balance, None
    if sticky.value == "source":
        if reader["balance"].is_given and balance is not Balance.SOURCE:
            sticky.fault("by source is a way to balance", "drop balance, or use a cookie")
        return Balance.SOURCE, None
    return balance, _read_cookie(sticky)


def _read_cookie(reader: Reader) -> Cookie:
    if reader.value == "cookie":
        return Cookie()
    if not isinstance(reader.value, dict):
        reader.fault(f"{str(reader.value)[:40]!r} is not a choice", "one of cookie, source, false")
        return Cookie()
    reader.allow("cookie", "secure")
    name = reader["cookie"]
    return Cookie(
        name=read_header_name(name) if name.is_given else Cookie.name,
        is_secure=reader["secure"].boolean(default=True),
    )


def _read_host_header(reader: Reader, servers: tuple[Server, ...]) -> str | None:
    """An external origin answers to its own name only, so that is what it is asked for."""
    wish = reader["host_header"]
    if wish.value is False:
        return None
    if wish.is_given:
        return read_host(wish)
    if not reader["origin"].is_given or not servers:
        return None
    server = servers[0]
    usual = 443 if server.tls is not Tls.OFF else 80
    host = f"[{server.address}]" if ":" in server.address else server.address
    return host if server.port == usual else f"{host}:{server.port}"
