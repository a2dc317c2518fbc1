# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wished account, and the change that makes it so; no CA is asked to find that out.

Each CA is settled for itself: one that is dead or refuses us stops no other. That is a failure
only if no certificate can be ordered anywhere then, or if what was asked for is of use only as a
whole: a rollover, the end of accounts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Callable

from .._core.change import Change
from .._core.errors import EdgeError, Refused
from .._core.ports import Ports
from .._core.reader import Reader
from .account import AccountAtCa, Accounts, Registration
from .authority import Authority, parse_authorities
from .directory import fetch_directory
from .transport import AccountKey, Session, open_http
from .waiting import Budget

if TYPE_CHECKING:
    import requests

BUDGET_SECONDS = 120


class State(Enum):
    """Whether there shall be accounts at the CAs; the key stays either way."""

    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True)
class AccountWish:
    """What a user wishes. ``authorities``: may be empty, then there is just a key."""

    home: str
    authorities: tuple[Authority, ...]
    contact: tuple[str, ...] = ()
    terms_agreed: bool = False
    rollover: bool = False
    state: State = State.PRESENT


def parse_account_wish(reader: Reader) -> AccountWish:
    """A wish out of the options of the module."""
    return AccountWish(
        home=reader["home"].text(),
        authorities=parse_authorities(reader["authorities"]),
        contact=tuple(item.text() for item in reader["contact"].items()),
        terms_agreed=reader["terms_agreed"].boolean(False),
        rollover=reader["rollover"].boolean(False),
        state=reader["state"].choice(State, State.PRESENT),
    )


class AccountPlan:
    """What is there, what shall be, and how to get there."""

    def __init__(
        self, ports: Ports, wish: AccountWish, opener: Callable[[int], requests.Session]
    ) -> None:
        self._wish = wish
        self._accounts = Accounts(ports.files, wish.home)
        self._budget = Budget.of(ports.clock, BUDGET_SECONDS)
        self._opener = opener
        self._key = self._accounts.key()
        self._previous = self._accounts.previous_key()
        self._registrations = self._accounts.registrations()
        self._rolls_over = wish.rollover and self._key is not None and self._previous is None

    def change(self) -> Change:
        """The change, after the refusals that need no CA.

        Raises: `Refused` if an account is needed and the terms are not agreed to.
        """
        missing = [ca.name for ca in self._wish.authorities if ca.directory not in self._known]
        if missing and self._wish.state is State.PRESENT and not self._wish.terms_agreed:
            raise Refused(
                f"an account is needed at {', '.join(missing)}; read the terms of service that the "
                "directory of the CA names, and set terms_agreed if you agree"
            )
        return Change(
            before={"account": self._shown_before()} if self._key else {},
            after={"account": self._shown_after()},
            result=self._result(self._key, self._registrations),
            apply=self._apply,
        )

    @property
    def _known(self) -> Mapping[str, Registration]:
        return self._registrations

    def _shown_before(self) -> Mapping[str, Any]:
        accounts = {
            ca.name: self._show(self._known[ca.directory])
            for ca in self._wish.authorities
            if ca.directory in self._known
        }
        # Without CAs it is just about the key: a rollover is for the run that lists them to end.
        is_unfinished = self._previous is not None and len(self._wish.authorities) > 0
        rollover = {"rollover": "unfinished"} if is_unfinished else {}
        return {
            "thumbprint": self._key.thumbprint if self._key else None,
            "accounts": accounts,
        } | rollover

    def _shown_after(self) -> Mapping[str, Any]:
        stays = self._key is not None and not self._rolls_over
        thumbprint = self._key.thumbprint if self._key and stays else "a new one"
        accounts = {}
        if self._wish.state is State.PRESENT:
            shown = {"contact": list(self._wish.contact), "key": thumbprint}
            accounts = {ca.name: shown for ca in self._wish.authorities}
        return {"thumbprint": thumbprint, "accounts": accounts}

    def _show(self, registration: Registration) -> Mapping[str, Any]:
        return {"contact": list(registration.contact), "key": registration.thumbprint}

    def _apply(self) -> Mapping[str, Any]:
        key = self._key
        if key is None or self._rolls_over:
            key = self._accounts.make_key()
        failures = self._settle_all(key)
        registrations = self._accounts.registrations()
        if self._may_end_rollover(key, registrations):
            self._end_rollover(key)
        told = {
            **self._result(key, registrations),
            "changed": self._has_changed(key, registrations),
            "failures": failures,
        }
        kept = {account["ca"] for account in told["accounts"]}
        words = [_words(item, has_account=item["ca"] in kept) for item in failures]
        if failures and not self._is_enough(kept):
            raise Refused("not all CAs did as wished", "\n".join(words), **told)
        return {**told, "warnings": words}

    def _has_changed(self, key: AccountKey, registrations: Mapping[str, Registration]) -> bool:
        has_ended_rollover = self._previous is not None and self._accounts.previous_key() is None
        return key is not self._key or registrations != self._registrations or has_ended_rollover

    def _settle_all(self, key: AccountKey) -> list[dict[str, str]]:
        """Settle every CA; those that failed, with their words."""
        failures = []
        for authority in self._wish.authorities:
            try:
                self._settle(authority, key)
            except EdgeError as error:
                failures.append({"ca": authority.name, "error": str(error)})
        return failures

    def _is_enough(self, kept: Collection[str]) -> bool:
        """Whether a run in which some CAs failed has reached what it is for.

        ``kept``: the CAs that have an account.
        """
        return self._wish.state is State.PRESENT and not self._wish.rollover and len(kept) > 0

    def _may_end_rollover(self, key: AccountKey, registrations: Mapping[str, Registration]) -> bool:
        """Whether CAs are listed, and none of them knows just the key before."""
        if self._accounts.previous_key() is None or not self._wish.authorities:
            return False
        listed = (registrations.get(ca.directory) for ca in self._wish.authorities)
        return all(found is None or found.thumbprint == key.thumbprint for found in listed)

    def _settle(self, authority: Authority, key: AccountKey) -> None:
        """Bring the account at one CA to what is wished; saved at each step."""
        found = self._known.get(authority.directory)
        if self._wish.state is State.ABSENT:
            if found is not None:
                self._open(authority).deactivate(self._accounts.key_of(found), found)
                self._accounts.save(authority.directory, None)
            return
        if found is None:
            found = self._open(authority).register(key, self._wish.contact)
            self._accounts.save(authority.directory, found)
        if found.thumbprint != key.thumbprint:
            old = self._accounts.key_of(found)
            found = self._open(authority).roll_over(old, key, found)
            self._accounts.save(authority.directory, found)
        if found.contact != self._wish.contact:
            found = self._open(authority).update(key, found, self._wish.contact)
            self._accounts.save(authority.directory, found)

    def _end_rollover(self, key: AccountKey) -> None:
        """Accounts at CAs that are not listed any more stay with the old key: forget them."""
        for directory, registration in self._accounts.registrations().items():
            if registration.thumbprint != key.thumbprint:
                self._accounts.save(directory, None)
        self._accounts.forget_previous_key()

    def _open(self, authority: Authority) -> AccountAtCa:
        session = Session(authority, self._budget, self._opener(1))
        return AccountAtCa(session, fetch_directory(session))

    def _result(
        self, key: AccountKey | None, registrations: Mapping[str, Registration]
    ) -> Mapping[str, Any]:
        listed = [
            (authority, registrations[authority.directory])
            for authority in self._wish.authorities
            if authority.directory in registrations
        ]
        return {
            "thumbprint": key.thumbprint if key else None,
            "accounts": [
                {
                    "ca": authority.name,
                    "directory": authority.directory,
                    "url": registration.url,
                    "contact": list(registration.contact),
                    "caa": list(registration.caa_records()),
                }
                for authority, registration in listed
            ],
            "registrations": {url: kept.to_json() for url, kept in sorted(registrations.items())},
            "failures": [],
        }


def _words(failure: Mapping[str, str], *, has_account: bool) -> str:
    state = "the account at {ca} is not as wished" if has_account else "no account at {ca}"
    return f"{state.format(**failure)}: {failure['error']}"


def plan_account(
    ports: Ports,
    wish: AccountWish,
    opener: Callable[[int], requests.Session] = open_http,
) -> Change:
    """The change that makes key and accounts as wished."""
    return AccountPlan(ports, wish, opener).change()
