# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``global``, ``defaults`` and ``resolvers``."""

from __future__ import annotations

from .digest import description_words
from .layout import Layout
from .model.durations import render_duration
from .model.settings import Global, ProxyDefaults, TlsPolicy
from .model.wish import Model
from .text import Line, Section
from .versions import Build

DEFAULTS = "edge"
HTTP_DEFAULTS = "edge_http"
RESOLVERS = "edge"

# Source: Mozilla guidelines 6.0, intermediate.
_CIPHERS = ":".join(
    f"ECDHE-{key}-{suite}"
    for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
_SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_OLDEST = {TlsPolicy.INTERMEDIATE: "TLSv1.2", TlsPolicy.MODERN: "TLSv1.3"}


def compile_settings(model: Model, build: Build, layout: Layout) -> tuple[Section, ...]:
    """The sections that stand above all proxies."""
    return (
        _global(model.global_, build, layout),
        *((_resolvers(),) if model.needs_resolver else ()),
        _defaults(model),
        _http_defaults(model),
    )


def _global(settings: Global, build: Build, layout: Layout) -> Section:
    of = Line.of
    lines = [
        of(*description_words()),
        *(Line(("log", *log.sources), log.comment, log.origin) for log in settings.logs),
        *([_setting("chroot", settings.chroot)] if settings.chroot else []),
        _setting("user", settings.user),
        _setting("group", settings.group),
        # root, and the group that the package made for it; whoever writes here owns the TLS keys.
        of("stats", "socket", layout.runtime_socket, "user", "root", "group", settings.group,
           "mode", "660", "level", "admin"),
        of("stats", "timeout", "2m"),
        of("hard-stop-after", render_duration(settings.hard_stop_after)),
        # How long an old worker lives is for hard-stop-after to say: after this many reloads it is
        # killed at once, under its requests. The bound is there for a runaway alone.
        of("mworker-max-reloads", "500"),
        of("server-state-file", layout.server_state),
        *_optional("maxconn", settings.maxconn),
        *_optional("nbthread", settings.nbthread),
        *_tls(settings.tls_policy, build),
        *settings.lines,
    ]  # fmt: skip
    return Section(of("global"), tuple(lines))


def _optional(keyword: str, number: int | None) -> list[Line]:
    return [] if number is None else [_setting(keyword, str(number))]


def _setting(keyword: str, value: str) -> Line:
    """A line of the variable of the same name, which a refusal names."""
    return Line.of(keyword, value).came_from(f"haproxy_global.{keyword}")


def _tls(policy: TlsPolicy, build: Build) -> list[Line]:
    of, oldest = Line.of, _OLDEST[policy]
    return [
        of("ssl-default-bind-ciphers", _CIPHERS),
        of("ssl-default-bind-ciphersuites", _SUITES),
        of("ssl-default-bind-curves", build.groups),
        # Tickets need keys that all balancers share: else that of one is noise to the next.
        of("ssl-default-bind-options", "prefer-client-ciphers", "ssl-min-ver", oldest,
           "no-tls-tickets"),
        of("ssl-default-server-ciphers", _CIPHERS),
        of("ssl-default-server-ciphersuites", _SUITES),
        *([of("ssl-default-server-curves", build.groups)] if build.has_server_groups else []),
        of("ssl-default-server-options", "ssl-min-ver", "TLSv1.2"),
        # A bundle is one file; without this every load looks for .key, .ocsp and .issuer beside it.
        of("ssl-load-extra-files", "none"),
    ]  # fmt: skip


def _resolvers() -> Section:
    of = Line.of
    return Section(
        of("resolvers", RESOLVERS),
        (
            of("parse-resolv-conf"),
            of("accepted_payload_size", "8192"),
            of("hold", "valid", "10s"),
            of("hold", "obsolete", "30s"),
        ),
    )


def _defaults(model: Model) -> Section:
    of, defaults = Line.of, model.defaults
    timeouts = (of("timeout", name, render_duration(span)) for name, span in defaults.timeouts)
    lines = (
        *((of("log", "global"),) if model.global_.logs else ()),
        of("option", "dontlognull"),
        of("option", "log-health-checks"),
        of("option", "redispatch"),
        of("retries", str(defaults.retries)),
        *timeouts,
        of("default-server", "inter", "3s", "fastinter", "1s", "downinter", "3s", "rise", "2",
           "fall", "3"),
        of("load-server-state-from-file", "global"),
    )  # fmt: skip
    return Section(of("defaults", DEFAULTS), lines)


def _http_defaults(model: Model) -> Section:
    of, defaults = Line.of, model.defaults
    lines = (
        of("mode", "http"),
        *(_log_format(defaults) if model.global_.logs else ()),
        # Without it a reload cuts idle keep-alive connections under requests that are on their way.
        of("option", "idle-close-on-response"),
        *defaults.lines,
    )
    return Section(of("defaults", HTTP_DEFAULTS, "from", DEFAULTS), lines)


def _log_format(defaults: ProxyDefaults) -> tuple[Line, ...]:
    if defaults.log_format is None:
        return (Line.of("option", "httplog"),)
    return (Line.of("log-format", defaults.log_format),)
