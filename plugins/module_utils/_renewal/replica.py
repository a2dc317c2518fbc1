# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an issuer keeps of what it received, so that it can go on where another one ended.

The certificates themselves, facts of them that count, and a line in a ledger of its own for each
that a CA gave: whoever ordered it, it was spent from the same account's limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .._acme.account import Accounts
from .._acme.ari import certificate_id
from .._acme.due import SELF_SIGNED, Facts, Held
from .._acme.ledger import Entry, Outcome, read_entries
from .._acme.store import Store
from .._acme.wish import Source, Wished
from .._core.errors import InvalidInput
from .._core.ports import Files, Ports
from .._pki.bundle import Bundle
from .._pki.x509 import Certificate
from .settings import Settings

LOCK_SECONDS = 10.0
"""Each holds it for a few writes."""


@dataclass(frozen=True)
class Replica:
    """The store of an issuer, as others fill it.

    Two may do that at once, and only one of them holds the store's lock: `receive` does, certbot's
    hook cannot. So what is written here has a lock of its own, held for just that.
    """

    ports: Ports
    settings: Settings

    def keep(self, wished: Wished, bundle: Bundle, told: Facts | None) -> None:
        """Make an accepted bundle the one of its lineage. ``told``: by the sender.

        The line comes first: a kill in between leaves one too many, which is harmless, and the
        next push finds the bundle still lacking.
        Raises: `Busy` if another one is at it for longer than it takes.
        """
        facts = self.facts(wished, bundle.leaf, told)
        self._store.prepare()
        path = f"{self.settings.home}/replica.lock"
        with self.ports.files.lock(path, timeout_seconds=LOCK_SECONDS):
            if facts is not None and wished.source is not Source.SELF_SIGNED:
                self._note(wished, bundle.leaf, facts)
            self._store.save(wished.lineage, bundle, facts)

    def facts(self, wished: Wished, leaf: Certificate, told: Facts | None) -> Facts | None:
        """What counts of what was told.

        Only of a listed CA, and only what is wished here: else a lie could have an issuer believe
        that a certificate differs from the wish, and order a new one.
        """
        lineage, now = wished.lineage, self.ports.clock.now()
        same = (SELF_SIGNED, SELF_SIGNED, lineage.profile, lineage.preferred_chain)
        if wished.source is Source.SELF_SIGNED:
            return Facts(*same, leaf.not_before)
        if told is None or told.directory not in self.settings.directories:
            return None
        if (told.profile, told.preferred_chain) != (lineage.profile, lineage.preferred_chain):
            return None
        authority = self.settings.authority(told.directory)
        return Facts(
            authority=authority.name if authority else "certbot",
            directory=told.directory,
            profile=lineage.profile,
            preferred_chain=lineage.preferred_chain,
            issued_at=max(leaf.not_before, min(told.issued_at, now)),
        )

    @property
    def _store(self) -> Store:
        return Store(self.ports.files, self.settings.home)

    def _note(self, wished: Wished, leaf: Certificate, facts: Facts) -> None:
        files, path, now = self.ports.files, self._store.received_path, self.ports.clock.now()
        known = read_entries(files, path, now)
        if any(entry.url == leaf.fingerprint for entry in known):
            return
        replaced = self._store.held(wished.lineage)
        entry = Entry(
            time=facts.issued_at,
            directory=facts.directory,
            names=tuple(sorted(set(leaf.names))),
            outcome=Outcome.ISSUED,
            is_exempt=self._was_exempt(replaced, leaf, facts),
            url=leaf.fingerprint,
        )
        lines = "".join(f"{one.to_line()}\n" for one in (*known, entry))
        files.write(path, lines.encode())

    def _was_exempt(self, replaced: Held | None, leaf: Certificate, facts: Facts) -> bool:
        """Whether it was ordered inside the window that its CA gave for the one before.

        By the same rule as orders are: outside the CA's limits then, and not counted.
        """
        if replaced is None or replaced.facts is None:
            return False
        if replaced.facts.directory != facts.directory or not set(replaced.leaf.names) & set(
            leaf.names
        ):
            return False
        name = certificate_id(replaced.leaf)
        window = self._store.windows().get(name) if name is not None else None
        return window is not None and _was_open(window.start, facts.issued_at, window.end)


def _was_open(start: datetime | None, moment: datetime, end: datetime | None) -> bool:
    return start is not None and end is not None and start <= moment <= end


def lay_registrations(files: Files, settings: Settings) -> None:
    """Bring the account's registrations to what the settings say, where its key is the pinned one.

    Where it is another, the play rolls the key over just now and knows better.
    """
    accounts, account = Accounts(files, settings.home), settings.account
    key = accounts.key()
    if account is None or key is None or key.thumbprint != account.thumbprint:
        return
    try:
        present = accounts.registrations()
    except InvalidInput:
        files.remove(f"{settings.home}/account/registrations.json")
        present = {}
    for directory, registration in account.registrations.items():
        if present.get(directory) != registration:
            accounts.save(directory, registration)
