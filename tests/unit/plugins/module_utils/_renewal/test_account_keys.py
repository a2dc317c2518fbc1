# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of accounts: only the pinned ones."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import AccountKey
from ansible_collections.hitless.edge.plugins.module_utils._certbot.jwk import parse_jwk
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType, generate_key
from ansible_collections.hitless.edge.plugins.module_utils._renewal.account_keys import (
    AccountKeys,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import KeyState
from josepy import JWK
from receiving import DIRECTORY, HOME, Receiver

CERTBOT_KEY = "account/certbot-key.json"
PEM, OTHER = generate_key(KeyType.ECDSA), generate_key(KeyType.ECDSA)
PIN = AccountKey(PEM.encode()).thumbprint
REGISTRATION = {"url": "https://ca.test/1", "contact": [], "thumbprint": PIN}
ACCOUNT = {"thumbprint": PIN, "registrations": {DIRECTORY: REGISTRATION}}


@functools.cache
def jwk(pem: str) -> str:
    """As certbot stores it."""
    key = JWK.load(pem.encode())
    return json.dumps({"kty": "EC", **key.to_partial_json()})


CERTBOT = {
    "thumbprint": PIN,
    "account": "https://ca.test/2",
    "directory": DIRECTORY,
    "config": "/etc/letsencrypt",
    "command": "/opt/certbot/bin/certbot",
}


def issuer(**other: Any) -> Receiver:
    """One with both accounts in its settings."""
    return Receiver(**{"account": ACCOUNT, "certbot": CERTBOT, **other})


def settle(host: Receiver, own: str | None = None, certbots: str | None = None) -> list[KeyState]:
    """What becomes of both."""
    keys = AccountKeys(host.files, host.settings)
    return [keys.settle_own(own), keys.settle_certbots(certbots)]


def key_of(host: Receiver, path: str = "account/key.pem") -> str:
    """What is on disk."""
    return (host.files.read(f"{HOME}/{path}") or b"").decode()


def test_keys_are_wanted_written_and_held() -> None:
    """Each with what belongs to it, and readable by nobody else."""
    host = issuer()
    assert settle(host) == [KeyState.WANTED, KeyState.WANTED]
    assert settle(host, PEM, jwk(PEM)) == [KeyState.WRITTEN, KeyState.WRITTEN]
    assert (key_of(host), host.files.mode(f"{HOME}/account/key.pem")) == (PEM, 0o600)
    assert Accounts(host.files, HOME).registrations()[DIRECTORY].url == "https://ca.test/1"
    assert parse_jwk(key_of(host, CERTBOT_KEY)).thumbprint == PIN
    assert host.files.mode(f"{HOME}/{CERTBOT_KEY}") == 0o600
    assert settle(host, OTHER, jwk(OTHER)) == [KeyState.HELD, KeyState.HELD]
    assert key_of(host) == PEM


@pytest.mark.parametrize("text", [OTHER, "", "x", PEM + PEM, PEM.replace("M", "N", 1), "\0" * 99])
def test_another_key_is_refused(text: str) -> None:
    """It is not even written."""
    host = issuer()
    assert settle(host, text)[0] is KeyState.REFUSED
    assert key_of(host) == ""


@pytest.mark.parametrize(
    "text", [jwk(OTHER), "", "{}", "[" * 9999, jwk(PEM).replace('"d"', '"e"'), PEM]
)
def test_another_key_for_certbot_is_refused(text: str) -> None:
    """It is not even written."""
    host = issuer()
    assert settle(host, None, text)[1] is KeyState.REFUSED
    assert key_of(host, CERTBOT_KEY) == ""


def test_the_halves_of_a_key_belong_together() -> None:
    """Who knows only the public half of the pinned key cannot break a standby with it."""
    forged = {**json.loads(jwk(PEM)), "d": json.loads(jwk(OTHER))["d"]}
    assert settle(issuer(), None, json.dumps(forged))[1] is KeyState.REFUSED


def test_nothing_but_the_key_is_written() -> None:
    """Whatever stands around it."""
    host = issuer()
    noise = f"x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{PEM}\n\x1b[31m"
    assert settle(host, noise)[0] is KeyState.WRITTEN
    assert key_of(host) == PEM


@pytest.mark.parametrize(
    "other", [{"host": "balancer"}, {"account": None, "certbot": None}], ids=["role", "settings"]
)
def test_a_key_that_is_not_needed_is_not_taken(other: dict[str, Any]) -> None:
    """On a host that is no issuer, or where no such account is wished."""
    host = issuer(**other)
    assert settle(host, PEM, jwk(PEM)) == [KeyState.NOT_MINE, KeyState.NOT_MINE]
    assert key_of(host) == ""


def test_the_key_before_is_kept() -> None:
    """A CA may know only that one."""
    host = issuer()
    Accounts(host.files, HOME).make_key()
    before = key_of(host)
    assert settle(host, PEM)[0] is KeyState.WRITTEN
    assert key_of(host, "account/previous-key.pem") == before


def test_a_key_that_cannot_be_read_is_replaced() -> None:
    """And not kept."""
    host = issuer()
    host.files.write(f"{HOME}/account/key.pem", b"broken")
    host.files.write(f"{HOME}/{CERTBOT_KEY}", b"\xff")
    assert settle(host) == [KeyState.WANTED, KeyState.WANTED]
    assert settle(host, PEM, jwk(PEM)) == [KeyState.WRITTEN, KeyState.WRITTEN]
    assert key_of(host, "account/previous-key.pem") == ""


def test_a_rollover_under_way_is_not_undone() -> None:
    """The play made a new key here, and its settings come later."""
    host = issuer()
    settle(host, PEM)
    Accounts(host.files, HOME).make_key()
    rolled = key_of(host)
    assert settle(host, PEM)[0] is KeyState.HELD
    assert key_of(host) == rolled
