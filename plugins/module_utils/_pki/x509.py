# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""X.509 certificates as values, read by cryptography 38 (Debian 12) and later.

Source: RFC 5280.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .._core.errors import Fault, InvalidInput
from .keys import RSA_BITS, KeyType, require_cryptography
from .pem import CERTIFICATE, Block, first_der, parse_blocks, render_block

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
    from cryptography.x509.oid import NameOID
except ImportError:
    pass  # whoever uses it is told by require_cryptography()

CURVE_BITS = 224
WEAK_DIGESTS = ("md5", "sha1")
REMEMBERED = 4096
"""Certificates; some kilobytes each."""

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes


@dataclass(frozen=True)
class Certificate:
    """One certificate.

    ``names``: DNS names (A-labels, lower case) and IP addresses of the subject alternative name, in
    its order. ``issuer``, ``subject``: common names, or all of the name where it has none.
    ``fingerprint``: SHA-256 of the DER, upper-case hex. The times are aware UTC.
    """

    pem: str = field(repr=False)
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str
    serial: int
    issuer: str
    subject: str
    authority_key_identifier: bytes | None = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return first_der(self.pem, "certificate")

    @property
    def spki(self) -> bytes:
        """The public key, SubjectPublicKeyInfo in DER; empty if it is of a kind nobody serves.

        Read on demand: it is what costs most of parsing on Debian 12.
        """
        public = _public_key(self.der)
        if public is None:
            return b""
        return public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def key_type(self) -> KeyType | None:
        """Kind of the public key; ``None`` if neither ECDSA nor RSA."""
        public = _public_key(self.der)
        if isinstance(public, rsa.RSAPublicKey):
            return KeyType.RSA
        return KeyType.ECDSA if isinstance(public, ec.EllipticCurvePublicKey) else None


def fingerprint_of(der: bytes) -> str:
    """SHA-256, upper-case hex without colons."""
    return hashlib.sha256(der).hexdigest().upper()


def parse_chain(pem: str, path: str) -> tuple[Certificate, ...]:
    """The certificates of a PEM text in their order; other blocks are passed over.

    Raises: `InvalidInput` if there is none or one cannot be read.
    """
    return parse_certificates(parse_blocks(pem, path), path)


def parse_certificates(blocks: tuple[Block, ...], path: str) -> tuple[Certificate, ...]:
    """As `parse_chain`, from blocks."""
    require_cryptography()
    certificates = [block for block in blocks if block.label == CERTIFICATE]
    if not certificates:
        raise InvalidInput([Fault(path, "holds no certificate")])
    return tuple(
        _parse_certificate(block, path, position)
        for position, block in enumerate(certificates, start=1)
    )


def is_issued_by(child: Certificate, parent: Certificate) -> bool:
    """Whether the parent's name is the child's issuer and its key made the child's signature."""
    lower = x509.load_der_x509_certificate(child.der)
    upper = x509.load_der_x509_certificate(parent.der)
    if lower.issuer != upper.subject:
        return False
    try:
        _verify(lower, upper)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def is_self_signed(certificate: Certificate) -> bool:
    """Whether its own key made its signature; the names are looked at first, as they cost less."""
    return certificate.issuer == certificate.subject and is_issued_by(certificate, certificate)


def common_names(certificate: Certificate) -> tuple[str, ...]:
    """All common names of the subject, in lower case; HAProxy serves them as it does the others."""
    subject = x509.load_der_x509_certificate(certificate.der).subject
    found = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return tuple(str(attribute.value).lower() for attribute in found)


def weakness_of(certificate: Certificate) -> str:
    """Why OpenSSL's security level 2 (the default of Debian) refuses it; empty if it does not.

    Source: OpenSSL 3.0 SSL_CTX_set_security_level(3): 112 bits.
    """
    found = x509.load_der_x509_certificate(certificate.der)
    public = _public_key(certificate.der)
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < RSA_BITS:
        return f"has an RSA key of {public.key_size} bits, {RSA_BITS} are needed"
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.key_size < CURVE_BITS:
        return f"has a key on the curve {public.curve.name}, which is too small"
    is_root = found.issuer == found.subject
    digest = None if is_root else _digest(found)
    return f"is signed with {digest}" if digest in WEAK_DIGESTS else ""


def _parse_certificate(block: Block, path: str, position: int) -> Certificate:
    try:
        return _read_certificate(block)
    except (
        ValueError,
        TypeError,
        KeyError,  # cryptography 38, for a name in an unknown encoding
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ) as error:
        cause = f"certificate {position} cannot be read: {error}"
        raise InvalidInput([Fault(path, cause)]) from error


@functools.lru_cache(maxsize=REMEMBERED)
def _read_certificate(block: Block) -> Certificate:
    """Once, however often a run meets it: on disk, in the store, from a peer, and again."""
    found = x509.load_der_x509_certificate(block.der)
    return Certificate(
        pem=render_block(block),
        names=_names(found),
        not_before=_utc(found, "not_valid_before"),
        not_after=_utc(found, "not_valid_after"),
        fingerprint=fingerprint_of(block.der),
        serial=found.serial_number,
        issuer=_common_name(found.issuer),
        subject=_common_name(found.subject),
        authority_key_identifier=_authority(found),
    )


def _utc(found: x509.Certificate, name: str) -> datetime:
    # cryptography < 42 has only the naive attributes; >= 42 warns about them.
    aware = getattr(found, f"{name}_utc", None)
    if isinstance(aware, datetime):
        return aware
    naive: datetime = getattr(found, name)
    return naive.replace(tzinfo=timezone.utc)


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(name.value).lower()
        for name in extension.value
        if isinstance(name, (x509.DNSName, x509.IPAddress))
    )


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _authority(found: x509.Certificate) -> bytes | None:
    try:
        extension = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.key_identifier


def _digest(found: x509.Certificate) -> str | None:
    try:
        algorithm = found.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm else None


def _public_key(der: bytes) -> CertificatePublicKeyTypes | None:
    try:
        return x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _verify(child: x509.Certificate, parent: x509.Certificate) -> None:
    # By hand: verify_directly_issued_by() is not in cryptography 38.
    public = parent.public_key()
    signature, signed = child.signature, child.tbs_certificate_bytes
    if isinstance(public, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        public.verify(signature, signed)
        return
    digest = child.signature_hash_algorithm
    if digest is None:
        raise UnsupportedAlgorithm("signature without a digest")
    if isinstance(public, rsa.RSAPublicKey):
        scheme = getattr(child, "signature_algorithm_parameters", padding.PKCS1v15())
        public.verify(signature, signed, scheme, digest)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, signed, ec.ECDSA(digest))
    else:
        raise UnsupportedAlgorithm("neither RSA, ECDSA nor EdDSA")
