# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a host already is taken over if it is just what would be ordered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from acme_issuer import HOME, Issuer, actions, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.adoption import (
    Existing,
    Looked,
    look_around,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage, Wish
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse as parse_bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    KeyType,
    generate_key,
    self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.trust import HOST_ROOTS
from fake_ca import FakeCa
from fakes import NOON, FakeFiles, FakeHost
from hypothesis import given
from hypothesis import strategies as st
from minted import Minted, mint

LIVE, SSL = "/etc/letsencrypt/live", "/etc/haproxy/ssl"
FIRST, SECOND = Authority("first", "https://1.test/d"), Authority("second", "https://2.test/d")
NAMES = ("a.test", "www.a.test")
LINEAGE = Lineage("a.test", KeyType.ECDSA, NAMES)
END = NOON + timedelta(days=90)
FRESH = mint(*NAMES, not_after=END)
BEGAN = parse_bundle(FRESH.pem, name="x", path="x").leaf.not_before
NOW = BEGAN + timedelta(days=1)


def trusting(host: FakeHost) -> None:
    """The host has roots, and its OpenSSL says yes to every chain, unless told otherwise."""
    host.files.write(HOST_ROOTS[0], b"roots")


def by_certbot(files: FakeFiles, name: str, made: Minted, *, directory: str = "") -> None:
    """As certbot keeps a lineage."""
    files.write(f"{LIVE}/{name}/privkey.pem", made.key.encode())
    files.write(f"{LIVE}/{name}/fullchain.pem", "".join(made.chain).encode())
    files.write(f"{LIVE}/{name}/cert.pem", made.chain[0].encode())
    files.write(f"{LIVE}/README", b"This directory contains your keys and certificates.")
    if directory:
        conf = f"version = 2.1.0\n[renewalparams]\nserver = {directory}\nkey_type = ecdsa\n"
        files.write(f"/etc/letsencrypt/renewal/{name}.conf", conf.encode())


def by_hand(files: FakeFiles, name: str, made: Minted) -> str:
    """As the tutorial does it: cat fullchain privkey; its path."""
    files.write(f"{SSL}/{name}", "".join([*made.chain, made.key]).encode())
    return f"{SSL}/{name}"


def looked(host: FakeHost, lineage: Lineage = LINEAGE) -> Looked:
    """What is found for a lineage, on the second day of a certificate's life."""
    host.clock.time = NOW
    trusting(host)
    wish = Wish(HOME, (lineage,), (FIRST, SECOND), adopt=(LIVE, SSL))
    return look_around(host.ports, (lineage,), wish)[lineage]


def taken(host: FakeHost, lineage: Lineage = LINEAGE) -> Existing:
    """What is taken over for it; there must be one."""
    found = looked(host, lineage)
    assert found.existing is not None, found.passed_over
    return found.existing


def test_a_lineage_of_certbot_fits(host: FakeHost) -> None:
    """Whatever certbot calls it; facts are those of the first listed CA."""
    by_certbot(host.files, "a.test-0001", FRESH)
    found = taken(host)
    assert found.path == f"{LIVE}/a.test-0001"
    assert found.bundle.render() == FRESH.pem
    assert (found.bundle.name, found.bundle.leaf.fingerprint) == ("a.test", FRESH.fingerprint)
    assert (found.facts.authority, found.facts.directory) == ("first", FIRST.directory)


def test_the_ca_that_certbot_noted_is_remembered(host: FakeHost) -> None:
    """It is the one to be asked about the renewal."""
    by_certbot(host.files, "a.test", FRESH, directory=SECOND.directory)
    assert taken(host).facts.directory == SECOND.directory


def test_a_combined_file_fits(host: FakeHost) -> None:
    """In whatever order its parts stand; the bundle is in ours."""
    path = by_hand(host.files, "a.test.pem", FRESH)
    assert (taken(host).path, taken(host).bundle.render()) == (path, FRESH.pem)


def test_of_several_the_one_that_lives_longest(host: FakeHost) -> None:
    """A tutorial's copy may be older than the lineage it was made of."""
    by_certbot(host.files, "a.test", mint(*NAMES, serial=2, not_after=END - timedelta(days=1)))
    by_hand(host.files, "a.test.pem", FRESH)
    assert taken(host).path == f"{SSL}/a.test.pem"


def of_another_key() -> Minted:
    """A certificate with a key that is not its own."""
    return Minted(mint("b.test").key, FRESH.chain)


def unsigned() -> Minted:
    """One that no CA signed."""
    key = generate_key(KeyType.ECDSA)
    return Minted(key, (self_signed(key, NAMES, now=NOW, lifetime=timedelta(days=90)),))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (mint("a.test"), "has other names (a.test)"),
        (mint(*NAMES, "x.test", not_after=END), "has other names (a.test, www.a.test, x.test)"),
        (mint(*NAMES, kind=KeyType.RSA, not_after=END), "has a key of another kind (rsa)"),
        (mint(*NAMES, not_after=NOW), "is due: expired at"),
        (mint(*NAMES, not_after=NOW + timedelta(hours=3)), "is due: less than"),
        (of_another_key(), "the key does not match the leaf certificate"),
        (Minted(FRESH.key, FRESH.chain[:1] * 2), "is not signed by certificate 2"),
        (unsigned(), "is due: it is self-signed"),
        (Minted("", FRESH.chain), "is not to be used: holds 0 private keys, not one"),
        (Minted(FRESH.key, ()), "is not to be used: holds no certificate"),
    ],
    ids=[
        "fewer names", "more names", "key type", "expired", "near its end", "other key",
        "chain", "self-signed", "no key", "no certificate",
    ],
)  # fmt: skip
def test_what_comes_close_is_told(host: FakeHost, made: Minted, reason: str) -> None:
    """It is passed over, and its path and the reason are said; no byte of a key is."""
    path = by_hand(host.files, "a.test.pem", made)
    found = looked(host)
    assert found.existing is None
    (told,) = found.passed_over
    assert told.startswith(f"{path} ")
    assert reason in told
    assert "KEY" not in told


def test_a_certificate_of_a_ca_that_is_not_listed_is_not_taken(host: FakeHost) -> None:
    """Such as a trial at a staging directory, which no client trusts."""
    by_certbot(host.files, "a.test", FRESH, directory="https://staging.test/d")
    assert looked(host).passed_over == (
        f"{LIVE}/a.test is of https://staging.test/d, which is not listed",
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Completed(2, "", "error 20 at 0 depth lookup: unable to get local issuer certificate"),
            "is not to be used: the chain is not trusted: unable to get local issuer certificate",
        ),
        (None, "cannot be judged: no openssl here"),
    ],
    ids=["foreign", "no tool"],
)
def test_a_chain_that_leads_to_no_listed_root_is_not_taken(
    host: FakeHost, answer: Completed | None, reason: str
) -> None:
    """Hosts would refuse it as the push of a stranger; only one that fits otherwise is judged."""

    def said(_argv: Sequence[str]) -> Completed:
        if answer is None:
            raise Unavailable("no openssl here")
        return answer

    host.runner.answer = said
    path = by_hand(host.files, "a.test.pem", FRESH)
    by_hand(host.files, "other.pem", mint("other.test"))
    (told,) = looked(host).passed_over
    assert told.startswith(f"{path} {reason}")
    assert len(host.runner.runs) == 1


def test_the_roots_are_those_of_the_listed_cas(host: FakeHost) -> None:
    """A company's own, or what the host trusts."""
    host.files.write("/etc/own-roots.pem", b"roots")
    by_hand(host.files, "a.test.pem", FRESH)
    own = Authority("own", "https://own.test/d", roots="/etc/own-roots.pem")
    host.clock.time = NOW
    wish = Wish(HOME, (LINEAGE,), (own,), adopt=(SSL,))
    assert look_around(host.ports, (LINEAGE,), wish)[LINEAGE].existing is not None
    (argv,) = host.runner.runs
    assert "/etc/own-roots.pem" in argv
    assert HOST_ROOTS[0] not in argv


def test_what_has_nothing_to_do_with_it_is_not_told(host: FakeHost) -> None:
    """A folder may hold many certificates and notes."""
    by_hand(host.files, "other.pem", mint("other.test"))
    host.files.write(f"{SSL}/README", b"our certificates")
    host.files.write(f"{SSL}/dhparams.pem", b"-----BEGIN DH PARAMETERS-----")
    assert looked(host) == Looked(None)


def test_few_are_told_of(host: FakeHost) -> None:
    """A reason stays short."""
    for number in range(9):
        by_hand(host.files, f"{number}.pem", mint("a.test"))
    assert len(looked(host).passed_over) == 3


def test_what_we_delivered_is_not_taken_back(host: FakeHost) -> None:
    """It may have been provided by its owner, who now wants one of a CA."""
    by_hand(host.files, "a.test.ecdsa.pem", FRESH)
    manifest = {"format": 1, "files": {"a.test.ecdsa.pem": "digest"}}
    host.files.write(f"{SSL}/.hitless-edge.json", json.dumps(manifest).encode())
    assert looked(host) == Looked(None)
    host.files.write(f"{SSL}/.hitless-edge.json", b"damaged")
    assert looked(host).existing is not None


def test_nothing_is_read_without_need(host: FakeHost) -> None:
    """No lineage, or no folder."""
    by_hand(host.files, "a.test.pem", FRESH)
    wish = Wish(HOME, (LINEAGE,), (FIRST,), adopt=(SSL,))
    assert look_around(host.ports, (), wish) == {}
    assert look_around(host.ports, (LINEAGE,), Wish(HOME, (LINEAGE,), (FIRST,))) == {}


class Forbidden(FakeFiles):
    """A folder with a file that may not be read."""

    def read(self, path: str) -> bytes | None:
        if path.startswith(f"{SSL}/a.test.pem"):
            raise PermissionError(13, "Permission denied")
        return super().read(path)


def test_what_cannot_be_read_is_told(host: FakeHost) -> None:
    """By its name, as nothing else is known of it; the rest is looked at."""
    host.files = Forbidden(host.clock)
    by_hand(host.files, "a.test.pem", FRESH)
    assert looked(host).passed_over == (
        f"{SSL}/a.test.pem cannot be read: Permission denied",
    )  # fmt: skip
    path = by_hand(host.files, "z.pem", FRESH)
    assert taken(host).path == path


@given(st.binary(max_size=200), st.integers(0, len(FRESH.pem)))
def test_whatever_lies_there_ends_in_a_value(noise: bytes, position: int) -> None:
    """Hostile files are passed over, damaged ones too unless the damage is between the blocks."""
    host = FakeHost()
    text = FRESH.pem.encode()
    host.files.write(f"{SSL}/a.test.pem", text[:position] + noise + text[position:])
    host.files.write(f"{SSL}/b", noise)
    found = looked(host)
    if found.existing is not None:
        assert found.existing.bundle.leaf.fingerprint == FRESH.fingerprint


def had(issuer: Issuer, *names: str) -> Minted:
    """A certificate of the CA that is in no store."""
    issuer.run(wished(*names))
    pem = issuer.host.files.read(f"{HOME}/certificates/{names[0]}/ecdsa.pem") or b""
    issuer.host.files.remove(f"{HOME}/certificates")
    bundle = parse_bundle(pem.decode(), name=names[0], path="had")
    return Minted(bundle.key_pem, tuple(one.pem for one in bundle.chain))


def adopted(issuer: Issuer, *certificates: dict[str, Any], **options: Any) -> dict[str, Any]:
    """A run that may take over what lies in the two folders."""
    trusting(issuer.host)
    return issuer.run(*certificates, adopt=[LIVE, SSL], **options)


def test_a_run_takes_over_instead_of_ordering(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Foretold, done, told; the file stays; nothing is ordered, and the next run is at rest."""
    made = had(issuer, "a.test")
    path = by_hand(host.files, "a.test.pem", made)
    before = host.files.read(path)
    trusting(host)
    foretold = issuer.plan(wished("a.test"), adopt=[LIVE, SSL])
    assert actions({**foretold.result}) == ["would_adopt"]
    assert foretold.after["a.test (ecdsa)"]["reason"] == f"taken over from {path}"
    assert f"{HOME}/certificates/a.test/ecdsa.pem" not in host.files.content
    result = adopted(issuer, wished("a.test"))
    (one,) = result["certificates"]
    assert (one["action"], one["reason"]) == ("adopted", f"taken over from {path}")
    assert (one["ca"], one["covered"], result["changed"]) == ("ca1", ["a.test"], True)
    assert one["fingerprint"] == made.fingerprint
    assert host.files.read(path) == before
    host.files.remove(path)
    assert actions(adopted(issuer, wished("a.test"))) == ["valid"]
    assert len(ca.issued) == 1


def test_what_is_taken_over_is_renewed_in_its_time(issuer: Issuer, host: FakeHost) -> None:
    """Not at once; with a third left it is ordered."""
    by_hand(host.files, "a.test.pem", had(issuer, "a.test"))
    assert actions(adopted(issuer, wished("a.test"))) == ["adopted"]
    host.clock.sleep(timedelta(days=57).total_seconds())  # the CA's window is from 58 to 62
    assert actions(adopted(issuer, wished("a.test"))) == ["valid"]
    host.clock.sleep(timedelta(days=6).total_seconds())
    assert actions(adopted(issuer, wished("a.test"))) == ["renewed"]


def test_what_does_not_fit_is_ordered_and_the_reason_told(issuer: Issuer, host: FakeHost) -> None:
    """The user sees why the file was of no use."""
    path = by_hand(host.files, "a.test.pem", had(issuer, "a.test", "b.test"))
    (one,) = adopted(issuer, wished("a.test"))["certificates"]
    assert one["action"] == "issued"
    assert one["reason"] == f"absent; {path} has other names (a.test, b.test)"


def test_a_deferred_certificate_is_taken_over_all_the_same(issuer: Issuer, host: FakeHost) -> None:
    """Nobody is asked for it, so no name has to lead here."""
    by_hand(host.files, "a.test.pem", had(issuer, "a.test"))
    deferred = [{"name": "a.test", "reason": "a.test leads elsewhere"}]
    assert actions(adopted(issuer, wished("a.test"), deferred=deferred)) == ["adopted"]


def test_who_forces_wants_a_new_one(issuer: Issuer, host: FakeHost) -> None:
    """And what the store holds is never replaced by what lies about."""
    by_hand(host.files, "a.test.pem", had(issuer, "a.test"))
    assert actions(adopted(issuer, wished("a.test"), force=True)) == ["issued"]
    assert actions(adopted(issuer, wished("a.test"))) == ["valid"]
