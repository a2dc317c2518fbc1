# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bundles: what HAProxy loads."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import (
    Bundle,
    covers,
    file_name,
    parse,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import RSA_BITS, KeyType
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st
from minted import mint, root_pem

END = datetime(2027, 2, 1, tzinfo=timezone.utc)
MADE = mint("a.test", "*.a.test", not_after=END.replace(tzinfo=None))


def read(pem: str) -> Bundle:
    """The bundle of a text."""
    return parse(pem, name="a.test", path="x")


def causes(pem: str, *domains: str, now: datetime = NOON) -> list[str]:
    """Why it is not to be served."""
    faults = read(pem).check(domains, now, "bundles[3] (a.test)")
    assert all(fault.path == "bundles[3] (a.test)" for fault in faults)
    return [fault.cause for fault in faults]


@pytest.mark.parametrize("kind", KeyType, ids=lambda kind: kind.value)
def test_rendering_is_undone_by_parsing(kind: KeyType) -> None:
    """Key, leaf and chain come back."""
    bundle = read(mint("a.test", kind=kind).pem)
    assert bundle.key_type is kind
    assert read(bundle.render()) == bundle


def test_the_key_comes_first_and_nothing_else_comes_along() -> None:
    """HAProxy's order, whatever the order and the comments of the source."""
    mixed = f"# mine\n{MADE.chain[0]}\n\n{MADE.key}\n{MADE.chain[1]}"
    assert read(mixed).render() == MADE.pem


def test_the_key_is_in_no_representation() -> None:
    """A traceback shows no secret."""
    assert "PRIVATE" not in repr(read(MADE.pem))


def test_a_good_bundle_has_no_fault() -> None:
    """With and without the root."""
    assert causes(MADE.pem, "a.test", "www.a.test") == []
    assert causes(MADE.pem + root_pem(), "a.test") == []


def test_a_foreign_key_is_found() -> None:
    """The words that a user reads."""
    pem = mint("a.test", serial=2).key + "".join(MADE.chain)
    assert causes(pem, "a.test") == ["the key does not match the leaf certificate"]


def test_a_chain_out_of_order_is_found() -> None:
    """Leaf, root, intermediate."""
    pem = MADE.key + MADE.chain[0] + root_pem() + MADE.chain[1]
    found = causes(pem, "a.test")
    assert len(found) == 2
    assert "certificate 1 (" in found[0]
    assert "is not signed by certificate 2" in found[0]


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        (rsa.generate_private_key(65537, RSA_BITS // 2), "an RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP192R1()), "the curve secp192r1"),
        (rsa.generate_private_key(65537, RSA_BITS), ""),
    ],
    ids=["RSA 1024", "P-192", "RSA 2048"],
)
def test_a_key_that_haproxy_would_not_start_with_is_found(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, cause: str
) -> None:
    """OpenSSL's security level of Debian."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 5, NOON, END)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    pem = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(encoding)
    found = causes(pem.decode(), "a.test")
    assert [cause in one for one in found] == ([True] if cause else [])


def test_domains_that_are_not_covered_are_named() -> None:
    """Those, and what it is for."""
    assert causes(MADE.pem, "a.test", "b.test", "x.y.a.test") == [
        "the certificate does not cover b.test, x.y.a.test; it is for a.test, *.a.test"
    ]


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (END, "expired on 2027-02-01"),
        (datetime(1999, 1, 1, tzinfo=timezone.utc), "not valid before"),
    ],
    ids=["at its end", "before its beginning"],
)
def test_dates_are_found(now: datetime, word: str) -> None:
    """The moment of its end is too late."""
    assert word in causes(MADE.pem, "a.test", now=now)[0]


def test_the_last_moment_is_early_enough() -> None:
    """Valid until its end."""
    assert causes(MADE.pem, "a.test", now=END - timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    ("pem", "cause"),
    [
        ("".join(MADE.chain), "holds 0 private keys, not one"),
        (MADE.key * 2 + MADE.chain[0], "holds 2 private keys, not one"),
        (MADE.key, "holds no certificate"),
        (MADE.pem.replace("EC PRIVATE", "ENCRYPTED PRIVATE"), "the key is encrypted"),
        ("", "holds 0 private keys, not one"),
    ],
    ids=["no key", "two keys", "no certificate", "encrypted", "empty"],
)
def test_what_is_no_bundle_is_refused_with_its_place(pem: str, cause: str) -> None:
    """Path and cause."""
    with pytest.raises(InvalidInput, match=f"x: {cause}"):
        read(pem)


@pytest.mark.parametrize(
    ("names", "domain", "expected"),
    [
        (("a.test",), "a.test", True),
        (("a.test",), "A.Test", True),
        (("a.test",), "www.a.test", False),
        (("*.a.test",), "www.a.test", True),
        (("*.a.test",), "a.test", False),
        (("*.a.test",), "x.www.a.test", False),
        (("*.a.test",), "*.a.test", True),
        (("2001:db8::1",), "2001:0db8:0::1", True),
        (("*.0.2.1",), "192.0.2.1", False),
    ],
)
def test_a_wildcard_covers_one_label(names: tuple[str, ...], domain: str, expected: bool) -> None:
    """RFC 9525 §6.3; addresses are compared as addresses."""
    assert covers(names, domain) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.test", "a.test.ecdsa.pem"),
        ("*.a.test", "_.a.test.ecdsa.pem"),
        ("2001:db8::1", "2001_db8__1.ecdsa.pem"),
    ],
)
def test_a_file_name_tells_name_and_key_type(name: str, expected: str) -> None:
    """Neither the shell nor HAProxy reads anything into it."""
    assert file_name(name, KeyType.ECDSA) == expected


@given(st.text("abc.-", min_size=1, max_size=253), st.text("abc.-", min_size=1, max_size=253))
def test_file_names_fit_and_differ(one: str, other: str) -> None:
    """255 bytes with the name of a temporary file around it; two names, two files."""
    names = [file_name(name, KeyType.ECDSA) for name in (one, other)]
    assert all(len(f".{name}.12345678") <= 255 for name in names)
    assert (names[0] == names[1]) is (one == other)
