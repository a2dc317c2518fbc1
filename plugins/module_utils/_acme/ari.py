# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACME Renewal Information: the window in which a CA wants a certificate renewed.

Source: RFC 9773.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .._pki.x509 import Certificate

DEFAULT_PAUSE = timedelta(hours=6)
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(days=1)
PAUSE_AFTER_FAILURE = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """What a CA said of one certificate. ``start``, ``end``: ``None`` if it could not be asked.

    ``next_check``: not to ask again before.
    """

    next_check: datetime
    start: datetime | None = None
    end: datetime | None = None
    explanation: str = ""

    def moment(self, certificate_id: str) -> datetime | None:
        """This certificate's own moment: evenly spread over the window, always the same."""
        if self.start is None or self.end is None:
            return None
        digest = hashlib.sha256(certificate_id.encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        return self.start + (self.end - self.start) * share

    def is_open(self, now: datetime) -> bool:
        """Whether a renewal now is exempt from the CA's limits."""
        return self.start is not None and self.end is not None and self.start <= now <= self.end

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        moments = {"next_check": self.next_check, "start": self.start, "end": self.end}
        return {
            **{name: moment.isoformat() for name, moment in moments.items() if moment},
            "explanation": self.explanation,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Window:
        """Out of what is stored. Raises: `ValueError`, `KeyError`."""
        start, end = value.get("start"), value.get("end")
        return cls(
            next_check=parse_time(value["next_check"]),
            start=parse_time(start) if start else None,
            end=parse_time(end) if end else None,
            explanation=str(value.get("explanation", "")),
        )


def parse_time(text: object) -> datetime:
    """A moment out of RFC 3339 text, aware UTC. Raises: `ValueError`."""
    # Python < 3.11 reads neither Z nor fractions of other lengths than 3 and 6.
    whole, _unused, rest = str(text).partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    moment = datetime.fromisoformat((whole + zone).replace("Z", "+00:00").replace("z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError as error:
        raise ValueError(f"{text!r} is beyond the years that there are") from error


def certificate_id(leaf: Certificate) -> str | None:
    """The name of a certificate in ARI, ``None`` without an authority key identifier.

    Source: RFC 9773 §4.1.
    """
    if leaf.authority_key_identifier is None:
        return None
    serial = leaf.serial.to_bytes(leaf.serial.bit_length() // 8 + 1, "big")
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (leaf.authority_key_identifier, serial)
    )


def read_window(document: Mapping[str, Any], *, retry_at: datetime | None, now: datetime) -> Window:
    """The window out of the CA's answer; without one if the answer is of no use.

    Source: RFC 9773 §4.2, §4.3.2 (limits for Retry-After).
    """
    pause = DEFAULT_PAUSE if retry_at is None else retry_at - now
    next_check = now + min(max(pause, SHORTEST_PAUSE), LONGEST_PAUSE)
    suggested = document.get("suggestedWindow")
    try:
        start, end = (parse_time(dict(suggested or {})[name]) for name in ("start", "end"))
    except (TypeError, KeyError, ValueError):
        return Window(next_check)
    if end <= start:
        return Window(next_check)
    return Window(next_check, start, end, str(document.get("explanationURL", "")))
