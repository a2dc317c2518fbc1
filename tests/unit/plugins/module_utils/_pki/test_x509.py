# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as values."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    RSA_BITS,
    KeyType,
    public_spki,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.pem import (
    CERTIFICATE,
    Block,
    first_der,
    render_block,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    common_names,
    fingerprint_of,
    is_issued_by,
    is_self_signed,
    parse_chain,
    weakness_of,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fakes import NOON
from forged import Recipe, forge
from hypothesis import given
from hypothesis import strategies as st
from minted import mint, root_pem

SHA256_WITH_RSA = bytes.fromhex("2a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("2a864886f70d010105")
END = datetime(2027, 2, 1, tzinfo=timezone.utc)


def test_a_chain_is_read_in_its_order() -> None:
    """Names as they stand, aware times, the fingerprint of the DER."""
    made = mint("a.test", "*.a.test", "192.0.2.1", not_after=END.replace(tzinfo=None))
    leaf, intermediate = parse_chain(made.pem, "x")
    der = first_der(made.chain[0], "x")
    assert leaf.names == ("a.test", "*.a.test", "192.0.2.1")
    assert leaf.not_after == END
    assert leaf.fingerprint == hashlib.sha256(der).hexdigest().upper() == fingerprint_of(der)
    assert leaf.der == der
    assert leaf.issuer == intermediate.subject
    assert leaf.authority_key_identifier
    assert intermediate.names == ()


@pytest.mark.parametrize("kind", KeyType, ids=lambda kind: kind.value)
def test_the_public_key_is_that_of_the_private_key(kind: KeyType) -> None:
    """Kind and bytes."""
    made = mint("a.test", kind=kind)
    leaf = parse_chain(made.pem, "x")[0]
    assert leaf.key_type is kind
    assert leaf.spki == public_spki(made.key)


def test_who_signed_is_known_by_signature() -> None:
    """Each certificate is issued by the next, and by no other."""
    leaf, intermediate, root = parse_chain(mint("a.test").pem + root_pem(), "x")
    assert is_issued_by(leaf, intermediate)
    assert is_issued_by(intermediate, root)
    assert is_issued_by(root, root)
    assert not is_issued_by(leaf, root)
    assert not is_issued_by(intermediate, leaf)
    assert [is_self_signed(one) for one in (leaf, intermediate, root)] == [False, False, True]


def test_every_common_name_is_told() -> None:
    """HAProxy serves them beside the alternative names; in lower case, as it compares them."""
    several = forge(Recipe(("a.test",), ("A.test", "b.test")))
    assert common_names(parse_chain(several.pem, "x")[0]) == ("a.test", "b.test")
    assert common_names(parse_chain(mint("a.test").pem, "x")[0]) == ()


def test_a_signature_with_sha1_is_weak_but_for_a_root() -> None:
    """A root is trusted for itself, whoever signed it. No library signs so any more: patched."""
    key = rsa.generate_private_key(65537, RSA_BITS)
    for issuer, weakness in [("ca", "is signed with sha1"), ("leaf", "")]:
        names = [
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
            for text in (issuer, "leaf")
        ]
        builder = x509.CertificateBuilder(names[0], names[1], key.public_key(), 5, NOON, END)
        der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        patched = der.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
        for text, expected in [(der, ""), (patched, weakness)]:
            (leaf,) = parse_chain(render_block(Block(CERTIFICATE, text)), "x")
            assert weakness_of(leaf) == expected


def test_a_text_without_certificate_is_refused() -> None:
    """A key alone is no chain."""
    with pytest.raises(InvalidInput, match="x: holds no certificate"):
        parse_chain(mint("a.test").key, "x")


def test_the_certificate_that_cannot_be_read_is_counted() -> None:
    """The second of two."""
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with pytest.raises(InvalidInput, match="x: certificate 2 cannot be read"):
        parse_chain(mint("a.test").chain[0] + broken, "x")


@given(st.integers(min_value=0, max_value=300), st.binary(min_size=1, max_size=3))
def test_a_damaged_certificate_is_read_or_refused(position: int, noise: bytes) -> None:
    """Hostile bytes end in a value or in InvalidInput."""
    der = first_der(mint("a.test").chain[0], "x")
    text = render_block(Block(CERTIFICATE, der[:position] + noise + der[position + len(noise) :]))
    try:
        (leaf,) = parse_chain(text, "x")
    except InvalidInput as error:
        assert error.faults
    else:
        assert isinstance(leaf.spki, bytes)
        assert not is_issued_by(leaf, leaf)
