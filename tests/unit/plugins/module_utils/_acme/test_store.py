# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The issuer's folder survives what processes and people do to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from acme_issuer import HOME, Issuer, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.ari import Window
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts, Held
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Pending, Store
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fakes import NOON, FakeHost
from minted import mint

LINEAGE = Lineage("*.a.test", KeyType.RSA, ("*.a.test", "a.test"), "short")
PENDING = Pending(
    directory="https://ca/",
    url="https://ca/order/1",
    names=LINEAGE.names,
    profile="short",
    created_at=NOON,
    replaces=None,
    key_pem="key",
    csr_pem="csr",
)


DEEP = b"[" * 100_000
"""So deep that no reader follows it down."""


def repr_of(content: bytes) -> str:
    """The name of a case."""
    return repr(content[:20])


@pytest.fixture
def store(host: FakeHost) -> Store:
    return Store(host.files, HOME)


def test_an_order_is_kept_until_it_is_dropped(store: Store) -> None:
    """What is written is what is read."""
    store.save_pending(LINEAGE, PENDING)
    assert store.pending(LINEAGE) == PENDING
    assert PENDING.serves(LINEAGE)
    store.drop_pending(LINEAGE)
    assert store.pending(LINEAGE) is None


def test_everything_is_private(store: Store, host: FakeHost) -> None:
    """Files are 0600, folders 0700; a wildcard's star is in no path."""
    store.save_pending(LINEAGE, PENDING)
    assert set(host.files.modes.values()) == {0o600, 0o700}
    assert f"{HOME}/orders/_.a.test/rsa.key" in host.files.content
    assert "secret" not in repr(replace(PENDING, key_pem="secret", csr_pem="secret"))


@pytest.mark.parametrize("kind", ["json", "key", "csr"])
def test_an_incomplete_order_is_none(store: Store, host: FakeHost, kind: str) -> None:
    """Without its key or its URL an order is of no use."""
    store.save_pending(LINEAGE, PENDING)
    host.files.remove(f"{HOME}/orders/_.a.test/rsa.{kind}")
    assert store.pending(LINEAGE) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"url": 1}', b"\xff", DEEP], ids=repr_of)
def test_a_broken_order_is_none(store: Store, host: FakeHost, content: bytes) -> None:
    """Whatever is in the file."""
    store.save_pending(LINEAGE, PENDING)
    host.files.write(f"{HOME}/orders/_.a.test/rsa.json", content)
    assert store.pending(LINEAGE) is None


@pytest.mark.parametrize(
    "content", [b"", b"no PEM", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA"]
)
def test_a_broken_certificate_is_absent(store: Store, host: FakeHost, content: bytes) -> None:
    """It is got again."""
    host.files.write(f"{HOME}/certificates/_.a.test/rsa.pem", content)
    assert store.held(LINEAGE) is None


def test_facts_of_another_certificate_are_not_believed(issuer: Issuer, host: FakeHost) -> None:
    """A run that died between facts and certificate leaves the one before."""
    issuer.run(wished("a.test"), wished("b.test"))
    stem = f"{HOME}/certificates/a.test/ecdsa"
    host.files.content[f"{stem}.json"] = host.files.content[
        f"{HOME}/certificates/b.test/ecdsa.json"
    ]
    held = issuer.store.held(Lineage("a.test", KeyType.ECDSA, ("a.test",)))
    assert held is not None
    assert held.facts is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', DEEP], ids=repr_of)
def test_broken_facts_are_none(store: Store, host: FakeHost, content: bytes) -> None:
    """The certificate is held all the same."""
    bundle = parse(mint("*.a.test").pem, name="*.a.test", path="")
    store.save(LINEAGE, bundle, Facts("ca", "https://ca/", None, None, NOON))
    host.files.write(f"{HOME}/certificates/_.a.test/rsa.json", content)
    assert store.held(LINEAGE) == Held(bundle.leaf, None)


def test_a_certificate_of_which_nothing_is_known_has_no_facts(store: Store) -> None:
    """Those of its predecessor are not its own."""
    lineage = Lineage("a.test", KeyType.ECDSA, ("a.test",))
    made = [parse(mint("a.test", serial=n).pem, name="a.test", path="") for n in (1, 2)]
    facts = Facts("ca", "https://ca/", None, None, NOON)
    store.save(lineage, made[0], facts)
    assert store.held(lineage) == Held(made[0].leaf, facts)
    store.save(lineage, made[1], None)
    assert store.held(lineage) == Held(made[1].leaf, None)


def test_facts_are_there_before_their_certificate(store: Store, host: FakeHost) -> None:
    """Who finds the one finds the other, wherever a run was killed."""
    bundle = parse(mint("a.test").pem, name="a.test", path="")
    facts = Facts("ca", "https://ca/", None, None, NOON)
    store.save(Lineage("a.test", KeyType.ECDSA, ("a.test",)), bundle, facts)
    assert [path.rpartition(".")[2] for path in host.files.writes] == ["json", "pem"]


def test_a_certificate_keeps_its_facts_until_it_is_replaced(store: Store, host: FakeHost) -> None:
    """Killed between the facts of a new one and the new one itself: the old one's are still there.

    Without them its CA would not be asked any more when it wants it renewed.
    """
    lineage = Lineage("a.test", KeyType.ECDSA, ("a.test",))
    made = [parse(mint("a.test", serial=n).pem, name="a.test", path="") for n in (1, 2, 3)]
    facts = [Facts(f"ca{n}", "https://ca/", None, None, NOON) for n in (1, 2, 3)]
    for bundle, known in zip(made[:2], facts):
        store.save(lineage, bundle, known)
    first_pem = made[1].render().encode()
    store.save(lineage, made[2], facts[2])
    assert store.held(lineage) == Held(made[2].leaf, facts[2])
    host.files.write(store.certificate_path(lineage), first_pem)
    assert store.held(lineage) == Held(made[1].leaf, facts[1])


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"a": 1}', b'{"a": {}}', DEEP], ids=repr_of
)
def test_a_broken_cache_is_empty(store: Store, host: FakeHost, content: bytes) -> None:
    """The CA is asked again."""
    host.files.write(f"{HOME}/renewal-info.json", content)
    assert store.windows() == {}


def test_windows_are_kept(store: Store) -> None:
    """What is written is what is read."""
    windows = {"x.y": Window(NOON, NOON, NOON, "why")}
    store.save_windows(windows)
    assert store.windows() == windows
