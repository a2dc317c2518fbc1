# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundles below an issuer's home, as a list: ``certificates/NAME/KEYTYPE.pem``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import InvalidInput
from .._core.ports import Files
from .._core.reader import Reader
from .keys import KeyType
from .pem import CERTIFICATE, parse_blocks
from .x509 import Certificate, parse_certificates

Lineage = tuple[str, KeyType]
"""Name of a certificate, and the type of its key."""


@dataclass(frozen=True)
class Stored:
    """A bundle of the store."""

    name: str
    key_type: KeyType
    leaf: Certificate
    pem: str = field(repr=False)

    def shown(self, *, with_pem: bool) -> dict[str, Any]:
        """For a result; the PEM holds the private key."""
        facts = {
            "name": self.name,
            "key_type": self.key_type.value,
            "fingerprint": self.leaf.fingerprint,
            "domains": list(self.leaf.names),
            "not_after": self.leaf.not_after.isoformat(),
            "issuer": self.leaf.issuer,
        }
        return {**facts, "pem": self.pem} if with_pem else facts


def read_store(files: Files, home: str) -> tuple[tuple[Stored, ...], tuple[str, ...]]:
    """All bundles, and a line about each file that is none."""
    found: list[Stored] = []
    faults: list[str] = []
    for folder in files.names(f"{home}/certificates"):
        for kind in KeyType:
            path = f"{home}/certificates/{folder}/{kind.value}.pem"
            raw = files.read(path)
            if raw is None:
                continue
            pem = raw.decode(errors="replace")
            try:
                found.append(Stored(_name_of(folder), kind, _read_leaf(pem, path), pem))
            except InvalidInput as error:
                faults += [str(fault) for fault in error.faults]
    return tuple(found), tuple(faults)


def parse_contents(reader: Reader) -> Collection[Lineage]:
    """The pairs of name and key type whose PEM is asked for."""
    return frozenset(_parse_pair(item) for item in reader.items())


def _parse_pair(reader: Reader) -> Lineage:
    pair = reader.items()
    if len(pair) != 2:
        reader.fault("is not a pair of name and key type")
        return "", KeyType.ECDSA
    return pair[0].text(), pair[1].choice(KeyType)


def _read_leaf(pem: str, path: str) -> Certificate:
    blocks = [block for block in parse_blocks(pem, path) if block.label == CERTIFICATE]
    return parse_certificates(tuple(blocks[:1]), path)[0]


def _name_of(folder: str) -> str:
    return f"*{folder[1:]}" if folder.startswith("_.") else folder
