# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of the fleet's accounts on an issuer: taken only if they are the pinned ones.

The pin is the thumbprint in the settings, which the play wrote; a sender can at most deliver the
key that is wished here anyway. Account URLs come from the settings as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._acme.account import Accounts
from .._acme.transport import AccountKey
from .._certbot.account import KeptKey
from .._certbot.jwk import parse_jwk
from .._core.errors import EdgeError, Fault, InvalidInput
from .._core.ports import Files
from .._pki.keys import public_spki
from .._pki.pem import PRIVATE_KEYS, parse_blocks, render_block
from .replica import lay_registrations
from .settings import Account, Certbot, Settings
from .wire import KeyState


@dataclass(frozen=True)
class AccountKeys:
    """Both accounts of an issuer."""

    files: Files
    settings: Settings

    def settle_own(self, offered: str | None) -> KeyState:
        """The key of our own client, and the registrations of those who have it."""
        account = self.settings.account
        if not self.settings.is_issuer or account is None:
            return KeyState.NOT_MINE
        state = self._own_state(account, offered)
        if state in (KeyState.HELD, KeyState.WRITTEN):
            lay_registrations(self.files, self.settings)
        return state

    def settle_certbots(self, offered: str | None) -> KeyState:
        """The key of certbot's account."""
        certbot = self.settings.certbot
        if not self.settings.is_issuer or certbot is None:
            return KeyState.NOT_MINE
        if self._holds_certbots(certbot):
            return KeyState.HELD
        if offered is None:
            return KeyState.WANTED
        try:
            key = parse_jwk(offered)
        except EdgeError:
            return KeyState.REFUSED
        if key.thumbprint != certbot.thumbprint:
            return KeyState.REFUSED
        self._kept.write(key)
        return KeyState.WRITTEN

    @property
    def _accounts(self) -> Accounts:
        return Accounts(self.files, self.settings.home)

    @property
    def _kept(self) -> KeptKey:
        return KeptKey(self.files, self.settings.home)

    def _own_state(self, account: Account, offered: str | None) -> KeyState:
        # A pinned key that is the previous one: the play rolls the key over on this host just now.
        if account.thumbprint in (
            _thumbprint(self.files.read(self._accounts.key_path)),
            _thumbprint(self.files.read(self._accounts.previous_key_path)),
        ):
            return KeyState.HELD
        if offered is None:
            return KeyState.WANTED
        try:
            pem = _tidy(offered)
        except EdgeError:
            return KeyState.REFUSED
        if _thumbprint(pem) != account.thumbprint:
            return KeyState.REFUSED
        self._make_folder()
        present = self.files.read(self._accounts.key_path)
        if _thumbprint(present) and present is not None:
            self.files.write(self._accounts.previous_key_path, present)
        self.files.write(self._accounts.key_path, pem)
        return KeyState.WRITTEN

    def _holds_certbots(self, certbot: Certbot) -> bool:
        try:
            self._kept.pinned(certbot.thumbprint)
        except EdgeError:
            return False
        return True

    def _make_folder(self) -> None:
        for path in (self.settings.home, f"{self.settings.home}/account"):
            if self.files.mode(path) is None:
                self.files.make_directory(path)


def _thumbprint(pem: bytes | None) -> str:
    """Of a key in PEM; empty if there is none, or none that can be read."""
    try:
        return "" if pem is None else AccountKey(pem).thumbprint
    except InvalidInput:
        return ""


def _tidy(offered: str) -> bytes:
    """The one key of a PEM text, and nothing else of it."""
    keys = [block for block in parse_blocks(offered, "account_key") if block.label in PRIVATE_KEYS]
    if len(keys) != 1:
        raise InvalidInput([Fault("account_key", f"holds {len(keys)} private keys, not one")])
    pem = render_block(keys[0])
    public_spki(pem, "account_key")
    return pem.encode()
