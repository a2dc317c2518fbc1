# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes without a reload: which host is whose site, which path goes where.

``sites.map``   host (or ``*.rest``) -> routing key: the site, or ``site|host`` where the host has
                routes or redirects of its own
``routes.map``  routing key + path + ``/`` -> backend, or ``code|keep or drop|location``; the
                longest prefix wins
``hsts.map``    site -> ``max-age``, with ``+sub`` and ``+preload``
``plain.map``   sites that http serves as well
``acme.map``    host -> thumbprint of the account that answers HTTP-01 there

Nothing in a map is text of a config: no quoting, no expansion. A key or value holds no white space.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._core.domain_names import is_wildcard
from .model.certificate import Source
from .model.site import Hsts, Redirect, Site
from .model.wish import Model

SITES, ROUTES, HSTS, PLAIN, ACME = (
    "sites.map", "routes.map", "hsts.map", "plain.map", "acme.map",
)  # fmt: skip
Thumbprints = Mapping[Source, str]


def compile_maps(model: Model, thumbprints: Thumbprints) -> dict[str, str]:
    """All maps by file name; every one is there, if empty."""
    sites = model.sites
    return {
        SITES: _text((domain, _key(site, domain)) for site in sites for domain in site.domains),
        ROUTES: _text(entry for site in sites for entry in _targets(site)),
        HSTS: _text((site.name, hsts_value(site.hsts)) for site in sites if site.hsts),
        PLAIN: _text((site.name, "yes") for site in sites if not site.https_redirect),
        ACME: _text(_challenges(model, thumbprints)),
    }


def redirect_value(redirect: Redirect) -> str:
    """What the redirect rules of the frontends take apart."""
    return f"{redirect.code}|{'keep' if redirect.keeps_path else 'drop'}|{redirect.to}"


def hsts_value(hsts: Hsts) -> str:
    """What the HSTS rules of the https frontend take apart."""
    subdomains = "+sub" if hsts.include_subdomains else ""
    return f"{hsts.max_age}{subdomains}{'+preload' if hsts.preload else ''}"


def _text(entries: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{key} {value}\n" for key, value in entries)


def _own_hosts(site: Site) -> tuple[str, ...]:
    """Hosts with routes or redirects of their own."""
    hosts = (*(one.host for one in site.routes), *(one.host for one in site.redirects))
    return tuple(dict.fromkeys(host for host in hosts if host is not None))


def _key(site: Site, domain: str) -> str:
    return f"{site.name}|{domain}" if domain in _own_hosts(site) else site.name


def _targets(site: Site) -> Iterable[tuple[str, str]]:
    shared = _targets_of(site, None)
    yield from ((f"{site.name}{path}", target) for path, target in shared.items())
    for host in _own_hosts(site):
        merged = {**shared, **_targets_of(site, host)}
        yield from ((f"{site.name}|{host}{path}", target) for path, target in merged.items())


def _targets_of(site: Site, host: str | None) -> dict[str, str]:
    targets = {"/": site.backend} if site.backend is not None and host is None else {}
    targets.update({one.path: one.backend for one in site.routes if one.host == host})
    targets.update({one.path: redirect_value(one) for one in site.redirects if one.host == host})
    return targets


def _challenges(model: Model, thumbprints: Thumbprints) -> Iterable[tuple[str, str]]:
    seen = set()
    for wish in model.certificates:
        for domain in wish.domains:
            if wish.source in thumbprints and not is_wildcard(domain) and domain not in seen:
                seen.add(domain)
                yield domain, thumbprints[wish.source]
