# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bundles by themselves, before anything that is held is looked at."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.admission import Gate
from fakes import NOON
from forged import Paper, Recipe, forge, intermediate
from receiving import DAY, Receiver, issue, leaf_of, offer, own

A = issue("a.test", "www.a.test")
KEY, CHAIN = A.split("-----BEGIN CERTIFICATE", 1)[0], A[A.index("-----BEGIN CERTIFICATE") :]
OTHER_KEY = issue("b.test").split("-----BEGIN CERTIFICATE", 1)[0]


def refusal(name: str, pem: str, kind: KeyType = KeyType.ECDSA, **other: Any) -> str:
    """Why a bundle is not admitted; empty if it is. ``other``: fields of the offer."""
    host = Receiver()
    wished = host.settings.find(name, kind)
    assert wished is not None
    said = offer(name, A, **{"pem": pem, "fingerprint": None, "key_type": kind, **other})
    try:
        found = Gate(host.host.ports, host.settings).admit(said, wished)
    except InvalidInput as error:
        return str(error)
    assert found.render() in pem
    return ""


def made(pem: str, name: str = "a.test", kind: KeyType = KeyType.ECDSA) -> str:
    """Why a bundle that is announced as what it is is not admitted."""
    return refusal(name, pem, kind, fingerprint=leaf_of(pem).fingerprint)


def by_ca(*names: str, **other: Any) -> Paper:
    """A certificate by the listed CA."""
    return forge(Recipe(names, **other), intermediate())


@pytest.mark.parametrize(
    ("name", "pem"),
    [
        ("a.test", A),
        ("a.test", issue("a.test")),
        ("a.test", issue("www.a.test", common_name="www.a.test")),
        ("*.w.test", issue("*.w.test")),
        ("own.test", own("own.test")),
    ],
    ids=["all names", "some names", "a common name", "a wildcard", "self-signed"],
)
def test_what_is_wished_is_admitted(name: str, pem: str) -> None:
    """Of every source but `provided`."""
    assert made(pem, name) == ""


def test_an_rsa_lineage_takes_an_rsa_key() -> None:
    """A lineage of its own."""
    pem = issue("rsa.test", kind=KeyType.RSA)
    assert made(pem, "rsa.test", KeyType.RSA) == ""
    assert "the key is ecdsa, not rsa" in made(issue("rsa.test"), "rsa.test", KeyType.RSA)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("", "holds 0 private keys"),
        ("x" * 65_537, "has 65537 characters"),
        ("-----BEGIN A-----\n" * 13, "more than 12 blocks"),
        (KEY, "holds no certificate"),
        (CHAIN, "holds 0 private keys"),
        (KEY + A, "holds 2 private keys"),
        (OTHER_KEY + CHAIN, "the key does not match the leaf certificate"),
        (A.replace("MII", "MI!", 1), "is not base64"),
        (KEY.replace("EC PRIVATE", "ENCRYPTED PRIVATE") + CHAIN, "is encrypted"),
        (
            "-----BEGIN PRIVATE KEY-----\n"
            + "AAAA" * 2667
            + "\n-----END PRIVATE KEY-----\n"
            + CHAIN,
            "holds a block of 8001 bytes, at most 8000",
        ),
    ],
    ids=lambda value: None if len(value) > 40 else value or "empty",
)
def test_what_is_no_bundle_is_refused(pem: str, words: str) -> None:
    """Before its certificate is believed in anything."""
    assert words in refusal("a.test", pem, fingerprint=leaf_of(A).fingerprint)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (issue("evil.test"), "is for evil.test, which is not wished in a.test"),
        (issue("a.test", "evil.test"), "is for evil.test, which"),
        (issue("*.a.test"), "is for *.a.test, which"),
        (issue("*.test"), "is for *.test, which"),
        (issue("192.0.2.1"), "is for 192.0.2.1, which"),
        (issue("a.test", common_name="b.test"), "is for b.test, which"),
        (by_ca(common_names=("a.test",)).pem, "has no name"),
        (by_ca("a.test", common_names=("a.test", "b.test")).pem, "is for b.test, which"),
        (by_ca("a.test\0.evil.test").pem, "which is not wished"),
        (own("a.test"), "is signed by itself, and one of a CA is wished"),
        (issue("a.test", lifetime=DAY, age=2 * DAY), "expired on"),
        (issue("a.test", age=-DAY), "is not valid before"),
        (issue("a.test", ca="other"), "the chain is not trusted"),
        (A + CHAIN, "is not signed by certificate"),
    ],
    ids=[
        *("another name", "one more name", "a wildcard over it", "a wildcard over all"),
        *("an address", "another common name", "only a common name", "two common names", "a NUL"),
        *("self-signed", "expired", "not yet valid", "another CA", "a tangled chain"),
    ],
)
def test_what_should_not_be_served_is_refused(pem: str, words: str) -> None:
    """Each for its own reason."""
    assert words in made(pem)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (issue("own.test"), "is not signed by itself alone"),
        (own("own.test") + CHAIN, "is not signed by itself alone"),
        (forge(Recipe(("own.test",), ("bank.test",))).pem, "is for bank.test, which"),
        (own("own.test", now=NOON - 200 * DAY), "expired on"),
    ],
    ids=["by a CA", "with others behind it", "another common name", "expired"],
)
def test_a_wish_for_self_signed_takes_just_that(pem: str, words: str) -> None:
    """Whoever signs for himself writes what he likes, so the common name counts as well."""
    assert words in made(pem, "own.test")


def test_a_long_name_may_be_cut_in_the_common_name() -> None:
    """As it is in what we sign ourselves."""
    long = f"{'a' * 60}.long.test"
    host = Receiver(certificates=[{"name": "l", "domains": [long], "source": "selfsigned"}])
    wished = host.settings.find("l", KeyType.ECDSA)
    assert wished is not None
    pem = own(long)
    assert Gate(host.host.ports, host.settings).admit(offer("l", pem), wished).leaf == leaf_of(pem)


def test_what_was_announced_is_what_comes() -> None:
    """A fingerprint that is another, or none at all."""
    for fingerprint in ("A" * 64, None):
        assert "announced was" in refusal("a.test", A, fingerprint=fingerprint)


def test_the_tool_is_asked_last() -> None:
    """A thief shall not keep the host busy with what is refused anyway."""
    host = Receiver()
    for pem in (issue("evil.test"), own("a.test"), OTHER_KEY + CHAIN, issue("a.test", age=-DAY)):
        host.tell(offer("a.test", issue("a.test"), pem=pem))
    assert host.openssl.judged == 0
