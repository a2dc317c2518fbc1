# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redirects that lead back to themselves: browsers give up after some twenty rounds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Optional, Union

from ..._core.reader import Reader
from .site import Redirect, Route, Site

_TARGET = re.compile(r"(?:(?P<scheme>https?)://(?P<host>[^/?#:]*):?(?P<port>\d*))?(?P<path>[^?#]*)")
_USUAL_PORTS = {"http": 80, "https": 443}


Takers = Mapping[tuple[Optional[str], str], Union[Route, Redirect]]
"""Host (``None``: all of the site) and path -> what takes its requests."""


def demand_no_loops(reader: Reader, sites: Sequence[Site], public_port: int) -> None:
    """Record a fault for each redirect whose target is its own. ``public_port``: of https."""
    ports = {**_USUAL_PORTS, "https": public_port}
    owners: dict[str, Takers] = {}
    for site in sites:
        known: tuple[Route | Redirect, ...] = (*site.routes, *site.redirects)
        takers = {(one.host, one.path): one for one in known}
        owners.update((domain, takers) for domain in site.domains)
    for item, site in zip(reader.items(), sites):
        for one, redirect in zip(item["redirects"].items(), site.redirects):
            hosts = site.domains if redirect.host is None else (redirect.host,)
            landings = {_landing(redirect, host, ports) for host in hosts}
            if any(_taker(landing, owners) is redirect for landing in landings):
                one["to"].fault("would redirect requests to itself", "name another host or path")


def _landing(redirect: Redirect, host: str, ports: Mapping[str, int]) -> tuple[str, str]:
    """The host (empty: not one of ours) and path that a request to the redirect's path ends at."""
    found = _TARGET.match(redirect.to)
    scheme, target, port, path = found.groups("") if found else ("", "", "", "")
    if scheme:
        is_ours = int(port[:9] or _USUAL_PORTS[scheme]) == ports[scheme]
        host = target.lower().rstrip(".") if is_ours else ""
    return host, f"{path}{redirect.path}" if redirect.keeps_path else path or "/"


def _taker(landing: tuple[str, str], owners: Mapping[str, Takers]) -> Route | Redirect | None:
    """What takes a request there, as the maps say it: the longest path, then what is the host's."""
    host, path = landing
    domain = host if host in owners else f"*.{host.partition('.')[2]}"
    takers = owners.get(domain, {})
    slashes = (index for index, letter in enumerate(f"{path}/", start=1) if letter == "/")
    prefixes = [f"{path}/"[:index] for index in slashes]
    keys = ((one, prefix) for prefix in reversed(prefixes) for one in (domain, None))
    return next((takers[key] for key in keys if key in takers), None)
