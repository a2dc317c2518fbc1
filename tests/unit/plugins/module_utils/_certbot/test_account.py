# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's account folder, found and written; the key that goes to standbys."""

from __future__ import annotations

import json

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._certbot.account import (
    AccountFolder,
    CertbotAccount,
    KeptKey,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from fake_certbot import CONFIG, DIRECTORY, HOME, account_key, register
from fakes import NOON, FakeHost

KEY = account_key()
FOLDER = f"{CONFIG}/accounts/ca.test/dir/{KEY.certbot_id}"


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def folder(host: FakeHost) -> AccountFolder:
    return AccountFolder(host.files, CONFIG)


def test_what_is_written_is_what_is_found(host: FakeHost, folder: AccountFolder) -> None:
    """At its CA alone; as certbot has it, its key readable by root only."""
    assert folder.find(DIRECTORY) is None
    register(host)
    found = folder.find(DIRECTORY)
    assert found == CertbotAccount(KEY, f"{DIRECTORY}/account/1", "2026-11-22T12:00:00Z")
    assert folder.find_key(DIRECTORY, KEY.thumbprint) == found
    assert folder.find_key(DIRECTORY, "x" * 43) is None
    assert folder.find("https://ca.test/other") is None
    assert host.files.modes[f"{FOLDER}/private_key.json"] == 0o400
    assert (host.files.modes[CONFIG], host.files.modes[FOLDER]) == (0o755, 0o700)
    assert json.loads(host.files.content[f"{FOLDER}/regr.json"]) == {
        "body": {},
        "uri": f"{DIRECTORY}/account/1",
    }


def test_the_key_completes_an_account(host: FakeHost) -> None:
    """It is written last: a run killed before leaves nothing that certbot would take."""
    register(host)
    written = [path for path in host.files.writes if path.startswith(FOLDER)]
    assert written[-1] == f"{FOLDER}/private_key.json"


@pytest.mark.parametrize("name", ["private_key.json", "regr.json"])
@pytest.mark.parametrize("content", [b"", b"[]", b'{"uri": 5}', b"\xff", b"[" * 100_000], ids=len)
def test_an_incomplete_account_is_none(
    host: FakeHost, folder: AccountFolder, name: str, content: bytes
) -> None:
    """Certbot passes over it as well."""
    register(host)
    host.files.write(f"{FOLDER}/{name}", content)
    assert folder.find(DIRECTORY) is None


def test_the_oldest_of_several_is_used(host: FakeHost, folder: AccountFolder) -> None:
    """By every run the same."""
    register(host)
    for entry in ("private_key.json", "regr.json"):
        content = host.files.content[f"{FOLDER}/{entry}"]
        host.files.write(f"{CONFIG}/accounts/ca.test/dir/0000/{entry}", content)
    meta = b'{"creation_dt": "2026-11-22T12:00:01Z"}'
    host.files.write(f"{CONFIG}/accounts/ca.test/dir/0000/meta.json", meta)
    found = folder.find(DIRECTORY)
    assert found is not None
    assert found.created == "2026-11-22T12:00:00Z"


def test_a_kept_key_is_pinned(host: FakeHost) -> None:
    """Only the one that settings.json names is used; the words say what to do."""
    kept = KeptKey(host.files, HOME)
    with pytest.raises(InvalidInput, match="not there yet"):
        kept.pinned(KEY.thumbprint)
    kept.write(KEY)
    assert kept.pinned(KEY.thumbprint) == KEY
    assert host.files.modes[kept.path] == 0o600
    with pytest.raises(InvalidInput, match=r"another key .*; run hitless\.edge\.site"):
        kept.pinned("x" * 43)
    host.files.write(kept.path, b"{}")
    with pytest.raises(InvalidInput, match=kept.path):
        kept.read()


def test_the_time_of_an_account_is_kept(folder: AccountFolder) -> None:
    """Written again, on another host, it is as old as it was."""
    account = CertbotAccount(KEY, "https://ca.test/1", "2020-01-01T00:00:00Z")
    folder.write(DIRECTORY, account, host="lb2", now=NOON)
    assert folder.find(DIRECTORY) == account
