# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of an issuer's bundles."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._pki.stored import (
    parse_contents,
    read_store,
)
from fakes import FakeHost
from minted import mint


def test_names_and_key_types_come_from_the_paths() -> None:
    """A wildcard's folder is named without the asterisk; orders and facts are no bundles."""
    host = FakeHost()
    for path in ("a.test/ecdsa.pem", "_.b.test/rsa.pem"):
        host.files.write(f"/home/certificates/{path}", mint("a.test").pem.encode())
    host.files.write("/home/certificates/a.test/ecdsa.json", b"{}")
    host.files.write("/home/orders/c.test/ecdsa.key", b"x")
    stored, faults = read_store(host.files, "/home")
    assert {(one.name, one.key_type) for one in stored} == {
        ("a.test", KeyType.ECDSA),
        ("*.b.test", KeyType.RSA),
    }
    assert faults == ()


def test_a_damaged_bundle_is_told_and_the_others_are_listed() -> None:
    """A fault with its path."""
    host = FakeHost()
    host.files.write("/home/certificates/a.test/ecdsa.pem", b"nonsense")
    host.files.write("/home/certificates/b.test/ecdsa.pem", mint("b.test").pem.encode())
    stored, faults = read_store(host.files, "/home")
    assert [one.name for one in stored] == ["b.test"]
    assert faults == ("/home/certificates/a.test/ecdsa.pem: holds no certificate",)


def test_the_key_is_shown_only_when_asked_for() -> None:
    """Neither in the facts nor in the representation."""
    host = FakeHost()
    host.files.write("/home/certificates/a.test/ecdsa.pem", mint("a.test").pem.encode())
    ((stored,), _faults) = read_store(host.files, "/home")
    assert stored.shown(with_pem=True)["pem"] == mint("a.test").pem
    assert "PRIVATE" not in str(stored.shown(with_pem=False))
    assert "PRIVATE" not in repr(stored)


def test_pairs_are_read() -> None:
    """As `lacking` of certificate_bundles gives them."""
    pairs = parse([["a.test", "ecdsa"], ["a.test", "rsa"]], "contents", parse_contents)
    assert set(pairs) == {("a.test", KeyType.ECDSA), ("a.test", KeyType.RSA)}


@pytest.mark.parametrize(
    ("value", "path"),
    [([["a.test"]], "contents[0]"), ([["a.test", "dsa"]], "contents[0][1]")],
    ids=["no pair", "unknown key type"],
)
def test_what_is_no_pair_is_named(value: object, path: str) -> None:
    """With its place."""
    with pytest.raises(InvalidInput) as caught:
        parse(value, "contents", parse_contents)
    assert [fault.path for fault in caught.value.faults] == [path]
