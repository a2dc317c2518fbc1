# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's account key: read by us as josepy reads it, and never taken at its word."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import josepy
import pytest
from ansible_collections.hitless.edge.plugins.module_utils._certbot.jwk import (
    LONGEST,
    AccountJwk,
    parse_jwk,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

RSA = josepy.JWKRSA(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
OTHER = josepy.JWKRSA(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
EC = josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
KINDS = pytest.mark.parametrize("key", [RSA, EC], ids=["rsa", "ec"])


def changed(key: Any, **members: object) -> str:
    """The document with other members; `None` leaves one out."""
    document = {**json.loads(key.json_dumps()), **members}
    return json.dumps({name: value for name, value in document.items() if value is not None})


@KINDS
def test_thumbprint_and_folder_are_those_of_certbot(key: Any) -> None:
    """RFC 7638 as josepy computes it; the folder's name as certbot's `Account.id` does."""
    found = parse_jwk(key.json_dumps())
    pem = key.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert found.thumbprint == josepy.b64encode(key.thumbprint()).decode()
    assert found.certbot_id == hashlib.md5(pem, usedforsecurity=False).hexdigest()


@KINDS
def test_what_is_kept_is_the_same_key(key: Any) -> None:
    """As josepy reads it; reading it again gives the same value; no member is shown."""
    found = parse_jwk(changed(key, use="sig", evil="/etc/shadow"))
    assert josepy.JWK.json_loads(found.text) == key
    assert parse_jwk(found.text) == found
    assert "evil" not in found.text
    assert json.loads(found.text)["d"] not in repr(found)


@pytest.mark.parametrize("bits", [2048, 2049, 3072])
def test_keys_of_any_length_are_read(bits: int) -> None:
    """Whatever the leading bit of a number is."""
    key = josepy.JWKRSA(key=rsa.generate_private_key(public_exponent=65537, key_size=bits))
    assert parse_jwk(key.json_dumps()).thumbprint == josepy.b64encode(key.thumbprint()).decode()


@given(secret=st.integers(1, 2**256 - 2**224))
@settings(max_examples=50, deadline=None)
def test_short_numbers_are_filled_up(secret: int) -> None:
    """Whoever writes x, y or d without leading zeros means the same key."""
    key = ec.derive_private_key(secret, ec.SECP256R1())
    jwk = josepy.JWKEC(key=key)
    short = {
        name: josepy.b64encode(josepy.b64decode(value).lstrip(b"\0") or b"\0").decode()
        for name, value in json.loads(jwk.json_dumps()).items()
        if name in ("x", "y", "d")
    }
    assert parse_jwk(changed(jwk, **short)).spki == parse_jwk(jwk.json_dumps()).spki


RSA_DOCUMENT, OTHER_DOCUMENT = json.loads(RSA.json_dumps()), json.loads(OTHER.json_dumps())
EC_D = json.loads(josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1())).json_dumps())["d"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[" * 5000,
        '{"kty": ["RSA"]}',
        json.dumps(RSA.public_key().to_json()),
        changed(RSA, kty="oct", k="AAAA"),
        changed(RSA, d=None),
        changed(RSA, n=5),
        changed(RSA, n="not base64url!"),
        changed(RSA, n="AAAAA"),
        changed(RSA, d=OTHER_DOCUMENT["d"]),
        changed(RSA, n=OTHER_DOCUMENT["n"]),
        changed(RSA, **{name: OTHER_DOCUMENT[name] for name in ("d", "p", "q", "dp", "dq", "qi")}),
        changed(EC, d=EC_D),
        changed(EC, crv="P-384"),
        changed(EC, d="AA"),
        changed(RSA, padding="x" * LONGEST),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """With a word on why, and without its members in it."""
    with pytest.raises(InvalidInput) as caught:
        parse_jwk(text, "HOME/account/certbot-key.json")
    assert "HOME/account/certbot-key.json" in str(caught.value)
    assert RSA_DOCUMENT["d"] not in str(caught.value)


@given(text=st.text(max_size=200))
def test_no_text_is_more_than_refused(text: str) -> None:
    """Hostile input ends in a value or in `InvalidInput`."""
    try:
        assert isinstance(parse_jwk(text), AccountJwk)
    except InvalidInput as error:
        assert error.faults
