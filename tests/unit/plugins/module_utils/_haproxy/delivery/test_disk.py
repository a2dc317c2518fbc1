# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of bundles."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.disk import (
    Manifest,
    digest_of,
    has_right_mode,
    parse_manifest,
    read_held,
    render_manifest,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    NAME as BUNDLE_NAME,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import file_name
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fakes import NOON, FakeHost
from hypothesis import given
from hypothesis import strategies as st
from minted import mint

NAMES = st.from_regex(BUNDLE_NAME, fullmatch=True).map(lambda name: file_name(name, KeyType.ECDSA))


@given(st.dictionaries(NAMES, st.text()))
def test_rendering_the_manifest_is_undone_by_parsing(files: dict[str, str]) -> None:
    """Whatever names bundles may have."""
    manifest = Manifest(files)
    assert parse_manifest(render_manifest(manifest).encode()) == manifest


@pytest.mark.parametrize(
    "content",
    [
        *(None, b"", b"{", b"[]", b'{"files": 1}', b"\xff", b'{"files": {"../x": "y"}}'),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_a_damaged_manifest_claims_nothing(content: bytes | None) -> None:
    """So nothing gets removed because of it."""
    assert parse_manifest(content) == Manifest()


@pytest.mark.parametrize(
    "name",
    ["../a.pem", "/a.pem", "a/b.pem", "..", ".", "", ".crt-list.txt", ".a.pem", "a", "a.pem\n"],
)
def test_a_manifest_claims_bundles_only(name: str) -> None:
    """It is in a folder of another user, and root removes what it claims."""
    content = render_manifest(Manifest({name: "x", "a.test.rsa.pem": "y"})).encode()
    assert parse_manifest(content) == Manifest({"a.test.rsa.pem": "y"})


def test_a_file_that_is_not_there_is_not_held() -> None:
    """Nothing to read."""
    assert read_held(FakeHost().files, "/ssl/a.pem", Manifest(), NOON) is None


def test_a_file_of_ours_is_read_without_judging_it() -> None:
    """It was judged when it was written: even a wrong key is not looked at again."""
    host = FakeHost()
    content = mint("b.test").key + mint("a.test").chain[0]
    host.files.write("/ssl/a.pem", content.encode())
    held = read_held(host.files, "/ssl/a.pem", Manifest({"a.pem": digest_of(content)}), NOON)
    assert held is not None
    assert held.is_ours
    assert held.is_untouched
    assert held.leaf is not None
    assert held.leaf.fingerprint == mint("a.test").fingerprint


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (mint("b.test").key + mint("a.test").chain[0], "the key does not match"),
        ("nonsense", "holds 0 private keys"),
    ],
    ids=["wrong key", "nonsense"],
)
def test_a_file_that_somebody_changed_is_judged(content: str, fault: str) -> None:
    """Ours by name, not by content."""
    host = FakeHost()
    host.files.write("/ssl/a.pem", content.encode())
    held = read_held(host.files, "/ssl/a.pem", Manifest({"a.pem": digest_of("else")}), NOON)
    assert held is not None
    assert held.is_ours
    assert not held.is_untouched
    assert held.leaf is None
    assert fault in held.fault


def test_bytes_that_are_no_text_survive() -> None:
    """To be written back as they were."""
    host = FakeHost()
    host.files.write("/ssl/a.pem", b"\xff\xfe")
    held = read_held(host.files, "/ssl/a.pem", Manifest(), NOON)
    assert held is not None
    assert held.content.encode(errors="surrogateescape") == b"\xff\xfe"
    assert not held.is_ours


@pytest.mark.parametrize(("mode", "right"), [(0o600, True), (0o644, False), (0o400, False)])
def test_only_root_may_read(mode: int, right: bool) -> None:
    """0600."""
    host = FakeHost()
    host.files.write("/ssl/a.pem", mint("a.test").pem.encode(), mode=mode)
    held = read_held(host.files, "/ssl/a.pem", Manifest(), NOON)
    assert held is not None
    assert has_right_mode(held) is right
