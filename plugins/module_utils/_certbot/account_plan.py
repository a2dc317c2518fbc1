# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that certbot uses, and the change that makes it so.

An account of certbot's that is there is used, whoever made it. Else the key is made here and
registered by our own client, as certbot can register no key that exists: so the thumbprint is known
before any CA is asked, and one key serves the CA, its staging directory (where `certbot renew
--dry-run` goes) and every issuer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._acme.account import AccountAtCa
from .._acme.authority import Authority, parse_authorities
from .._acme.directory import fetch_directory
from .._acme.transport import AccountKey, Session, open_http
from .._acme.waiting import Budget
from .._core.change import Change
from .._core.errors import EdgeError, Refused
from .._core.ports import Ports
from .._core.reader import Reader
from .._pki.keys import KeyType, generate_key
from .account import AccountFolder, CertbotAccount, KeptKey
from .jwk import AccountJwk, parse_jwk
from .lineages import CONFIG

if TYPE_CHECKING:
    import requests

BUDGET_SECONDS = 120


@dataclass(frozen=True)
class CertbotAccountWish:
    """What a user wishes. ``host``: its name in what certbot notes of an account."""

    home: str
    config: str
    authority: Authority
    contact: tuple[str, ...] = ()
    terms_agreed: bool = False
    host: str = "localhost"


def parse_certbot_account_wish(reader: Reader) -> CertbotAccountWish:
    """A wish out of the options of the module."""
    authorities = parse_authorities(reader["authorities"])
    if not authorities:
        reader["authorities"].fault("there is no CA", "list one")
        authorities = (Authority("placeholder", "https://localhost/"),)
    return CertbotAccountWish(
        home=reader["home"].text(),
        config=reader["config"].text(CONFIG),
        authority=authorities[0],
        contact=tuple(item.text() for item in reader["contact"].items()),
        terms_agreed=reader["terms_agreed"].boolean(False),
        host=reader["host"].text("localhost"),
    )


class CertbotAccountPlan:
    """What is there, and how to get to what shall be."""

    def __init__(
        self, ports: Ports, wish: CertbotAccountWish, opener: Callable[[int], requests.Session]
    ) -> None:
        self._ports = ports
        self._wish = wish
        self._opener = opener
        self._folder = AccountFolder(ports.files, wish.config)
        self._kept = KeptKey(ports.files, wish.home)
        self._account = self._folder.find(wish.authority.directory)
        kept = self._kept.read()
        self._key = self._account.key if self._account else kept
        self._is_kept = kept is not None and kept == self._key

    def change(self) -> Change:
        """The change, after the refusal that needs no CA.

        Raises: `Refused` if an account is needed and the terms are not agreed to.
        """
        directories = self._missing(self._key)
        if directories and not self._wish.terms_agreed:
            raise Refused(
                f"an account is needed at {', '.join(directories)}; read the terms of service that "
                "the directory of the CA names, and set terms_agreed if you agree"
            )
        return Change(
            before={"certbot's account": self._shown(is_done=False)} if self._key else {},
            after={"certbot's account": self._shown(is_done=True)},
            result=self._result(self._account, self._key),
            apply=self._apply,
        )

    @property
    def _directories(self) -> tuple[str, ...]:
        wanted = (self._wish.authority.directory, self._wish.authority.staging)
        return tuple(directory for directory in wanted if directory)

    def _missing(self, key: AccountJwk | None) -> tuple[str, ...]:
        """The directories at which the key has no account that certbot knows."""
        if key is None:
            return self._directories
        find = self._folder.find_key
        return tuple(one for one in self._directories if find(one, key.thumbprint) is None)

    def _shown(self, *, is_done: bool) -> Mapping[str, Any]:
        missing = () if is_done else self._missing(self._key)
        return {
            "thumbprint": self._key.thumbprint if self._key else "a new one",
            "directories": [one for one in self._directories if one not in missing],
            "kept for standbys": is_done or self._is_kept,
        }

    def _apply(self) -> Mapping[str, Any]:
        key = self._key or self._make_key()
        if not self._is_kept:
            self._kept.write(key)  # first: a key that a CA knows must never be lost
        missing, failures = self._missing(key), []
        for directory in missing:
            try:
                self._register(directory, key)
            except EdgeError as error:
                failures.append(f"no account for certbot at {directory}: {error}")
        account = self._folder.find_key(self._wish.authority.directory, key.thumbprint)
        changed = not self._is_kept or len(failures) < len(missing)
        return {**self._result(account, key), "changed": changed, "warnings": failures}

    def _make_key(self) -> AccountJwk:
        # RSA, as certbot makes it: its older versions sign with nothing else.
        pem = generate_key(KeyType.RSA)
        return parse_jwk(json.dumps(AccountKey(pem.encode()).private), "a new key")

    def _register(self, directory: str, key: AccountJwk) -> None:
        budget = Budget.of(self._ports.clock, BUDGET_SECONDS)
        session = Session(
            replace(self._wish.authority, directory=directory), budget, self._opener(1)
        )
        at_ca = AccountAtCa(session, fetch_directory(session))
        found = at_ca.register(AccountKey(key.pem.encode()), self._wish.contact)
        account = CertbotAccount(key, found.url)
        now = self._ports.clock.now()
        self._folder.write(directory, account, host=self._wish.host, now=now)

    def _result(self, account: CertbotAccount | None, key: AccountJwk | None) -> Mapping[str, Any]:
        return {
            "thumbprint": key.thumbprint if key else None,
            "account": account.url if account else None,
            "account_id": key.certbot_id if key else None,
            "directory": self._wish.authority.directory,
        }


def plan_certbot_account(
    ports: Ports,
    wish: CertbotAccountWish,
    opener: Callable[[int], requests.Session] = open_http,
) -> Change:
    """The change that gives certbot its account."""
    return CertbotAccountPlan(ports, wish, opener).change()
