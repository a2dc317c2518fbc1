# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preflight: whether a CA that validates these domains by HTTP-01 would get the right answer now.

A failed validation costs one of five per name and hour at Let's Encrypt; a question asked here
costs nothing. A CA asks from several places, each picks one of the domain's addresses, and all
have to get the answer (MPIC). So every address counts: of three, one that is wrong fails two
orders of three.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .._core.errors import Unavailable, Unreachable
from .._core.ports import HttpAnswer, Network
from .fleet import Fleet, canonical
from .questions import Answer, ask_each, together

CHALLENGE_PATH = "/.well-known/acme-challenge/"


@dataclass(frozen=True)
class Verdict:
    """What is known of one domain; ``reason`` is empty if it is fit for an order.

    ``is_silent``: all that is wrong is that no connection to any of its addresses came about.
    """

    domain: str
    addresses: tuple[str, ...]
    reason: str = ""
    is_silent: bool = False

    @property
    def ok(self) -> bool:
        """Whether a CA would get the right answer."""
        return not self.reason


@dataclass(frozen=True)
class Challenge:
    """What a CA would ask each address, and hear.

    ``token``: fresh, of the base64url alphabet (RFC 8555 §8.3); ``thumbprint``: of the account key
    (RFC 7638). ``may_be_dead``: whether an address that cannot be connected to is passed over where
    another one of the domain gives the right answer.
    """

    token: str
    thumbprint: str
    port: int = 80
    timeout_seconds: float = 5.0
    may_be_dead: bool = False

    @property
    def path(self) -> str:
        """Where it is asked."""
        return CHALLENGE_PATH + self.token

    @property
    def answer(self) -> bytes:
        """The key authorization. Source: RFC 8555 §8.1."""
        return f"{self.token}.{self.thumbprint}".encode()


@dataclass(frozen=True)
class Asked:
    """A domain, and one of its addresses."""

    domain: str
    address: str


def preflight(
    domains: Sequence[str], *, network: Network, fleet: Fleet, challenge: Challenge | None
) -> tuple[Verdict, ...]:
    """One verdict per domain; without a challenge only DNS is looked at."""
    named = together(lambda domain: _resolve(domain, network, fleet), domains)
    if challenge is None:
        return named
    asked = [Asked(each.domain, one) for each in named if each.ok for one in each.addresses]
    answers = ask_each(asked, lambda one: _ask(one, network, challenge))
    complaints = {one: _complaint(answer, challenge) for one, answer in answers.items()}
    dead = {one for one, answer in answers.items() if isinstance(answer, Unreachable)}
    if challenge.may_be_dead:
        well = {one.domain for one, complaint in complaints.items() if not complaint}
        complaints.update({one: "" for one in dead if one.domain in well})
    return tuple(_complete(each, complaints, fleet=fleet, dead=dead) for each in named)


def _resolve(domain: str, network: Network, fleet: Fleet) -> Verdict:
    if domain.startswith("*."):
        return Verdict(domain, (), f"{domain} is a wildcard, which HTTP-01 cannot validate")
    try:
        addresses = tuple(canonical(each) or each for each in network.addresses(domain))
    except Unavailable as error:
        return Verdict(domain, (), f"{domain}: {error.message}")
    if not addresses:
        remedy = f"create an A or AAAA record that leads to the balancers ({fleet})"
        return Verdict(domain, (), f"{domain} does not resolve: {remedy}")
    strangers = [each for each in addresses if fleet.owner(each) is None]
    return Verdict(domain, addresses, _stray(domain, strangers, fleet) if strangers else "")


def _stray(domain: str, strangers: Sequence[str], fleet: Fleet) -> str:
    kinds = {_record(address) for address in strangers}
    return (
        f"{domain} resolves to {', '.join(strangers)}, which is none of our balancers ({fleet}): "
        f"correct the {' and the '.join(sorted(kinds))} record or add the address to edge_addresses"
    )


def _record(address: str) -> str:
    return "AAAA" if ipaddress.ip_address(address).version == 6 else "A"


def _ask(asked: Asked, network: Network, challenge: Challenge) -> HttpAnswer:
    return network.get(
        asked.address,
        challenge.port,
        host=asked.domain,
        path=challenge.path,
        timeout_seconds=challenge.timeout_seconds,
    )


def _complaint(answer: Answer[HttpAnswer], challenge: Challenge) -> str:
    if isinstance(answer, Unavailable):
        return f"does not answer ({answer.message})"
    if answer.status == 200 and answer.body == challenge.answer:
        return ""
    if answer.status == 200 and answer.body.startswith(f"{challenge.token}.".encode()):
        return "answers for another account key than the issuer's"
    if answer.status == 404:
        return "answers 404 on the challenge path: its configuration does not know this domain"
    return f"answers {answer.status} on the challenge path, and not what the CA has to hear"


def _complete(
    verdict: Verdict, complaints: Mapping[Asked, str], *, fleet: Fleet, dead: Collection[Asked]
) -> Verdict:
    if not verdict.ok:
        return verdict
    blamed: dict[str, list[str]] = {}
    for address in verdict.addresses:
        complaint, balancer = complaints[Asked(verdict.domain, address)], fleet.owner(address)
        if complaint and balancer:
            blamed.setdefault(complaint, []).append(f"{balancer.name} ({address})")
    told = [f"{', '.join(names)} {complaint}" for complaint, names in blamed.items()]
    reason = f"{verdict.domain}: {'; '.join(told)}" if told else ""
    is_silent = all(Asked(verdict.domain, address) in dead for address in verdict.addresses)
    return Verdict(verdict.domain, verdict.addresses, reason, bool(told) and is_silent)
