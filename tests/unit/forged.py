# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that no honest issuer makes, and some that are almost right."""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.hitless.edge.plugins.module_utils._core.domain_names import is_address
from ansible_collections.hitless.edge.plugins.module_utils._pki.pem import Block, render_block
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fakes import NOON
from receiving import authority, issue

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Paper:
    """A certificate with its key, and the certificates above it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> str:
        """PEM, this one first."""
        parts = (self.certificate, *self.above)
        return "".join(part.public_bytes(Encoding.PEM).decode() for part in parts)

    @property
    def key_pem(self) -> str:
        """PEM."""
        kind = PrivateFormat.PKCS8
        return self.key.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()

    @property
    def pem(self) -> str:
        """What a sender delivers."""
        return self.key_pem + self.chain


@dataclass(frozen=True)
class Recipe:
    """What to write into a certificate. ``common_names``: of the subject."""

    names: tuple[str, ...]
    common_names: tuple[str, ...] = ()
    not_before: datetime = NOON - DAY
    not_after: datetime = NOON + 89 * DAY
    is_ca: bool = False
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH


def forge(recipe: Recipe, signer: Paper | None = None) -> Paper:
    """Sign one; by itself if there is no signer."""
    key = ec.generate_private_key(ec.SECP256R1())
    words = [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in recipe.common_names]
    subject = x509.Name(words or [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Forgers")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(recipe.not_before)
        .not_valid_after(recipe.not_after)
        .add_extension(x509.BasicConstraints(ca=recipe.is_ca, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([recipe.usage]), critical=False)
    )
    if recipe.names:
        alternatives = x509.SubjectAlternativeName([_name(name) for name in recipe.names])
        builder = builder.add_extension(alternatives, critical=False)
    certificate = builder.sign(signer.key if signer else key, hashes.SHA256())
    above = (signer.certificate, *signer.above) if signer else ()
    return Paper(certificate, key, above)


@functools.cache
def leaf_as_signer(*names: str) -> Paper:
    """A real certificate for names, whose owner signs with it as a CA would."""
    return _read(issue(*names))


@functools.cache
def intermediate() -> Paper:
    """The listed CA itself, for what it would never sign."""
    _root, child = authority("")
    return _read(child.private_key_pem.bytes().decode() + child.cert_pem.bytes().decode())


def chimera(secret: str, public: str, form: PrivateFormat) -> str:
    """A key with the private half of one and the public half of another."""
    ders, points = [], []
    for pem in (secret, public):
        key = load_pem_private_key(pem.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        ders.append(key.private_bytes(Encoding.DER, form, NoEncryption()))
        point = PublicFormat.UncompressedPoint
        points.append(key.public_key().public_bytes(Encoding.X962, point))
    der = ders[0].replace(points[0], points[1])
    assert der not in ders
    is_pkcs8 = form is PrivateFormat.PKCS8
    return render_block(Block("PRIVATE KEY" if is_pkcs8 else "EC PRIVATE KEY", der))


def _read(pem: str) -> Paper:
    first, *above = x509.load_pem_x509_certificates(pem.encode())
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Paper(first, key, tuple(above))


def _name(name: str) -> x509.GeneralName:
    if is_address(name):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)
