# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bundle: what HAProxy loads for one name and key type, in one PEM."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from .._core.errors import Fault, InvalidInput
from .keys import KeyType, key_type, public_spki
from .pem import ENCRYPTED_KEY, PRIVATE_KEYS, Block, parse_blocks, render_block
from .x509 import Certificate, is_issued_by, parse_certificates, weakness_of

LONGEST_STEM = 230


@dataclass(frozen=True)
class Bundle:
    """A key with its certificate. ``chain``: leaf first, root may be absent."""

    name: str
    key_type: KeyType
    key_pem: str = field(repr=False)
    chain: tuple[Certificate, ...]

    @property
    def leaf(self) -> Certificate:
        """The certificate of the key."""
        return self.chain[0]

    @property
    def file_name(self) -> str:
        """As `file_name`."""
        return file_name(self.name, self.key_type)

    def render(self) -> str:
        """Key, leaf, chain; no empty line, nothing outside the PEM blocks."""
        return "".join([self.key_pem, *(certificate.pem for certificate in self.chain)])

    def check(self, domains: Sequence[str], now: datetime, path: str) -> tuple[Fault, ...]:
        """Every reason not to serve it for these domains (A-labels) at this moment."""
        return tuple(
            Fault(path, cause)
            for cause in [
                *self._lasting_faults,
                *_name_faults(self.leaf, domains),
                *_date_faults(self.chain, now),
            ]
        )

    @cached_property
    def _lasting_faults(self) -> tuple[str, ...]:
        # Signatures cost milliseconds on Debian 12; they are the same under the lock as before it.
        return (*self._key_faults(), *_order_faults(self.chain), *_weak_faults(self.chain))

    def _key_faults(self) -> Iterable[str]:
        if public_spki(self.key_pem) != self.leaf.spki:
            yield "the key does not match the leaf certificate"


def file_name(name: str, kind: KeyType) -> str:
    """``NAME.KEYTYPE.pem``; a wildcard's ``*.`` becomes ``_.``, which no shell expands.

    Colons of addresses become ``_`` (HAProxy takes them for line numbers). A name that would exceed
    the 255 bytes of a file name, its temporary file included, ends in a digest.
    """
    stem = (f"_{name[1:]}" if name.startswith("*.") else name).replace(":", "_")
    if len(stem) > LONGEST_STEM:
        stem = f"{stem[: LONGEST_STEM - 17]}-{hashlib.sha256(stem.encode()).hexdigest()[:16]}"
    return f"{stem}.{kind.value}.pem"


def parse(pem: str, *, name: str, path: str) -> Bundle:
    """A bundle out of PEM text; key and certificates may stand in any order among each other.

    Raises: `InvalidInput` if there is not exactly one readable key, or no readable certificate.
    """
    blocks = parse_blocks(pem, path)
    key = render_block(_only_key(blocks, path))
    return Bundle(name, key_type(key, path), key, parse_certificates(blocks, path))


def covers(names: Sequence[str], domain: str) -> bool:
    """Whether a certificate with these names is valid for a domain or an address.

    A wildcard name covers exactly one label. Source: RFC 9525 §6.3.
    """
    wanted = _normal(domain)
    _unused, _unused, parent = wanted.partition(".")
    return wanted in names or (f"*.{parent}" in names and not _is_address(wanted))


def _only_key(blocks: Sequence[Block], path: str) -> Block:
    keys = [block for block in blocks if block.label in PRIVATE_KEYS]
    if any(block.label == ENCRYPTED_KEY for block in blocks):
        raise InvalidInput([Fault(path, "the key is encrypted", "store it decrypted")])
    if len(keys) != 1:
        raise InvalidInput([Fault(path, f"holds {len(keys)} private keys, not one")])
    return keys[0]


def _order_faults(chain: Sequence[Certificate]) -> Iterable[str]:
    for position, (child, parent) in enumerate(zip(chain, chain[1:]), start=1):
        if not is_issued_by(child, parent):
            yield (
                f"certificate {position} ({child.subject}) is not signed by certificate "
                f"{position + 1} ({parent.subject}); the order is leaf, then each its issuer"
            )


def _weak_faults(chain: Sequence[Certificate]) -> Iterable[str]:
    for certificate in chain:
        weakness = weakness_of(certificate)
        if weakness:
            yield f"{certificate.subject} {weakness}; HAProxy would not start with it"


def _name_faults(leaf: Certificate, domains: Sequence[str]) -> Iterable[str]:
    missing = [domain for domain in domains if not covers(leaf.names, domain)]
    if missing:
        yield (
            f"the certificate does not cover {', '.join(missing)}; "
            f"it is for {', '.join(leaf.names) or 'no name at all'}"
        )


def _date_faults(chain: Sequence[Certificate], now: datetime) -> Iterable[str]:
    for certificate in chain:
        if now < certificate.not_before:
            yield f"{certificate.subject} is not valid before {certificate.not_before:%F %T} UTC"
        if now >= certificate.not_after:
            yield f"{certificate.subject} expired on {certificate.not_after:%F %T} UTC"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _normal(domain: str) -> str:
    return str(ipaddress.ip_address(domain)) if _is_address(domain) else domain.lower()
