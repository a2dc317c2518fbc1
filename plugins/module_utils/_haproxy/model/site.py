# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site: domains served together, where their requests go and what is done to them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..._core.reader import Reader, did_you_mean
from ..text import WORDS_PER_LINE
from .certificate import (
    CertificateWish,
    Defaults,
    default_name,
    read_certificate,
    read_domains,
)
from .fields import (
    PLACEHOLDER,
    read_domain,
    read_header_name,
    read_line,
    read_name,
    read_path,
    read_reference,
)
from .rules import NotConditional, Rule, parse_rule

REDIRECT_CODES = (301, 302, 303, 307, 308)
_TARGET = re.compile(r"(?:https?://[A-Za-z0-9.\[\]:-]+)?(?:/[!-~]*)?", re.ASCII)


@dataclass(frozen=True)
class Route:
    """Requests to ``path`` and below it (on one host or on all of the site) go to a backend."""

    path: str
    host: str | None
    backend: str


@dataclass(frozen=True)
class Redirect:
    """Requests to ``path`` and below it are sent elsewhere.

    ``keeps_path``: the path and query of the request are put behind ``to``.
    """

    path: str
    host: str | None
    to: str
    code: int
    keeps_path: bool


@dataclass(frozen=True)
class Hsts:
    """Strict-Transport-Security. Source: RFC 6797 §6.1."""

    max_age: int = 63072000
    include_subdomains: bool = False
    preload: bool = False


@dataclass(frozen=True)
class Header:
    """One header set, or removed where ``value`` is ``None``."""

    name: str
    value: str | None
    is_log_format: bool = False


@dataclass(frozen=True)
class Site:
    """One site. ``domains``: A-labels; ``origin``: the path of its variable."""

    name: str
    domains: tuple[str, ...]
    backend: str | None
    routes: tuple[Route, ...]
    redirects: tuple[Redirect, ...]
    https_redirect: bool
    hsts: Hsts | None
    request_headers: tuple[Header, ...]
    response_headers: tuple[Header, ...]
    rules: tuple[Rule, ...]
    certificate: CertificateWish | None
    origin: str

    @property
    def acls(self) -> frozenset[str]:
        """ACLs that its raw lines declare."""
        return frozenset(rule.acl for rule in self.rules if rule.acl)


OPTIONS = (
    "name", "domains", "backend", "routes", "redirects", "https_redirect", "hsts", "headers",
    "lines", "certificate",
)  # fmt: skip


def read_site(reader: Reader, backends: Collection[str], defaults: Defaults) -> Site:
    """A site. ``backends``: the names of those that are there."""
    reader.allow(*OPTIONS)
    domains = read_domains(reader["domains"])
    if reader["headers"].is_given:
        reader["headers"].allow("request", "response")
    name = read_name(reader["name"], default_name(domains[0]))
    https_redirect = reader["https_redirect"].boolean(default=True)
    site = Site(
        name=name,
        domains=domains,
        backend=_read_backend(reader["backend"], backends),
        routes=tuple(_read_route(one, domains, backends) for one in reader["routes"].items()),
        redirects=tuple(_read_redirect(one, domains) for one in reader["redirects"].items()),
        https_redirect=https_redirect,
        hsts=_read_hsts(reader["hsts"], Hsts() if https_redirect else None),
        request_headers=_read_headers(reader["headers"]["request"]),
        response_headers=_read_headers(reader["headers"]["response"]),
        rules=_read_rules(reader["lines"], name),
        certificate=read_certificate(reader["certificate"], domains, defaults),
        origin=reader.path,
    )
    _check_purpose(reader, site)
    return site


def _check_purpose(reader: Reader, site: Site) -> None:
    if site.backend is None and not site.routes and not site.redirects:
        reader.fault("sends its requests nowhere", "give it a backend, routes or redirects")
    _check_doubles(reader["routes"], [(one.host, one.path) for one in site.routes])
    _check_doubles(reader["redirects"], [(one.host, one.path) for one in site.redirects])
    routed = {(one.host, one.path) for one in site.routes}
    for item, redirect in zip(reader["redirects"].items(), site.redirects):
        if (redirect.host, redirect.path) in routed:
            item.fault(f'"{redirect.path}" is both routed and redirected')


def _check_doubles(reader: Reader, keys: Sequence[tuple[str | None, str]]) -> None:
    for item, (index, key) in zip(reader.items(), enumerate(keys)):
        if key in keys[:index]:
            item.fault(f'"{key[1]}" is here twice')


def _read_backend(reader: Reader, backends: Collection[str]) -> str | None:
    return read_reference(reader, "backend", backends) if reader.is_given else None


def _read_route(reader: Reader, domains: tuple[str, ...], backends: Collection[str]) -> Route:
    reader.allow("path", "host", "backend")
    if isinstance(reader.value, dict) and not (reader["path"].is_given or reader["host"].is_given):
        reader.fault("has neither path nor host", "for all requests give the site a backend")
    return Route(
        path=_read_prefix(reader["path"]),
        host=_read_own_host(reader["host"], domains),
        backend=read_reference(reader["backend"], "backend", backends),
    )


def _read_redirect(reader: Reader, domains: tuple[str, ...]) -> Redirect:
    reader.allow("path", "host", "to", "code", "keep_path")
    if isinstance(reader.value, dict) and not (reader["path"].is_given or reader["host"].is_given):
        reader.fault("has neither path nor host")
    code = reader["code"].integer(300, 399, default=308)
    if code not in REDIRECT_CODES:
        reader["code"].fault(f"{code} is not one of {', '.join(map(str, REDIRECT_CODES))}")
    keeps_path = reader["keep_path"].boolean(default=not reader["path"].is_given)
    return Redirect(
        path=_read_prefix(reader["path"]),
        host=_read_own_host(reader["host"], domains),
        to=_read_target(reader["to"], keeps_path=keeps_path),
        code=code,
        keeps_path=keeps_path,
    )


def _read_target(reader: Reader, *, keeps_path: bool) -> str:
    target = reader.text()
    if not _TARGET.fullmatch(target) or "|" in target or target.startswith("//"):
        reader.fault(
            f"{target[:60]!r} is not a URL or path",
            "write https://host/path or /path; percent-encode what is not ASCII",
        )
    return target.rstrip("/") if keeps_path else target


def _read_prefix(reader: Reader) -> str:
    """The path with one slash at its end, so that /blog is no prefix of /blogger."""
    return read_path(reader, "/").rstrip("/") + "/"


def _read_own_host(reader: Reader, domains: tuple[str, ...]) -> str | None:
    if not reader.is_given:
        return None
    host = read_domain(reader)
    if host not in domains and PLACEHOLDER not in (host, *domains):
        reader.fault(f'"{host}" is none of the site\'s domains', did_you_mean(host, domains))
    return host


def _read_hsts(reader: Reader, default: Hsts | None) -> Hsts | None:
    """By default none for a site of http: a browser that saw https once would not go back."""
    if not reader.is_given:
        return default
    if isinstance(reader.value, bool):
        return Hsts() if reader.value else None
    reader.allow("max_age", "include_subdomains", "preload")
    hsts = Hsts(
        max_age=reader["max_age"].integer(0, 10**9, default=Hsts.max_age),
        include_subdomains=reader["include_subdomains"].boolean(default=False),
        preload=reader["preload"].boolean(default=False),
    )
    if hsts.preload and not (hsts.include_subdomains and hsts.max_age >= 31536000):
        reader.fault("preload needs include_subdomains and a max_age of a year")
    return hsts


def _read_headers(reader: Reader) -> tuple[Header, ...]:
    return tuple(_read_header(name, value) for name, value in reader.entries())


def _read_header(name: str, reader: Reader) -> Header:
    read_header_name(Reader(name, reader.path, reader.faults))
    if not reader.is_given:
        return Header(name, None)
    if isinstance(reader.value, dict):
        reader.allow("log_format")
        return Header(name, reader["log_format"].text(), is_log_format=True)
    return Header(name, reader.text())


def _read_rules(reader: Reader, site: str) -> tuple[Rule, ...]:
    found = []
    for item in reader.lines():
        try:
            found.append((item, parse_rule(read_line(item))))
        except NotConditional as error:
            item.fault(error.message, error.details["remedy"])
    rules = tuple(rule for _item, rule in found)
    acls = {rule.acl for rule in rules if rule.acl}
    for item, rule in found:
        words = len(rule.under(site, acls).sources)
        if words > WORDS_PER_LINE:
            item.fault(f"has {words} words once held to its site; HAProxy takes {WORDS_PER_LINE}")
    return rules
