# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else put on the host: read as it is, told apart from ours."""

from __future__ import annotations

import json

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._pki.existing import read_existing
from fakes import FakeClock, FakeFiles
from minted import mint

A = mint("a.test")
SSL, LIVE = "/etc/haproxy/ssl", "/etc/letsencrypt/live"


def test_combined_files_and_lineages_are_read() -> None:
    """Each with its path; of a lineage also the CA that certbot noted."""
    files = FakeFiles(FakeClock())
    files.write(f"{SSL}/a.pem", A.pem.encode())
    files.write(f"{LIVE}/a.test/privkey.pem", A.key.encode())
    files.write(f"{LIVE}/a.test/fullchain.pem", "".join(A.chain).encode())
    files.write("/etc/letsencrypt/renewal/a.test.conf", b"server = https://ca.test/dir\n")
    lineage, combined = read_existing(files, [LIVE, SSL])
    assert (lineage.path, lineage.directory) == (f"{LIVE}/a.test", "https://ca.test/dir")
    assert (combined.path, combined.stem, combined.directory) == (f"{SSL}/a.pem", "a", "")
    for one in (lineage, combined):
        assert one.bundle is not None
        assert one.bundle.leaf.fingerprint == A.fingerprint


def test_ours_and_hidden_files_are_passed_over() -> None:
    """The manifest tells which are ours."""
    files = FakeFiles(FakeClock())
    files.write(f"{SSL}/a.test.ecdsa.pem", A.pem.encode())
    files.write(
        f"{SSL}/.hitless-edge.json", json.dumps({"files": {"a.test.ecdsa.pem": ""}}).encode()
    )
    assert read_existing(files, [SSL, "/no/such/folder"]) == ()


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000], ids=len)
def test_a_damaged_manifest_tells_nothing(content: bytes) -> None:
    """All is read then as if somebody else had put it there."""
    files = FakeFiles(FakeClock())
    files.write(f"{SSL}/a.test.ecdsa.pem", A.pem.encode())
    files.write(f"{SSL}/.hitless-edge.json", content)
    assert len(read_existing(files, [SSL])) == 1


def test_what_cannot_be_used_says_why() -> None:
    """It is not passed over in silence."""
    files = FakeFiles(FakeClock())
    files.write(f"{SSL}/half.pem", "".join(A.chain).encode())
    (found,) = read_existing(files, [SSL])
    assert found.bundle is None
    assert "holds 0 private keys" in found.fault
