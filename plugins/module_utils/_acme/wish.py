# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wishes: certificates, as lineages (one for each name and key type), and from whom."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from .._core.reader import Reader
from .._pki.keys import KeyType
from .authority import Authority, parse_authorities

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
NAME = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]{0,198}[A-Za-z0-9_])?")


class Source(Enum):
    """Who provides a certificate."""

    ACME = "acme"
    CERTBOT = "certbot"
    PROVIDED = "provided"
    SELF_SIGNED = "selfsigned"


@dataclass(frozen=True)
class Lineage:
    """A certificate and its successors.

    ``domains``: A-labels in lower case, or IP addresses. ``profile``: as the CA lists it.
    ``preferred_chain``: common name of the topmost issuer.
    """

    name: str
    key_type: KeyType
    domains: tuple[str, ...]
    profile: str | None = None
    preferred_chain: str | None = None

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"{self.name} ({self.key_type.value})"

    @property
    def names(self) -> tuple[str, ...]:
        """The exact set of names, in one order, as CAs count it."""
        return tuple(sorted(set(self.domains)))


@dataclass(frozen=True)
class Wished:
    """A lineage and who provides it."""

    source: Source
    lineage: Lineage


@dataclass(frozen=True)
class Wish:
    """All that one run is told. ``deferred``: name of a certificate -> why not to order it now.

    ``adopt``: folders in which there may be a certificate already, where the store has none.
    """

    home: str
    lineages: tuple[Lineage, ...]
    authorities: tuple[Authority, ...]
    deferred: Mapping[str, str] = field(default_factory=dict)
    adopt: tuple[str, ...] = ()
    force: bool = False
    budget_seconds: int = 600
    workers: int = 8
    failures_are_fatal: bool = True


def parse_wish(reader: Reader) -> Wish:
    """A wish out of the options of the module."""
    authorities = parse_authorities(reader["authorities"])
    if not authorities:
        reader["authorities"].fault("there is no CA", "list at least one")
    return Wish(
        home=reader["home"].text(),
        lineages=parse_lineages(reader["certificates"]),
        authorities=authorities,
        deferred=dict(parse_deferred(item) for item in reader["deferred"].items()),
        adopt=tuple(item.text() for item in reader["adopt"].items()),
        force=reader["force"].boolean(False),
        budget_seconds=reader["budget_seconds"].integer(1, 86400, default=600),
        workers=reader["workers"].integer(1, 64, default=8),
        failures_are_fatal=reader["failures"].text("fatal") == "fatal",
    )


def parse_deferred(reader: Reader) -> tuple[str, str]:
    """The name of a certificate that is not to be ordered now, and why."""
    reader.allow("name", "reason")
    return reader["name"].text(), reader["reason"].text()


def is_address(name: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def parse_lineages(reader: Reader) -> tuple[Lineage, ...]:
    """The lineages of a list of certificate wishes, of those that come from an ACME CA."""
    return tuple(one.lineage for one in parse_wished(reader) if one.source is Source.ACME)


def parse_wished(reader: Reader) -> tuple[Wished, ...]:
    """The lineages of a list of certificate wishes, whoever provides them."""
    seen: set[str] = set()
    found: list[Wished] = []
    for item in reader.items():
        wished = _parse_wish(item)
        name = wished[0].lineage.name
        if name in seen:
            item["name"].fault(f'"{name}" is listed twice')
        seen.add(name)
        found.extend(wished)
    return tuple(found)


def _parse_wish(reader: Reader) -> tuple[Wished, ...]:
    reader.allow("name", "domains", "key_types", "profile", "preferred_chain", "source")
    name = reader["name"].text()
    if not NAME.fullmatch(name) or ".." in name:
        reader["name"].fault(f"{name!r} cannot name a file", "use letters, digits, dots, dashes")
    source = reader["source"].choice(Source, Source.ACME)
    domains = _parse_domains(reader["domains"], source)
    kinds = tuple(item.choice(KeyType) for item in reader["key_types"].items())
    profile, chain = reader["profile"], reader["preferred_chain"]
    one = Lineage(
        name=name,
        key_type=KeyType.ECDSA,
        domains=domains,
        profile=profile.text() if profile.is_given else None,
        preferred_chain=chain.text() if chain.is_given else None,
    )
    return tuple(
        Wished(source, replace(one, key_type=kind))
        for kind in dict.fromkeys(kinds or (KeyType.ECDSA,))
    )


def _parse_domains(reader: Reader, source: Source) -> tuple[str, ...]:
    items = reader.items()
    if not items:
        reader.fault("there is no domain", "list at least one")
    return tuple(dict.fromkeys(_parse_domain(item, source) for item in items))


def _parse_domain(reader: Reader, source: Source) -> str:
    domain = reader.text()
    if is_address(domain):
        return str(ipaddress.ip_address(domain))
    is_wildcard = domain.startswith("*.")
    labels = (domain[2:] if is_wildcard else domain).split(".")
    if len(domain) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        reader.fault(f"{domain[:60]!r} is no domain in A-labels and lower case")
    elif is_wildcard and source is Source.ACME:
        reader.fault(
            f"{domain} is a wildcard, which no CA validates over HTTP",
            "list the names, or take the certificate from another source",
        )
    return domain
