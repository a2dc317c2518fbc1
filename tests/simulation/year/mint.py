# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA's certificates: the same keys and serial numbers for the same seed.

So the moment in the renewal window, which follows from them, is the same in every run.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fake_ca_issuing import ari_name

CENTURY = timedelta(days=36500)
BACKDATED = timedelta(hours=1)
"""Let's Encrypt's certificates begin an hour before they are made."""


class Mint:
    """A root, an intermediate, and leaves. ``leaves``: by their names in renewal information."""

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        self._random = random.Random(seed)
        self._now = now
        self._keys = {name: self._key() for name in ("root", "intermediate")}
        self.leaves: dict[str, x509.Certificate] = {}
        self.root_pem = self._sign("root")
        self._intermediate_pem = self._sign("intermediate")

    def issue(self, csr_der: bytes, lifetime: timedelta) -> tuple[str, str]:
        """A leaf with its chain, twice: there is no other chain."""
        csr = x509.load_der_x509_csr(csr_der)
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        first = self._now().replace(microsecond=0) - BACKDATED
        serves = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        leaf = (
            self._builder("intermediate", x509.Name([]), first, lifetime)
            .public_key(csr.public_key())
            .add_extension(names.value, critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(serves, critical=False)
            .sign(self._keys["intermediate"], hashes.SHA256())
        )
        self.leaves[ari_name(leaf)] = leaf
        pem = _pem(leaf) + self._intermediate_pem
        return pem, pem

    def _sign(self, subject: str) -> str:
        public = self._keys[subject].public_key()
        identifier = x509.SubjectKeyIdentifier.from_public_key(public)
        certificate = (
            self._builder("root", _name(subject), self._now() - CENTURY / 100, CENTURY)
            .public_key(public)
            .add_extension(identifier, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_signs_certificates(), critical=True)
            .sign(self._keys["root"], hashes.SHA256())
        )
        return _pem(certificate)

    def _builder(
        self, issuer: str, subject: x509.Name, first: datetime, lifetime: timedelta
    ) -> x509.CertificateBuilder:
        key = self._keys[issuer].public_key()
        return (
            x509.CertificateBuilder()
            .issuer_name(_name(issuer))
            .subject_name(subject)
            .serial_number(self._random.getrandbits(126) | 1 << 126)
            .not_valid_before(first)
            .not_valid_after(first + lifetime)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key), critical=False)
        )

    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self._random.getrandbits(250), ec.SECP256R1())


@functools.cache
def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
