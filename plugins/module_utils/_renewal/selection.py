# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the due certificates this host orders now, and what the others wait for; pure rules.

```
forced by a person                               -> ordered
not this host's turn                             -> waits for those before it
another issuer holds a newer one                 -> waits for its push, unless ours is near its end
the CA asked for a pause, ours is not near its end -> waits, as asked
else                                             -> ordered
```
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .._acme.due import is_near_end
from .._acme.survey import Found
from .._acme.wish import Lineage
from .push import Asked, key_of
from .settings import Settings
from .turns import Turn
from .wire import Answer

PATIENCE = timedelta(days=1)
"""For how long a host that has no certificate waits for one that another issuer has."""


@dataclass(frozen=True)
class Newer:
    """A newer certificate of a lineage, and which issuer has it."""

    host: str
    answer: Answer


@dataclass(frozen=True)
class Pause:
    """What a CA asked for. ``cause``: what went wrong then."""

    until: datetime
    cause: str


@dataclass(frozen=True)
class Waiting:
    """Why a due certificate is not ordered now. ``pause``: where it is because of a failure."""

    reason: str
    pause: Pause | None = None


@dataclass(frozen=True)
class Known:
    """What decides beside the certificates. Keys of ``newer`` and ``pauses``: as `key_of`.

    ``rivals``: the issuers that come before this one. ``forced``: names.
    """

    now: datetime
    turns: Mapping[Lineage, Turn]
    rivals: Sequence[str] = ()
    newer: Mapping[object, Newer] = field(default_factory=dict)
    pauses: Mapping[object, Pause] = field(default_factory=dict)
    forced: Collection[str] = ()

    def obstacle(self, item: Found) -> Waiting | None:
        """Why not to order it, ``None`` if it is to be ordered."""
        lineage, turn = item.lineage, self.turns[item.lineage]
        newer, pause = self.newer.get(key_of(lineage)), self.pauses.get(key_of(lineage))
        if lineage.name in self.forced:
            return None
        if not turn.has_come(self.now):
            before = ", ".join(self.rivals)
            return Waiting(f"the turn of {before}; ours comes at {turn.at:%F %R} UTC")
        if newer is not None and not self._is_urgent(item, turn):
            return Waiting(f"{newer.host} holds a newer one, which comes with its next push")
        if pause is not None and item.held and not is_near_end(item.held.leaf, self.now):
            return Waiting(f"the CA asked to wait until {pause.until:%F %R} UTC", pause)
        return None

    def _is_urgent(self, item: Found, turn: Turn) -> bool:
        if item.held is None:
            return self.now - turn.watched.since >= PATIENCE
        return is_near_end(item.held.leaf, self.now)


def newer_elsewhere(
    asked: Iterable[Asked], settings: Settings, now: datetime
) -> dict[object, Newer]:
    """The newest valid certificate of each lineage that other issuers hold and we do not.

    Other balancers do not count: they never give away what they have.
    """
    found: dict[object, Newer] = {}
    for one in asked:
        if one.reply is None or one.host == settings.host or one.host not in settings.issuers:
            continue
        ours = {key_of(offer): _age(offer.not_before, offer.fingerprint) for offer in one.offered}
        for answer in one.reply.bundles:
            key, age = key_of(answer), _age(answer.not_before, answer.fingerprint)
            is_valid = answer.not_after is not None and answer.not_after > now
            best = found.get(key)
            before = _age(best.answer.not_before, best.answer.fingerprint) if best else None
            if key in ours and is_valid and age > max(ours[key], before or ours[key]):
                found[key] = Newer(one.host, answer)
    return found


def _age(not_before: datetime | None, fingerprint: str | None) -> tuple[float, str]:
    """What of two certificates of a lineage is the newer one, for all hosts alike."""
    return (not_before.timestamp() if not_before else 0.0, fingerprint or "")
