# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys, certificate requests and self-signed certificates."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Union

from .._core.errors import EdgeError, Fault, InvalidInput

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID

    MISSING = None
except ImportError as error:
    MISSING = error

if TYPE_CHECKING:
    PrivateKey = Union[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]

RSA_BITS = 2048
CLOCK_SKEW = timedelta(hours=1)


class KeyType(Enum):
    """The kinds of keys that HAProxy serves side by side for one name."""

    ECDSA = "ecdsa"
    RSA = "rsa"


def require_cryptography() -> None:
    """Demand the library that all cryptographic work needs.

    Raises: `EdgeError` that names the package to install.
    """
    if MISSING is not None:
        raise EdgeError(
            "the Python library cryptography is missing on this host; "
            "install the package python3-cryptography (or pip's cryptography >= 38)",
            cause=str(MISSING),
        )


def generate_key(kind: KeyType) -> str:
    """A new private key, PKCS #8 PEM: P-256 or RSA with 2048 bits."""
    require_cryptography()
    if kind is KeyType.RSA:
        return _pem(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS))
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def key_type(key_pem: str, path: str = "key") -> KeyType:
    """Which kind of key it is.

    Raises: `InvalidInput` if it is no unencrypted RSA or ECDSA key.
    """
    return KeyType.RSA if isinstance(_load(key_pem, path), rsa.RSAPrivateKey) else KeyType.ECDSA


def public_spki(key_pem: str, path: str = "key") -> bytes:
    """The public half, SubjectPublicKeyInfo in DER.

    Raises: `InvalidInput` if it is no unencrypted RSA or ECDSA key.
    """
    return (
        _load(key_pem, path)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def make_csr(key_pem: str, names: Sequence[str]) -> str:
    """A certificate request, PEM, for DNS names (A-labels) and IP addresses.

    The subject is empty: certificates without a common name are what CAs go to.
    """
    key = _load(key_pem, "key")
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(_alternative_names(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def self_signed(key_pem: str, names: Sequence[str], *, now: datetime, lifetime: timedelta) -> str:
    """A certificate, PEM, signed by its own key; valid from an hour ago, for clocks that lag."""
    key = _load(key_pem, "key")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + lifetime)
        .add_extension(_alternative_names(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _pem(key: PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _load(key_pem: str, path: str) -> PrivateKey:
    require_cryptography()
    try:
        key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    except TypeError:
        raise InvalidInput([Fault(path, "the key is encrypted", "store it decrypted")]) from None
    except (ValueError, UnsupportedAlgorithm):
        # The library's own words may quote the key.
        raise InvalidInput([Fault(path, "is not a private key in PEM")]) from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise InvalidInput([Fault(path, "the key is neither RSA nor ECDSA")])
    if isinstance(key, ec.EllipticCurvePrivateKey) and not _is_whole(key):
        raise InvalidInput([Fault(path, "the key's public half is that of another key")])
    return key


def _is_whole(key: ec.EllipticCurvePrivateKey) -> bool:
    """Whether the public half that an EC key brings along is its own.

    Older versions (38, 43) believe it. HAProxy would load such a key for a certificate that anybody
    can read, and then fail every handshake. RSA keys are proved by the library.
    """
    secret = key.private_numbers().private_value
    own = ec.derive_private_key(secret, key.curve).public_key().public_numbers()
    return own == key.public_key().public_numbers()


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    faults: list[Fault] = []
    found: list[x509.GeneralName] = []
    for index, name in enumerate(names):
        try:
            found.append(_general_name(name))
        except ValueError:
            faults.append(Fault(f"names[{index}]", f"{name!r} is no DNS name in ASCII"))
    if faults:
        raise InvalidInput(faults)
    return x509.SubjectAlternativeName(found)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
