# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frontends: the challenge answered, the host looked up, the request routed.

Their text does not depend on the number of domains or plain sites: all that is in the maps.
"""

from __future__ import annotations

from .compile_settings import DEFAULTS, HTTP_DEFAULTS
from .layout import Layout
from .maps import ACME, HSTS, PLAIN, ROUTES, SITES
from .model.listeners import Bind, Listener
from .model.rules import Rule
from .model.site import REDIRECT_CODES, Header, Site
from .model.wish import Model
from .quoting import escape_log_format
from .text import Line, Section

# HAProxy warns of a rule that stands behind one of a later phase: it runs before it anyway.
_PHASES = (
    "tcp-request", "http-request", "http-response", "http-after-response", "redirect",
    "use_backend", "default_backend",
)  # fmt: skip
# As HAProxy keeps names, in lower case. Many servers read "_" or "." in a name as "-".
_CLAIMS = (
    "^(x[^a-z0-9]forwarded.*|forwarded|front[^a-z0-9]end[^a-z0-9]https|"
    "(true[^a-z0-9]client|x[^a-z0-9]client|x[^a-z0-9]real)[^a-z0-9]ip)$"
)
# A name or an IPv4 address, or an IPv6 address in brackets; a port. Source: RFC 9110 §7.2.
_HOST = r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$"
_TCP_PHASES = ("connection", "session", "content")


def in_order(lines: list[Line]) -> tuple[Line, ...]:
    """The lines sorted by the phase in which HAProxy runs them, else in their order."""
    return tuple(sorted(lines, key=_phase))


def _phase(line: Line) -> tuple[int, int]:
    if line.keyword not in _PHASES:
        return (-1, 0)
    detail = line.words[1] if len(line.words) > 1 else ""
    within = _TCP_PHASES.index(detail) if detail in _TCP_PHASES else 0
    return (_PHASES.index(line.keyword), within)


def compile_frontends(model: Model, layout: Layout) -> tuple[Section, ...]:
    """Port 80, port 443, and the one for operators."""
    return (_http(model, layout), _https(model, layout), _ops(model))


def _request(*words: str) -> Line:
    return Line.of("http-request", *words)


def _found(variable: str) -> tuple[str, ...]:
    return ("{", f"var({variable})", "-m", "found", "}")


def _matches(variable: str, method: str, value: str) -> tuple[str, ...]:
    return ("{", f"var({variable})", "-m", method, value, "}")


def _map(layout: Layout, name: str, method: str = "map") -> str:
    return f"{method}({layout.maps}/{name})"


def _binds(listener: Listener, *words: str) -> list[Line]:
    return [_bind(bind, listener, words) for bind in listener.binds]


def _bind(bind: Bind, listener: Listener, words: tuple[str, ...]) -> Line:
    only_ipv6 = ("v6only",) if bind.is_ipv6 else ()
    line = Line.of("bind", str(bind), *words, *only_ipv6)
    return Line((*line.sources, *listener.options.sources), "", bind.origin)


def _http(model: Model, layout: Layout) -> Section:
    port = "" if model.listeners.public_port == 443 else f":{model.listeners.public_port}"
    plain = [site for site in model.sites if not site.https_redirect]
    lines = [
        *_binds(model.listeners.http),
        *_host(),
        *_challenge(layout),
        *_identify(model, layout),
        *model.listeners.http.lines,
        _request(
            "redirect", "code", "308", "location", f"https://%[var(txn.host)]{port}%[pathq]",
            "unless", "{", f"var(txn.site),{_map(layout, PLAIN)}", "-m", "found", "}",
        ),
        *_forwarded("http"),
        *_route(layout, plain),
    ]  # fmt: skip
    return Section(Line.of("frontend", "edge_http", "from", HTTP_DEFAULTS), in_order(lines))


def _https(model: Model, layout: Layout) -> Section:
    certificate = model.listeners.default_certificate
    # The first certificate is for names that no other has; without one they are refused.
    default = ("crt", certificate) if certificate else ("strict-sni",)
    lines = [
        *_binds(
            model.listeners.https, "ssl", *default, "crt-list", layout.crt_list,
            "alpn", "h2,http/1.1",
        ),
        *_host(),
        *_identify(model, layout),
        _request("set-var(txn.hsts)", f"var(txn.site),{_map(layout, HSTS)}"),
        *model.listeners.https.lines,
        *_forwarded("https"),
        *_route(layout, list(model.sites)),
        *_hsts(),
    ]  # fmt: skip
    return Section(Line.of("frontend", "edge_https", "from", HTTP_DEFAULTS), in_order(lines))


def _host() -> list[Line]:
    """``txn.host``, once it is known to be one: all that is built from it can rely on that.

    The whole header: ``req.hdr`` would take what stands behind the last comma.
    """
    return [
        _request(
            "deny", "deny_status", "400",
            "unless", "{", "req.fhdr(host)", "-m", "reg", _HOST, "}",
        ),
        _request("set-var(txn.host)", "req.fhdr(host),host_only,lower,rtrim(.)"),
    ]  # fmt: skip


def _challenge(layout: Layout) -> list[Line]:
    """HTTP-01 without state. Source: RFC 8555 §8.3; the alphabet of the token is checked."""
    thumbprint = f"var(txn.host),{_map(layout, ACME)}"
    return [
        Line.of("acl", "acme_prefix", "path_beg", "/.well-known/acme-challenge/"),
        Line.of(
            "acl", "acme_token", "path_reg",
            r"^/\.well-known/acme-challenge/[A-Za-z0-9_-]{16,256}$",
        ),
        _request("set-var(txn.thumb)", thumbprint, "if", "acme_prefix"),
        _request(
            "return", "status", "200", "content-type", "text/plain",
            "hdr", "X-Content-Type-Options", "nosniff",
            "lf-string", "%[path,field(-1,/)].%[var(txn.thumb)]",
            "if", "acme_prefix", "acme_token", "METH_GET", *_found("txn.thumb"),
        ),
        _request("return", "status", "404", "if", "acme_prefix"),
    ]  # fmt: skip


def _identify(model: Model, layout: Layout) -> list[Line]:
    """``txn.site``, or the end of the request: no site serves a host that is not its own."""
    default = model.listeners.default_site
    status = str(model.listeners.unknown_host.status)
    sites = _map(layout, SITES)
    missing = ("unless", *_found("txn.key"))
    return [
        _request("set-var(txn.key)", f"var(txn.host),{sites}"),
        _request("set-var(txn.key)", f"var(txn.host),regsub(^[^.]*,*),{sites}", *missing),
        *([_request("set-var(txn.key)", f"str({default})", *missing)] if default else []),
        _request("return", "status", status, *missing),
        _request("set-var(txn.site)", "var(txn.key),field(1,|)"),
    ]


def _forwarded(scheme: str) -> list[Line]:
    """What the client claims is dropped, however it spells it.

    Of ``Connection`` only an upgrade stays: a next hop removes the headers that are named there.
    """
    upgrade = ("{", "req.hdr(connection)", "-m", "str", "-i", "upgrade", "}")
    return [
        _request("del-header", _CLAIMS, "-m", "reg"),
        _request("set-header", "Connection", "Upgrade", "if", *upgrade),
        _request("del-header", "Connection", "unless", *upgrade),
        _request("set-header", "X-Forwarded-For", "%[src]"),
        _request("set-header", "X-Forwarded-Proto", scheme),
        _request("set-header", "X-Forwarded-Port", "%[dst_port]"),
        _request("set-header", "X-Forwarded-Host", "%[req.fhdr(host)]"),
    ]


def _route(layout: Layout, sites: list[Site]) -> list[Line]:
    return [
        _request("set-var-fmt(txn.route)", "%[var(txn.key)]%[path]/"),
        _request("set-var(txn.target)", f"var(txn.route),{_map(layout, ROUTES, 'map_beg')}"),
        *(line for site in sites for line in _of_site(site)),
        _request("return", "status", "404", "unless", *_found("txn.target")),
        *_redirect(),
        Line.of("use_backend", "%[var(txn.target)]"),
    ]


def _redirect() -> list[Line]:
    is_redirect = _matches("txn.target", "sub", "|")
    return [
        _request("set-var(txn.location)", "var(txn.target),field(3,|,0)", "if", *is_redirect),
        _request(
            "set-var-fmt(txn.location)", "%[var(txn.location)]%[pathq]",
            "if", *_matches("txn.target", "sub", "|keep|"),
        ),
        *(
            _request(
                "redirect", "code", str(code), "location", "%[var(txn.location)]",
                "if", *_matches("txn.target", "beg", f"{code}|"),
            )
            for code in REDIRECT_CODES
        ),
    ]  # fmt: skip


def _of_site(site: Site) -> list[Line]:
    headers = [
        *(_header("http-request", header, site) for header in site.request_headers),
        *(_header("http-response", header, site) for header in site.response_headers),
    ]
    return [*headers, *(rule.under(site.name, site.acls) for rule in site.rules)]


def _header(ruleset: str, header: Header, site: Site) -> Line:
    where = "request" if ruleset == "http-request" else "response"
    origin = f"{site.origin}.headers.{where}.{header.name}"
    if header.value is None:
        line = Line.of(ruleset, "del-header", header.name)
    else:
        value = header.value if header.is_log_format else escape_log_format(header.value)
        line = Line.of(ruleset, "set-header", header.name, value)
    return Rule(line.sources, (), "", origin).under(site.name, ())


def _hsts() -> list[Line]:
    """After the response is made, so that redirects and errors carry it as well."""

    def header(rest: str, *condition: str) -> Line:
        value = f"max-age=%[var(txn.hsts),field(1,+)]{rest}"
        return Line.of(
            "http-after-response", "set-header", "Strict-Transport-Security", value,
            "if", *condition,
        )  # fmt: skip

    return [
        header("", *_found("txn.hsts")),
        header("; includeSubDomains", *_matches("txn.hsts", "sub", "+sub")),
        header("; includeSubDomains; preload", *_matches("txn.hsts", "sub", "+preload")),
    ]


def _ops(model: Model) -> Section:
    of = Line.of
    lines = [
        *_binds(model.listeners.ops),
        of("mode", "http"),
        of("option", "idle-close-on-response"),
        *([of("no", "log")] if model.global_.logs else []),
        of("monitor-uri", "/healthz"),
        of("stats", "enable"),
        of("stats", "uri", "/stats"),
        of("stats", "hide-version"),
        *model.listeners.ops.lines,
        _request("use-service", "prometheus-exporter", "if", "{", "path", "/metrics", "}"),
    ]
    return Section(of("listen", "edge_ops", "from", DEFAULTS), in_order(lines))
