# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of the small ACME server: two roots, one intermediate, leaves."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)
_KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("one", "two", "intermediate")}


class Hierarchy:
    """An intermediate that two roots have signed; it signs leaves."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.leaves: list[x509.Certificate] = []

    def issue(self, csr_der: bytes, lifetime: timedelta) -> tuple[str, str]:
        """A leaf, with the chain to either root."""
        csr = x509.load_der_x509_csr(csr_der)
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        builder = (
            self._builder("intermediate", "", lifetime)
            .public_key(csr.public_key())
            .add_extension(names.value, critical=False)
        )
        leaf = builder.sign(_KEYS["intermediate"], hashes.SHA256())
        self.leaves.append(leaf)
        pem = leaf.public_bytes(serialization.Encoding.PEM).decode()
        return pem + self._intermediate("one"), pem + self._intermediate("two")

    def _intermediate(self, root: str) -> str:
        builder = (
            self._builder(root, "intermediate", YEAR)
            .public_key(_KEYS["intermediate"].public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        )
        signed = builder.sign(_KEYS[root], hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def _builder(self, issuer: str, subject: str, lifetime: timedelta) -> x509.CertificateBuilder:
        key = _KEYS[issuer].public_key()
        begin = self._now()
        return (
            x509.CertificateBuilder()
            .issuer_name(_name(issuer))
            .subject_name(_name(subject) if subject else x509.Name([]))
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + lifetime)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key), critical=False)
        )


def names_of(csr_der: bytes) -> tuple[str, ...]:
    """The names that a request asks for."""
    csr = x509.load_der_x509_csr(csr_der)
    extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return tuple(str(name.value) for name in extension.value)


def ari_name(leaf: x509.Certificate) -> str:
    """As RFC 9773 §4.1 has it, out of the DER of the serial number."""
    extension = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    length = (leaf.serial_number.bit_length() + 8) // 8
    parts = (extension.value.key_identifier or b"", leaf.serial_number.to_bytes(length, "big"))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
