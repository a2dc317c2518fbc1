# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backends."""

from __future__ import annotations

from .compile_frontends import in_order
from .compile_settings import HTTP_DEFAULTS, RESOLVERS
from .model.backend import Backend, Check
from .model.durations import render_duration
from .model.server import Server, Tls
from .model.wish import Model
from .text import Line, Section

SYSTEM_CA = "@system-ca"
"""The trust store of the host, wherever its distribution keeps it; since HAProxy 2.6."""


def compile_backends(model: Model) -> tuple[Section, ...]:
    """One section each."""
    return tuple(_backend(backend) for backend in model.backends)


def _backend(backend: Backend) -> Section:
    header = Line.of("backend", backend.name, "from", HTTP_DEFAULTS).came_from(backend.origin)
    lines = [
        Line.of("balance", backend.balance.value),
        *([Line.of("hash-type", "consistent")] if backend.balance.value in _HASHED else []),
        *_cookie(backend),
        *([Line.of("retries", str(backend.retries))] if backend.retries is not None else []),
        *(Line.of("timeout", name, render_duration(span)) for name, span in backend.timeouts),
        *_retry(),
        *_check(backend),
        *_host_header(backend),
        *backend.lines,
    ]
    servers = tuple(_server(server, backend) for server in backend.servers)
    return Section(header, (*in_order(lines), *servers))


def _retry() -> list[Line]:
    """A request that a server may have worked on is sent again only where that cannot matter.

    Both lines belong together, and to the backend: whatever frontend sends here is held to them,
    and a raw backend sends nothing again unless it says so. METH_GET is GET and HEAD.
    """
    return [
        Line.of("retry-on", "conn-failure", "empty-response"),
        Line.of("http-request", "disable-l7-retry", "unless", "METH_GET"),
    ]


_HASHED = frozenset({"source", "uri"})


def _cookie(backend: Backend) -> list[Line]:
    if backend.cookie is None:
        return []
    secure = ("secure",) if backend.cookie.is_secure else ()
    return [
        Line.of("cookie", backend.cookie.name, "insert", "indirect", "nocache", "httponly", *secure)
    ]


def _check(backend: Backend) -> list[Line]:
    check = backend.check
    if check is None or check.path is None:
        return []
    host = check.host or backend.host_header or _first_name(backend) or "localhost"
    return [
        Line.of("option", "httpchk"),
        Line.of("http-check", "send", "meth", check.method, "uri", check.path,
                "ver", "HTTP/1.1", "hdr", "Host", host),
        Line.of("http-check", "expect", "status", check.status),
    ]  # fmt: skip


def _first_name(backend: Backend) -> str | None:
    return next((one.server_name for one in backend.servers if one.server_name), None)


def _host_header(backend: Backend) -> list[Line]:
    if backend.host_header is None:
        return []
    return [Line.of("http-request", "set-header", "Host", backend.host_header)]


def _server(server: Server, backend: Backend) -> Line:
    words = [
        "server", server.name, _address(server),
        *_tls(server, backend),
        *(["resolvers", RESOLVERS, "init-addr", "last,libc,none"] if server.needs_resolver else []),
        *(_checks(backend.check, server) if backend.check else []),
        *(["weight", str(server.weight)] if server.weight is not None else []),
        *(["maxconn", str(server.maxconn)] if server.maxconn is not None else []),
        *(["backup"] if server.is_backup else []),
        *(["cookie", server.name] if backend.cookie else []),
    ]  # fmt: skip
    own = tuple(source for line in server.words for source in line.sources)
    origin = server.words[0].origin if server.words else server.origin
    return Line((*Line.of(*words).sources, *own), "", origin)


def _address(server: Server) -> str:
    # The family's prefix keeps the port apart from an IPv6 address.
    family = "ipv6@" if ":" in server.address else ""
    return (
        f"{family}[{server.address}]:{server.port}" if family else f"{server.address}:{server.port}"
    )


def _tls(server: Server, backend: Backend) -> list[str]:
    if server.tls is Tls.OFF:
        return []
    alpn = ["alpn", "h2,http/1.1"] if backend.http2 else []
    name = server.server_name
    sni = ["sni", f"str({name})"] if name else []
    if server.tls is Tls.INSECURE:
        return ["ssl", "verify", "none", *sni, *alpn]
    trust = ["ssl", "verify", "required", "ca-file", backend.ca_file or SYSTEM_CA]
    return [*trust, *sni, *(["verifyhost", name] if name else []), *alpn]


def _checks(check: Check, server: Server) -> list[str]:
    words = ["check"]
    for keyword, number in (("rise", check.rise), ("fall", check.fall), ("port", check.port)):
        words += [keyword, str(number)] if number is not None else []
    if check.interval is not None:
        words += ["inter", render_duration(check.interval)]
    if server.tls is not Tls.OFF and server.server_name:
        words += ["check-sni", server.server_name]
    return words
