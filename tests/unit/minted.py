# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of the tests, minted by a CA with an intermediate; each exists once per run."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

import trustme
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType


@dataclass(frozen=True)
class Minted:
    """A key and its chain, in PEM. ``chain``: leaf, intermediate."""

    key: str
    chain: tuple[str, ...]

    @property
    def pem(self) -> str:
        """What an issuer delivers."""
        return "".join([self.key, *self.chain])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the leaf."""
        return bundle.parse(self.pem, name="minted", path="minted").leaf.fingerprint


@functools.cache
def _authority() -> tuple[trustme.CA, trustme.CA]:
    root = trustme.CA(key_type=trustme.KeyType.ECDSA)
    return root, root.create_child_ca(key_type=trustme.KeyType.ECDSA)


def root_pem() -> str:
    """The topmost certificate, which chains leave out."""
    return _authority()[0].cert_pem.bytes().decode()


@functools.cache
def mint(
    *names: str,
    serial: int = 1,
    kind: KeyType = KeyType.ECDSA,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Minted:
    """A certificate for names; another ``serial`` is another certificate for the same names."""
    del serial
    issued = _authority()[1].issue_cert(
        *names,
        key_type=trustme.KeyType[kind.name],
        not_before=not_before,
        not_after=not_after,
    )
    chain = tuple(blob.bytes().decode() for blob in issued.cert_chain_pems)
    return Minted(issued.private_key_pem.bytes().decode(), chain)
