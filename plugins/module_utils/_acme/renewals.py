# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CAs want renewed when: asked at most as often as they allow, remembered in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from .._core.errors import EdgeError
from .ari import (
    DEFAULT_PAUSE,
    LONGEST_PAUSE,
    PAUSE_AFTER_FAILURE,
    Window,
    certificate_id,
    read_window,
)
from .authority import Authority
from .client import Desk
from .due import Held


@dataclass(frozen=True)
class Renewals:
    """Who to ask, and what is remembered: ARI name -> window."""

    desk: Desk
    authorities: tuple[Authority, ...]
    remembered: Mapping[str, Window]

    def consult(self, certificates: Iterable[Held], now: datetime) -> dict[str, Window]:
        """The windows of these certificates; what nobody holds any more is forgotten."""
        askable = {}
        for held in certificates:
            name, authority = certificate_id(held.leaf), self._authority(held)
            if name is not None and authority is not None:
                askable[name] = authority
        stale = [name for name in askable if not self._is_fresh(name, now)]
        known = {name: self.remembered[name] for name in askable if name in self.remembered}
        if not stale:
            return known
        with ThreadPoolExecutor(max_workers=self.desk.workers) as pool:
            asked = pool.map(lambda name: self._ask(askable[name], name, now), stale)
            return {**known, **dict(zip(stale, asked))}

    def _authority(self, held: Held) -> Authority | None:
        """Who is asked; of a certificate that came without facts the first CA: it may know it."""
        if held.facts is None:
            return next(iter(self.authorities), None)
        directory = held.facts.directory
        return next((ca for ca in self.authorities if ca.directory == directory), None)

    def _is_fresh(self, name: str, now: datetime) -> bool:
        """No pause is longer than the longest one: if this is, a clock was far ahead."""
        if name not in self.remembered:
            return False
        return now < self.remembered[name].next_check <= now + LONGEST_PAUSE

    def _ask(self, authority: Authority, name: str, now: datetime) -> Window:
        """What the CA says; what it said before if it does not answer now."""
        try:
            client = self.desk.client(authority)
            base = client.directory.renewal_info
            if base is None:
                return Window(now + DEFAULT_PAUSE)
            answered = client.get(f"{base.rstrip('/')}/{name}")
            return read_window(answered.document(), retry_at=answered.retry_at, now=now)
        except EdgeError:
            before = self.remembered.get(name, Window(now))
            return replace(before, next_check=now + PAUSE_AFTER_FAILURE)
