# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module certificate_store."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.modules import certificate_store
from fakes import FakeHost
from minted import mint

HOME = "/home"
A, B = mint("a.test"), mint("b.test")


def issuer() -> FakeHost:
    """A host with two certificates."""
    host = FakeHost()
    for name, made in [("a.test", A), ("b.test", B)]:
        host.files.write(f"{HOME}/certificates/{name}/ecdsa.pem", made.pem.encode())
    return host


def test_only_what_is_asked_for_comes_with_its_key() -> None:
    """All are listed; a pair that is not there is passed over."""
    contents = {("b.test", KeyType.ECDSA), ("c.test", KeyType.ECDSA)}
    change = certificate_store.ensure(issuer().ports, HOME, contents)
    first, second = change.result["bundles"]
    assert (first["name"], first["fingerprint"]) == ("a.test", A.fingerprint)
    assert "pem" not in first
    assert second["pem"] == B.pem


def test_reading_changes_nothing() -> None:
    """Neither files nor `changed`."""
    host = issuer()
    before = list(host.files.writes)
    assert not certificate_store.ensure(host.ports, HOME, ()).is_needed
    assert host.files.writes == before


def test_a_damaged_file_is_a_warning() -> None:
    """The others are listed."""
    host = issuer()
    host.files.write(f"{HOME}/certificates/a.test/ecdsa.pem", b"")
    change = certificate_store.ensure(host.ports, HOME, ())
    assert [one["name"] for one in change.result["bundles"]] == ["b.test"]
    assert "a.test/ecdsa.pem: holds no certificate" in change.warnings[0]


def test_an_empty_issuer_has_none() -> None:
    """No folder yet."""
    assert certificate_store.ensure(FakeHost().ports, HOME, ()).result == {"bundles": []}
