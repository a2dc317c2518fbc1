# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts as certbot keeps them: ``accounts/HOST/PATH/ID/{private_key,regr,meta}.json``.

An account is its key and its URL at a CA; the folder follows from them, so it can be written on
every issuer. Source: certbot 5.8 `_internal/account.py`; the same in 2.1 and 4.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from .._core.errors import Fault, InvalidInput
from .._core.ports import Files
from .jwk import AccountJwk, parse_jwk

READ_ONLY = 0o400


@dataclass(frozen=True)
class CertbotAccount:
    """An account at one CA. ``created``: when, as certbot writes it; the order of its choice."""

    key: AccountJwk
    url: str
    created: str = ""


@dataclass(frozen=True)
class AccountFolder:
    """The accounts below certbot's folder."""

    files: Files
    config: str

    def find(self, directory: str) -> CertbotAccount | None:
        """The account at a CA; the oldest where there are several, so that all runs agree."""
        found = sorted(self._accounts(directory), key=lambda one: (one.created, one.key.certbot_id))
        return found[0] if found else None

    def find_key(self, directory: str, thumbprint: str) -> CertbotAccount | None:
        """The account with this key."""
        found = self._accounts(directory)
        return next((one for one in found if one.key.thumbprint == thumbprint), None)

    def write(self, directory: str, account: CertbotAccount, *, host: str, now: datetime) -> None:
        """Make it an account of certbot's on this host; the key comes last, as it completes it."""
        folder = self.config
        if self.files.mode(folder) is None:
            self.files.make_directory(folder, mode=0o755)  # as certbot makes it
        for part in ("accounts", *_server_path(directory).split("/"), account.key.certbot_id):
            folder = f"{folder}/{part}"
            self._make_folder(folder)
        created = account.created or now.strftime("%Y-%m-%dT%H:%M:%SZ")
        documents = {
            "meta.json": json.dumps({"creation_dt": created, "creation_host": host}),
            "regr.json": json.dumps({"body": {}, "uri": account.url}),
            "private_key.json": account.key.text,
        }
        for name, text in documents.items():
            mode = READ_ONLY if name == "private_key.json" else 0o644
            self.files.write(f"{folder}/{name}", text.encode(), mode=mode)

    def _accounts(self, directory: str) -> Iterator[CertbotAccount]:
        server = f"{self.config}/accounts/{_server_path(directory)}"
        for name in self.files.names(server):
            account = self._read(f"{server}/{name}")
            if account is not None:
                yield account

    def _read(self, folder: str) -> CertbotAccount | None:
        """What a folder holds; none if certbot could not use it either."""
        raw = self.files.read(f"{folder}/private_key.json")
        url = _text(self.files.read(f"{folder}/regr.json"), "uri")
        if raw is None or not url:
            return None
        try:
            key = parse_jwk(raw.decode(errors="replace"), f"{folder}/private_key.json")
        except InvalidInput:
            return None
        return CertbotAccount(
            key, url, _text(self.files.read(f"{folder}/meta.json"), "creation_dt")
        )

    def _make_folder(self, path: str) -> None:
        if self.files.mode(path) is None:
            self.files.make_directory(path)


@dataclass(frozen=True)
class KeptKey:
    """The account's key in the issuer's home, from where standbys get it."""

    files: Files
    home: str

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{self.home}/account/certbot-key.json"

    def read(self) -> AccountJwk | None:
        """The key, ``None`` if there is none.

        Raises: `InvalidInput` if the file is no key: nobody should go on as if there were none.
        """
        raw = self.files.read(self.path)
        return None if raw is None else parse_jwk(raw.decode(errors="replace"), self.path)

    def write(self, key: AccountJwk) -> None:
        """Keep it."""
        for folder in (self.home, f"{self.home}/account"):
            if self.files.mode(folder) is None:
                self.files.make_directory(folder)
        self.files.write(self.path, key.text.encode())

    def pinned(self, thumbprint: str) -> AccountJwk:
        """The key that must be the one with this thumbprint.

        Raises: `InvalidInput` if it is not there, or another one.
        """
        key = self.read()
        if key is None:
            remedy = "the first issuer sends it with its next push"
            raise InvalidInput([Fault(self.path, "is not there yet", remedy)])
        if key.thumbprint != thumbprint:
            raise InvalidInput(
                [
                    Fault(
                        self.path,
                        f"is another key ({key.thumbprint}) than the one of settings.json",
                        "run hitless.edge.site",
                    )
                ]
            )
        return key


def _server_path(directory: str) -> str:
    """A CA's directory as certbot names it in paths."""
    parts = urlsplit(directory)
    return (parts.netloc + parts.path).strip("/")


def _text(raw: bytes | None, member: str) -> str:
    try:
        document = json.loads(raw or b"")
    except (ValueError, RecursionError):
        return ""
    value = document.get(member) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""
