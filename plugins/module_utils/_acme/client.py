# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CAs ready to be asked: session, directory and account together, opened once in a run."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Union

from .._core.errors import EdgeError
from .account import AccountAtCa, Accounts, Registration
from .answer import Answer
from .authority import Authority
from .directory import Directory, fetch_directory
from .problems import AcmeRefused, NoAccount
from .transport import Session, Signer
from .waiting import Budget

if TYPE_CHECKING:
    import requests


class Client:
    """One CA and our account there; shared by threads."""

    def __init__(self, at: AccountAtCa, accounts: Accounts) -> None:
        self._at = at
        self._accounts = accounts
        self._lock = threading.Lock()
        self._signer: Signer | None = None

    @property
    def authority(self) -> Authority:
        """The CA."""
        return self._at.authority

    @property
    def directory(self) -> Directory:
        """What it offers."""
        return self._at.directory

    @property
    def budget(self) -> Budget:
        """The time that is left."""
        return self._at.session.budget

    def get(self, url: str) -> Answer:
        """An unsigned GET."""
        return self._at.session.get(url)

    def post(
        self, url: str, payload: Mapping[str, Any] | None = None, *, is_repeatable: bool = True
    ) -> Answer:
        """A POST in the name of the account; POST-as-GET without a payload.

        An account that the CA has lost is registered again, once: whoever registered it agreed to
        the terms then.
        """
        signer = self._sign_in()
        try:
            return self._at.session.post(signer, url, payload, is_repeatable=is_repeatable)
        except AcmeRefused as refused:
            if refused.problem.code != "accountDoesNotExist":
                raise
        signer = self._register_again(signer)
        return self._at.session.post(signer, url, payload, is_repeatable=is_repeatable)

    def _sign_in(self) -> Signer:
        with self._lock:
            if self._signer is None:
                registration = self._registration()
                key = self._accounts.key_of(registration)
                self._signer = self._at.signer(key, registration.url)
            return self._signer

    def _register_again(self, stale: Signer) -> Signer:
        with self._lock:
            if self._signer is stale:
                found = self._at.register(stale.key, self._registration().contact)
                self._accounts.save(self.authority.directory, found)
                self._signer = self._at.signer(stale.key, found.url)
            return self._signer or stale

    def _registration(self) -> Registration:
        found = self._accounts.registrations().get(self.authority.directory)
        if found is None:
            raise NoAccount(self.authority.name)
        return found


Opened = Union[Client, EdgeError]


@dataclass
class Desk:
    """The CAs of a run; each is opened when first needed, and a failure to do so is remembered.

    ``open_http``: makes the connections; takes how many are used at the same time.
    """

    accounts: Accounts
    budget: Budget
    open_http: Callable[[int], requests.Session]
    workers: int = 8
    _opened: dict[str, Opened] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, authority: Authority) -> Client:
        """The client of a CA.

        Raises: `EdgeError` why there is none, the same one each time.
        """
        with self._lock:
            if authority.directory not in self._opened:
                self._opened[authority.directory] = self._open(authority)
            opened = self._opened[authority.directory]
        if isinstance(opened, EdgeError):
            raise opened
        return opened

    def _open(self, authority: Authority) -> Opened:
        session = Session(authority, self.budget, self.open_http(self.workers))
        try:
            return Client(AccountAtCa(session, fetch_directory(session)), self.accounts)
        except EdgeError as error:
            return error
