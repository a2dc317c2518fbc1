# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wish for a certificate: by default one for each site, over all its domains."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from ..._core.domain_names import is_wildcard
from ..._core.reader import Reader
from .fields import PLACEHOLDER, read_domain

MOST_DOMAINS = 100
"""Names in one certificate. Source: Let's Encrypt, profile classic."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", re.ASCII)
OPTIONS = ("name", "key_types", "profile", "preferred_chain", "source")


class KeyType(Enum):
    """The kind of the key; each is a lineage of its own."""

    ECDSA = "ecdsa"
    RSA = "rsa"


class Source(Enum):
    """Who provides a certificate."""

    ACME = "acme"
    CERTBOT = "certbot"
    PROVIDED = "provided"
    SELFSIGNED = "selfsigned"

    @property
    def answers_http01(self) -> bool:
        """Whether a CA asks the balancers for it."""
        return self in (Source.ACME, Source.CERTBOT)


OTHER_SOURCE = (
    "say source: provided (a PEM of your own, in certificates_provided), source: selfsigned, or"
    ' "certificate: false" for no certificate'
)


@dataclass(frozen=True)
class Defaults:
    """What a certificate has that says nothing of its own."""

    key_types: tuple[KeyType, ...] = (KeyType.ECDSA,)
    profile: str | None = None
    preferred_chain: str | None = None
    source: Source = Source.ACME


@dataclass(frozen=True)
class CertificateWish:
    """One certificate that shall be there. ``domains``: A-labels, order kept."""

    name: str
    domains: tuple[str, ...]
    key_types: tuple[KeyType, ...]
    profile: str | None
    preferred_chain: str | None
    source: Source

    def to_data(self) -> dict[str, Any]:
        """The shape that crosses to the modules; docs/architecture.md has it."""
        return {
            **asdict(self),
            "domains": list(self.domains),
            "key_types": [key_type.value for key_type in self.key_types],
            "source": self.source.value,
        }


def default_name(domain: str) -> str:
    """The name of a certificate or site by its first domain; no ``*`` in a file name."""
    return f"_.{domain[2:]}" if is_wildcard(domain) else domain


def read_defaults(reader: Reader) -> Defaults:
    """``certificates_defaults``."""
    if not reader.is_given:
        return Defaults()
    reader.allow("key_types", "profile", "preferred_chain", "source")
    return Defaults(
        key_types=_read_key_types(reader["key_types"], Defaults.key_types),
        profile=_read_optional(reader["profile"], None),
        preferred_chain=_read_optional(reader["preferred_chain"], None),
        source=reader["source"].choice(Source, Defaults.source),
    )


def read_certificate(
    reader: Reader, domains: tuple[str, ...], defaults: Defaults
) -> CertificateWish | None:
    """A site's ``certificate``: options over the defaults, or false for none."""
    if reader.value is False:
        return None
    if reader.is_given:
        reader.allow(*OPTIONS)
    return _read_wish(reader, domains, defaults)


def read_extra(reader: Reader, defaults: Defaults) -> CertificateWish:
    """A certificate that belongs to no site; names its domains itself."""
    reader.allow("domains", *OPTIONS)
    domains = read_domains(reader["domains"])
    return _read_wish(reader, domains, defaults)


def read_domains(reader: Reader) -> tuple[str, ...]:
    """At least one domain, none twice."""
    domains: list[str] = []
    for item in reader.items():
        domain = read_domain(item)
        if domain in domains and domain != PLACEHOLDER:
            item.fault(f'"{domain}" is here twice')
        domains.append(domain)
    if not domains:
        reader.fault("needs at least one domain")
    return tuple(domains) or (PLACEHOLDER,)


def _read_wish(reader: Reader, domains: tuple[str, ...], defaults: Defaults) -> CertificateWish:
    name = reader["name"].text(default_name(domains[0]))
    if not _NAME.fullmatch(name):
        reader["name"].fault(f"{name[:60]!r} cannot be the name of a file")
    source = reader["source"].choice(Source, defaults.source)
    if source.answers_http01:
        _check_obtainable(reader, domains)
    return CertificateWish(
        name=name,
        domains=domains,
        key_types=_read_key_types(reader["key_types"], defaults.key_types),
        profile=_read_of_ca(reader["profile"], source, defaults.profile),
        preferred_chain=_read_of_ca(reader["preferred_chain"], source, defaults.preferred_chain),
        source=source,
    )


def _read_of_ca(reader: Reader, source: Source, default: str | None) -> str | None:
    """What only a CA can be asked for; the defaults of those that come from one are not meant."""
    if source.answers_http01:
        return _read_optional(reader, default)
    if reader.is_given:
        reader.fault(
            f'no CA is asked for a certificate whose source is "{source.value}"', "remove it"
        )
    return None


def _check_obtainable(reader: Reader, domains: tuple[str, ...]) -> None:
    for domain in domains:
        if is_wildcard(domain):
            reader.fault(
                f'"{domain}" cannot be had by HTTP-01: no CA validates a wildcard that way',
                f"list the names that it stands for, or {OTHER_SOURCE}",
            )
        elif "." not in domain and domain != PLACEHOLDER:
            reader.fault(f'no CA issues for "{domain}", which has no dot', OTHER_SOURCE)
    if len(domains) > MOST_DOMAINS:
        reader.fault(
            f"{len(domains)} domains are too many for one certificate ({MOST_DOMAINS})",
            "split the site",
        )


def _read_key_types(reader: Reader, default: tuple[KeyType, ...]) -> tuple[KeyType, ...]:
    if not reader.is_given:
        return default
    found = tuple(item.choice(KeyType) for item in reader.items())
    if not found or len(set(found)) < len(found):
        reader.fault("names each of ecdsa, rsa at most once, and at least one")
    return found


def _read_optional(reader: Reader, default: str | None) -> str | None:
    return reader.text() if reader.is_given else default
