# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that users write, parsed as one: every fault of every variable in one report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._core.reader import Reader, did_you_mean, parse
from ..text import Section
from .backend import Backend, read_backend
from .certificate import CertificateWish, Defaults, read_defaults, read_extra
from .fields import PLACEHOLDER
from .inventory import Inventory
from .listeners import Listeners, read_listeners
from .loops import demand_no_loops
from .sections import PROXIES, backend_names, read_sections
from .settings import Global, ProxyDefaults, read_global, read_proxy_defaults
from .site import Site, read_site

OPTIONS = {
    "sites": "haproxy_sites",
    "backends": "haproxy_backends",
    "global": "haproxy_global",
    "defaults": "haproxy_defaults",
    "listeners": "haproxy_listeners",
    "sections": "haproxy_sections",
    "certificates_defaults": "certificates_defaults",
    "certificates_extra": "certificates_extra",
}
"""Option of the modules -> the variable by which users know it."""


@dataclass(frozen=True)
class Model:
    """The parsed whole."""

    sites: tuple[Site, ...]
    backends: tuple[Backend, ...]
    global_: Global
    defaults: ProxyDefaults
    listeners: Listeners
    sections: tuple[Section, ...]
    certificates: tuple[CertificateWish, ...]

    @property
    def needs_resolver(self) -> bool:
        """Whether a server's address is a name."""
        return any(server.needs_resolver for one in self.backends for server in one.servers)

    @property
    def summary(self) -> dict[str, int]:
        """How much of everything there is."""
        return {
            "sites": len(self.sites),
            "domains": sum(len(site.domains) for site in self.sites),
            "backends": len(self.backends),
            "servers": sum(len(backend.servers) for backend in self.backends),
            "certificates": len(self.certificates),
        }


def parse_model(variables: Mapping[str, Any], inventory: Inventory) -> Model:
    """The model of these variables (values of `OPTIONS`; an absent or null one has its default).

    Raises: `InvalidInput` with every fault, each with the path of its variable.
    """
    return parse(dict(variables), "", lambda reader: _read_model(reader, inventory))


def parse_options(options: Mapping[str, Any], inventory: Inventory) -> Model:
    """The model of the options of a task; others than `OPTIONS` are not looked at.

    Raises: `InvalidInput`.
    """
    return parse_model(
        {variable: options.get(name) for name, variable in OPTIONS.items()}, inventory
    )


def with_ipv6(model: Model, listeners: Mapping[str, Any] | None) -> Model:
    """The model on a host that has IPv6, unless ``haproxy_listeners`` says otherwise."""
    given = {"ipv6": True, **(listeners or {})}
    return replace(model, listeners=parse(given, "haproxy_listeners", read_listeners))


def parse_certificates(
    sites: Any, defaults: Any = None, extra: Any = None
) -> tuple[CertificateWish, ...]:
    """The certificates that sites and ``certificates_*`` ask for.

    The rest of the sites is the business of `parse_model`: their backends are not known here.
    Raises: `InvalidInput`.
    """
    variables = {
        "haproxy_sites": sites, "certificates_defaults": defaults, "certificates_extra": extra,
    }  # fmt: skip
    return parse(variables, "", _read_certificates_alone)


def _read_model(reader: Reader, inventory: Inventory) -> Model:
    reader.allow(*OPTIONS.values())
    sections = read_sections(reader["haproxy_sections"])
    backends = tuple(read_backend(one, inventory) for one in reader["haproxy_backends"].items())
    _check_backends(reader["haproxy_backends"], backends, sections)
    names = [*(backend.name for backend in backends), *backend_names(sections)]
    defaults = read_defaults(reader["certificates_defaults"])
    sites = tuple(read_site(one, names, defaults) for one in reader["haproxy_sites"].items())
    _check_sites(reader["haproxy_sites"], sites)
    listeners = read_listeners(reader["haproxy_listeners"])
    _check_default_site(reader["haproxy_listeners"]["default_site"], listeners, sites)
    demand_no_loops(reader["haproxy_sites"], sites, listeners.public_port)
    return Model(
        sites=sites,
        backends=backends,
        global_=read_global(reader["haproxy_global"]),
        defaults=read_proxy_defaults(reader["haproxy_defaults"]),
        listeners=listeners,
        sections=sections,
        certificates=_read_certificates(reader, sites, defaults),
    )


def _read_certificates(
    reader: Reader, sites: Collection[Site], defaults: Defaults
) -> tuple[CertificateWish, ...]:
    wishes = [
        (site.certificate, item["certificate"])
        for site, item in zip(sites, reader["haproxy_sites"].items())
        if site.certificate is not None
    ]
    for item in reader["certificates_extra"].items():
        wishes.append((read_extra(item, defaults), item))
    seen: dict[str, str] = {}
    for wish, item in wishes:
        # Names become files, and some file systems do not tell upper case from lower.
        other = seen.setdefault(wish.name.lower(), item.path)
        if other != item.path and wish.name != PLACEHOLDER:
            item.fault(f'the certificate "{wish.name}" is already that of {other}', "name it")
    return tuple(wish for wish, _item in wishes)


def _read_certificates_alone(reader: Reader) -> tuple[CertificateWish, ...]:
    defaults = read_defaults(reader["certificates_defaults"])
    sites = tuple(read_site(one, _Anything(), defaults) for one in reader["haproxy_sites"].items())
    return _read_certificates(reader, sites, defaults)


class _Anything(frozenset[str]):
    """Every name there is."""

    def __contains__(self, name: object) -> bool:
        return True


def _check_backends(
    reader: Reader, backends: Collection[Backend], sections: Collection[Section]
) -> None:
    seen = {one.name: "haproxy_sections" for one in sections if one.kind in PROXIES}
    for item, backend in zip(reader.items(), backends):
        other = seen.setdefault(backend.name, item.path)
        if other != item.path and backend.name != PLACEHOLDER:
            item["name"].fault(f'"{backend.name}" is already the name of {other}')


def _check_sites(reader: Reader, sites: Collection[Site]) -> None:
    names: dict[str, str] = {}
    domains: dict[str, str] = {}
    for item, site in zip(reader.items(), sites):
        other = names.setdefault(site.name, item.path)
        if other != item.path and site.name != PLACEHOLDER:
            item["name"].fault(f'"{site.name}" is already the name of {other}')
        for one, domain in zip(item["domains"].items(), site.domains):
            other = domains.setdefault(domain, one.path)
            if (
                domain != PLACEHOLDER
                and other != one.path
                and not other.startswith(f"{item.path}.")
            ):
                one.fault(f'"{domain}" is already {other}')


def _check_default_site(reader: Reader, listeners: Listeners, sites: Collection[Site]) -> None:
    names = [site.name for site in sites]
    if listeners.default_site is not None and listeners.default_site not in names:
        reader.fault(
            f'no site is named "{listeners.default_site[:80]}"',
            did_you_mean(listeners.default_site, names),
        )
