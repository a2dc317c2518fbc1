# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight of a renewal that nobody watches: what a CA would not validate is not ordered.

The rules are those of the play, with two differences. A balancer that is dead does not keep a
certificate from being renewed as long as another one answers for the name: it may stay dead for
weeks, a CA that happens to ask it refuses this one order, and the next run tries again. And near
its end a certificate is ordered though no balancer can be connected to: it may be that just this
host is cut off from them, and a failed validation costs less than a certificate that expires.
There, a certificate of which no name is fit at all is ordered whole, whatever seems to be wrong: if
the preflight errs, the certificate lives, and if it does not, the CA says the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._acme.ari import certificate_id
from .._acme.due import Rules, judge
from .._acme.survey import Found
from .._core.errors import Unavailable
from .._core.ports import Network, Ports
from .._edge.fleet import Balancer, Fleet, addresses_of
from .._edge.orders import Due, plan_orders
from .._edge.preflight import Challenge, Verdict, preflight
from .settings import Settings


@dataclass(frozen=True)
class Fitness:
    """What may be ordered, some of it for fewer names, and what may not.

    ``deferred``: name of a certificate -> why it is not ordered. ``left_out``: sentences about
    names that are left out of an order, or ordered in spite of what seems wrong.
    """

    orders: tuple[Found, ...]
    deferred: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def check_fitness(
    ports: Ports, settings: Settings, found: Sequence[Found], *, forced: Collection[str] = ()
) -> Fitness:
    """Ask DNS and the balancers what a CA would ask them. ``forced``: names, ordered anyway."""
    if not settings.preflight or settings.account is None or not found:
        return Fitness(tuple(found))
    thumbprint, now = settings.account.thumbprint, ports.clock.now()
    verdicts = preflight(
        list(dict.fromkeys(domain for item in found for domain in item.lineage.domains)),
        network=ports.network,
        fleet=_fleet(ports.network, settings),
        challenge=Challenge(secrets.token_urlsafe(32), thumbprint, may_be_dead=True),
    )
    due = _due(found)
    planned = plan_orders(due, _reasons(verdicts, _urgent(due, now)), now)
    fit = {str(wish["name"]): tuple(wish["domains"]) for wish in planned.wishes}
    last = {one.name: one.domains for one in _ending(due, now) if one.name not in fit}
    names = {**fit, **last}
    directories = tuple(ca.directory for ca in settings.authorities)
    orders = (
        _reduced(
            item,
            names[item.lineage.name],
            Rules(now, directories, force=item.lineage.name in forced),
        )
        for item in found
        if item.lineage.name in names
    )
    why = {one.name: one.reason for one in planned.deferred}
    return Fitness(
        tuple(item for item in orders if item.is_to_do),
        {name: reason for name, reason in why.items() if name not in names},
        (
            *(f"{name} does without a name: {why[name]}" for name in fit if name in why),
            *(f"{name} is near its end, so it is ordered although {why[name]}" for name in last),
        ),
    )


def _urgent(due: Iterable[Due], now: datetime) -> frozenset[str]:
    """Domains of certificates that are near their end."""
    return frozenset(domain for one in _ending(due, now) for domain in one.domains)


def _ending(due: Iterable[Due], now: datetime) -> tuple[Due, ...]:
    """Those with a certificate that is near its end."""
    return tuple(one for one in due if one.not_after is not None and one.is_near_its_end(now))


def _reasons(verdicts: Iterable[Verdict], urgent: Collection[str]) -> dict[str, str]:
    """Why domains are unfit: domain -> reason."""
    return {
        verdict.domain: verdict.reason
        for verdict in verdicts
        if not verdict.ok and not (verdict.is_silent and verdict.domain in urgent)
    }


def _fleet(network: Network, settings: Settings) -> Fleet:
    """The balancers by address; one whose name does not resolve now owns none."""
    located = []
    for one in settings.balancers:
        try:
            addresses = addresses_of(network, Balancer(one.name, one.addresses))
        except Unavailable:
            addresses = ()
        located.append(Balancer(one.name, addresses))
    return Fleet(tuple(located))


def _due(found: Iterable[Found]) -> tuple[Due, ...]:
    """By name: of an RSA and an ECDSA certificate the one that ends first decides."""
    by_name: dict[str, list[Found]] = {}
    for item in found:
        by_name.setdefault(item.lineage.name, []).append(item)
    return tuple(_one_due(name, items) for name, items in by_name.items())


def _one_due(name: str, items: Sequence[Found]) -> Due:
    leaves = [item.held.leaf for item in items if item.held is not None]
    domains, wish = items[0].lineage.domains, {"name": name}
    if not leaves:
        return Due(name, domains, wish)
    first = min(leaves, key=lambda leaf: leaf.not_after)
    covered = tuple(dict.fromkeys(one for leaf in leaves for one in leaf.names))
    return Due(name, domains, wish, covered, first.not_before, first.not_after)


def _reduced(item: Found, domains: tuple[str, ...], rules: Rules) -> Found:
    """For fewer names; it may be that the certificate that is held has just these."""
    if domains == item.lineage.domains:
        return item
    lineage = replace(item.lineage, domains=domains)
    name = certificate_id(item.held.leaf) if item.held is not None else None
    moment = item.window.moment(name) if item.window is not None and name is not None else None
    return replace(item, lineage=lineage, verdict=judge(lineage, item.held, moment, rules))
