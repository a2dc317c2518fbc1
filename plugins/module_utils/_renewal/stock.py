# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an issuer has to give: the bundles of its store, and the keys of the accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .._acme.account import Accounts
from .._acme.store import Store
from .._acme.wish import Lineage, Source
from .._core.errors import EdgeError
from .._core.ports import Files
from .settings import Settings
from .wire import KeyState, Offer, Reply, Request

CERTBOT_KEY = "account/certbot-key.json"


@dataclass(frozen=True)
class Stock:
    """The store of this issuer, as other hosts are offered it."""

    files: Files
    settings: Settings

    @property
    def lineages(self) -> tuple[Lineage, ...]:
        """What goes from host to host: all but what the user provides to each by the play."""
        wished = self.settings.wished
        return tuple(one.lineage for one in wished if one.source is not Source.PROVIDED)

    def question(self) -> Request:
        """Asks a host what it lacks of all that is wished, and what it has that is not here."""
        return Request(
            sender=self.settings.host,
            bundles=tuple(self.offer(lineage) for lineage in self.lineages),
            account_thumbprint=self._thumbprint(),
        )

    def delivery(self, host: str, lineages: Iterable[Lineage], reply: Reply) -> Request:
        """Hands these over, and the keys that the reply asks for if the host is an issuer here.

        A host that is none gets no key, whatever it replies.
        """
        if host not in self.settings.issuers:
            reply = replace(reply, account=KeyState.HELD, certbot_account=KeyState.HELD)
        return Request(
            sender=self.settings.host,
            bundles=tuple(self._filled(lineage) for lineage in lineages),
            account_thumbprint=self._thumbprint(),
            account_key=self._account_key(reply),
            certbot_key=self._certbot_key(reply),
        )

    def offer(self, lineage: Lineage) -> Offer:
        """What is here of a lineage, without its content."""
        held = Store(self.files, self.settings.home).held(lineage)
        if held is None:
            return Offer(lineage.name, lineage.key_type, None, None)
        leaf = held.leaf
        kind = lineage.key_type
        return Offer(lineage.name, kind, leaf.fingerprint, leaf.not_before, held.facts)

    def _filled(self, lineage: Lineage) -> Offer:
        store = Store(self.files, self.settings.home)
        content = self.files.read(store.certificate_path(lineage)) or b""
        return replace(self.offer(lineage), pem=content.decode(errors="replace"))

    def _thumbprint(self) -> str | None:
        """Of the account key that is here, if it can be read; whoever orders is told if not."""
        try:
            key = Accounts(self.files, self.settings.home).key()
        except EdgeError:
            return None
        return key.thumbprint if key is not None else None

    def _account_key(self, reply: Reply) -> str | None:
        account = self.settings.account
        is_right = account is not None and self._thumbprint() == account.thumbprint
        if reply.account is not KeyState.WANTED or not is_right:
            return None
        return self._read(Accounts(self.files, self.settings.home).key_path)

    def _certbot_key(self, reply: Reply) -> str | None:
        if reply.certbot_account is not KeyState.WANTED:
            return None
        return self._read(f"{self.settings.home}/{CERTBOT_KEY}")

    def _read(self, path: str) -> str | None:
        content = self.files.read(path)
        return None if content is None else content.decode(errors="replace")
