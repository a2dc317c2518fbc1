# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registrations and keys on disk."""

from __future__ import annotations

import threading

import pytest
from acme_issuer import HOME
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import (
    Accounts,
    Registration,
    contact_url,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput, Refused
from fakes import FakeHost


@pytest.mark.parametrize(
    ("address", "url"),
    [("a@b.c", "mailto:a@b.c"), ("mailto:a@b.c", "mailto:a@b.c"), ("tel:+1", "tel:+1")],
)
def test_contacts_are_urls(address: str, url: str) -> None:
    """A mail address is written as people write it."""
    assert contact_url(address) == url


def test_registrations_of_many_threads_are_all_kept(host: FakeHost) -> None:
    """Two CAs that register at the same time lose nothing."""
    accounts = Accounts(host.files, HOME)
    threads = [
        threading.Thread(
            target=accounts.save, args=(f"https://{n}/", Registration("u", ("c",), "t", ("i",)))
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accounts.registrations()) == 20
    assert accounts.registrations()["https://3/"] == Registration("u", ("c",), "t", ("i",))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b"[" * 100_000], ids=len)
def test_broken_registrations_are_a_fault(host: FakeHost, content: bytes) -> None:
    """With what to do about them."""
    host.files.write(f"{HOME}/account/registrations.json", content)
    with pytest.raises(InvalidInput, match="cannot be read"):
        Accounts(host.files, HOME).registrations()


def test_the_next_key_keeps_the_one_before(host: FakeHost) -> None:
    """Each registration finds the key that its CA knows, until the old one is forgotten."""
    accounts = Accounts(host.files, HOME)
    old, new = accounts.make_key(), accounts.make_key()
    assert old.thumbprint != new.thumbprint
    for key in (old, new):
        registration = Registration("u", (), key.thumbprint)
        assert accounts.key_of(registration).thumbprint == key.thumbprint
    accounts.forget_previous_key()
    with pytest.raises(Refused, match="restore that key"):
        accounts.key_of(Registration("u", (), old.thumbprint))


def test_a_ca_without_identities_gets_no_record() -> None:
    """There is nothing to advise."""
    assert Registration("u", (), "t").caa_records() == ()
