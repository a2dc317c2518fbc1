# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe: which certificate each balancer serves for each domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from .._core.errors import Unavailable, Unreachable
from .._core.ports import Network, Served
from .._core.reader import Reader
from .._pki.pem import CERTIFICATE, Block
from .._pki.x509 import Certificate, fingerprint_of, parse_certificates
from .fleet import Fleet
from .questions import Answer, ask_each


class Status(Enum):
    """What a probe found."""

    OK = "ok"
    OTHER = "other certificate"
    REFUSED = "no TLS"
    UNREACHABLE = "unreachable"
    NOT_ISSUED = "not issued"


@dataclass(frozen=True)
class Wanted:
    """A domain and the certificates that may be served for it (RSA and ECDSA: two)."""

    domain: str
    fingerprints: tuple[str, ...]

    @property
    def server_name(self) -> str:
        """A name that the domain covers: for a wildcard, one that nobody has."""
        return self.domain.replace("*.", "hitless-edge-probe.", 1)


@dataclass(frozen=True)
class Probe:
    """One balancer, one domain; ``certificate``: what it serves."""

    balancer: str
    address: str
    domain: str
    status: Status
    words: str = ""
    certificate: Certificate | None = None

    def days_left(self, now: datetime) -> int | None:
        """Whole days until the served certificate ends."""
        return (self.certificate.not_after - now).days if self.certificate else None

    @property
    def failure(self) -> str:
        """What is wrong, in words; empty if nothing is, or if the issuing told it already.

        The same words for all domains of a balancer that cannot be reached.
        """
        if self.status in (Status.OK, Status.NOT_ISSUED):
            return ""
        if self.status is Status.UNREACHABLE:
            return f"{self.balancer}: {self.words}"
        return f"{self.balancer} ({self.address}) for {self.domain}: {self.words}"


@dataclass(frozen=True)
class Target:
    """One TLS connection to make."""

    balancer: str
    address: str
    wanted: Wanted


def parse_wanted(reader: Reader) -> tuple[Wanted, ...]:
    """A list of certificates, ``{name, domains, fingerprints}``, as one `Wanted` per domain."""
    return tuple(
        Wanted(domain.text(), tuple(item.text() for item in certificate["fingerprints"].items()))
        for certificate in reader.items()
        for domain in certificate["domains"].items()
    )


def probe(
    wanted: Sequence[Wanted], *, network: Network, fleet: Fleet, port: int = 443
) -> tuple[Probe, ...]:
    """One TLS connection per balancer and domain, all at once; balancer by balancer."""
    targets = [
        Target(balancer.name, balancer.addresses[0], each)
        for balancer in fleet.balancers
        for each in wanted
    ]
    sounded = [target for target in targets if target.wanted.fingerprints]

    def look(target: Target) -> Served:
        return network.handshake(target.address, port, server_name=target.wanted.server_name)

    answers = ask_each(sounded, look)
    return tuple(_judge(target, answers.get(target)) for target in targets)


def _judge(target: Target, answer: Answer[Served] | None) -> Probe:
    missing = Probe(target.balancer, target.address, target.wanted.domain, Status.NOT_ISSUED)
    if answer is None:
        return missing
    if isinstance(answer, Unavailable):
        is_dead = isinstance(answer, Unreachable)
        status = Status.UNREACHABLE if is_dead else Status.REFUSED
        return replace(missing, status=status, words=answer.message)
    return _compare(target, answer.leaf)


def _compare(target: Target, leaf: bytes) -> Probe:
    (certificate,) = parse_certificates((Block(CERTIFICATE, leaf),), target.wanted.domain)
    is_wanted = fingerprint_of(leaf) in target.wanted.fingerprints
    return Probe(
        target.balancer,
        target.address,
        target.wanted.domain,
        Status.OK if is_wanted else Status.OTHER,
        "" if is_wanted else f"serves another certificate ({certificate.fingerprint[:16]}…)",
        certificate,
    )


def failures(probes: Sequence[Probe]) -> list[str]:
    """What is wrong, each thing once."""
    return list(dict.fromkeys(probe.failure for probe in probes if probe.failure))


def describe(probe: Probe, now: datetime) -> dict[str, Any]:
    """The probe as a module returns it."""
    certificate = probe.certificate
    return {
        "balancer": probe.balancer,
        "address": probe.address,
        "domain": probe.domain,
        "status": probe.status.value,
        "issuer": certificate.issuer if certificate else None,
        "days_left": probe.days_left(now),
        "fingerprint": certificate.fingerprint if certificate else None,
        "reason": probe.words,
    }
