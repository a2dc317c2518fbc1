# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose turn it is to renew: failover without an election; pure rules.

Rank 0 acts as soon as it sees a certificate due. Rank k acts when it has seen it due for k delays
and still holds the same certificate, so only when those before it did not act. What it remembers is
in a file that may be lost at any time: then it waits anew, and nothing is ordered too often by
that. Delays are measured from what this host saw itself, never from another host's clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Optional

from .._acme.ari import parse_time
from .._acme.wish import Lineage
from .._pki.x509 import Certificate

SHARE_OF_LIFETIME = 60
SHORTEST_DELAY = timedelta(hours=1)
FORMAT = 1

Due = Mapping[Lineage, Optional[Certificate]]
"""What is due, with the certificate that is held; ``None`` where there is none."""


@dataclass(frozen=True)
class Watched:
    """Since when a lineage is seen due. ``fingerprint``: of what was held, empty if nothing."""

    fingerprint: str
    since: datetime


@dataclass(frozen=True)
class Turn:
    """When this host may order a lineage. ``since``: when it first saw it due."""

    watched: Watched
    at: datetime

    def has_come(self, now: datetime) -> bool:
        """Whether it is this host's turn."""
        return now >= self.at


def delay_of(leaf: Certificate | None, fixed: timedelta | None = None) -> timedelta:
    """How long each rank waits for the one before it. ``fixed``: what the user chose."""
    if fixed is not None:
        return fixed
    if leaf is None:
        return SHORTEST_DELAY
    return max((leaf.not_after - leaf.not_before) / SHARE_OF_LIFETIME, SHORTEST_DELAY)


@dataclass(frozen=True)
class Watch:
    """What this host remembers of lineages that are due; keys as in `key_of`."""

    seen: Mapping[str, Watched]

    @classmethod
    def parse(cls, raw: bytes | None) -> Watch:
        """Out of its file; what cannot be read was never seen."""
        try:
            entries = json.loads(raw or b"{}")["due"].items()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls({})
        found = ((str(key), _parse_watched(value)) for key, value in entries)
        return cls({key: watched for key, watched in found if watched is not None})

    def render(self) -> bytes:
        """As it is stored; `parse` is the inverse."""
        due = {
            key: {"fingerprint": one.fingerprint, "since": one.since.isoformat()}
            for key, one in sorted(self.seen.items())
        }
        return (json.dumps({"format": FORMAT, "due": due}, indent=1) + "\n").encode()

    def turns(
        self, due: Due, *, rank: int, now: datetime, delay: timedelta | None = None
    ) -> dict[Lineage, Turn]:
        """The turn of this rank for each lineage that is due. ``delay``: what the user chose."""
        turns = {}
        for lineage, leaf in due.items():
            watched = self._watched(lineage, leaf, now)
            turns[lineage] = Turn(watched, watched.since + rank * delay_of(leaf, delay))
        return turns

    def _watched(self, lineage: Lineage, leaf: Certificate | None, now: datetime) -> Watched:
        fingerprint = leaf.fingerprint if leaf is not None else ""
        before = self.seen.get(key_of(lineage))
        if before is None or before.fingerprint != fingerprint:
            return Watched(fingerprint, now.replace(microsecond=0))
        # A clock that was set back must not make this host wait for a time that never was.
        return Watched(fingerprint, min(before.since, now))


def watch_after(turns: Mapping[Lineage, Turn]) -> Watch:
    """What is to be remembered: what is due, and nothing else."""
    return Watch({key_of(lineage): turn.watched for lineage, turn in turns.items()})


def key_of(lineage: Lineage) -> str:
    """How a lineage is called in the file."""
    return f"{lineage.name}/{lineage.key_type.value}"


def _parse_watched(value: object) -> Watched | None:
    if not isinstance(value, dict):
        return None
    try:
        return Watched(str(value["fingerprint"]), parse_time(value["since"]))
    except (ValueError, KeyError):
        return None
