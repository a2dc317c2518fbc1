# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys, requests, self-signed certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    KeyType,
    generate_key,
    key_type,
    make_csr,
    public_spki,
    self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    is_issued_by,
    parse_chain,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fakes import NOON
from forged import chimera

NAMES = ("a.test", "*.b.test", "192.0.2.1", "2001:db8::1")


def pem_of(key: ed25519.Ed25519PrivateKey, password: bytes | None = None) -> str:
    """The key in PKCS #8, encrypted if there is a password."""
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    ).decode()


@pytest.mark.parametrize(
    "form",
    [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL],
    ids=["PKCS 8", "SEC 1"],
)
def test_the_halves_of_a_key_belong_together(form: serialization.PrivateFormat) -> None:
    """Else anybody could make a key for a certificate that he has only seen."""
    own, other = generate_key(KeyType.ECDSA), generate_key(KeyType.ECDSA)
    made = chimera(own, other, form)
    with pytest.raises(InvalidInput):
        public_spki(made)


@pytest.mark.parametrize("kind", KeyType, ids=lambda kind: kind.value)
def test_a_key_has_the_kind_that_was_asked_for(kind: KeyType) -> None:
    """Generating is undone by recognising."""
    assert key_type(generate_key(kind)) is kind


def test_keys_have_the_size_that_cas_take() -> None:
    """P-256 and RSA with 2048 bits."""
    curve = serialization.load_pem_private_key(generate_key(KeyType.ECDSA).encode(), None)
    assert isinstance(curve, ec.EllipticCurvePrivateKey)
    assert curve.curve.name == "secp256r1"
    modulus = serialization.load_pem_private_key(generate_key(KeyType.RSA).encode(), None)
    assert isinstance(modulus, rsa.RSAPrivateKey)
    assert modulus.key_size == 2048


def test_a_request_names_all_and_has_no_subject() -> None:
    """DNS names and addresses in their order, signed by the key."""
    key = generate_key(KeyType.ECDSA)
    request = x509.load_pem_x509_csr(make_csr(key, NAMES).encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(str(name.value) for name in names) == NAMES
    assert not list(request.subject)
    assert request.is_signature_valid


def test_a_self_signed_certificate_is_its_own_issuer() -> None:
    """Valid from a little ago, for its names, by its own key."""
    key = generate_key(KeyType.ECDSA)
    pem = self_signed(key, NAMES, now=NOON, lifetime=timedelta(days=3))
    (certificate,) = parse_chain(pem, "x")
    assert certificate.names == NAMES
    assert certificate.spki == public_spki(key)
    assert certificate.not_before < NOON
    assert certificate.not_after == NOON + timedelta(days=3)
    assert is_issued_by(certificate, certificate)


@pytest.mark.parametrize(
    ("pem", "cause"),
    [
        ("", "is not a private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is not a private key"),
        (pem_of(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor ECDSA"),
        (pem_of(ed25519.Ed25519PrivateKey.generate(), b"secret"), "the key is encrypted"),
    ],
    ids=["empty", "garbage", "another kind", "encrypted"],
)
def test_a_key_that_cannot_serve_is_refused_with_its_place(pem: str, cause: str) -> None:
    """The fault has the path and the cause, and nothing of the key."""
    with pytest.raises(InvalidInput, match=f"mine: .*{cause}"):
        key_type(pem, "mine")


def test_every_name_that_is_none_is_told() -> None:
    """All faults together."""
    with pytest.raises(InvalidInput) as caught:
        make_csr(generate_key(KeyType.ECDSA), ["ä.test", "a.test", "ö.test"])
    assert [fault.path for fault in caught.value.faults] == ["names[0]", "names[2]"]
