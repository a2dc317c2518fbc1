# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An order as its CA shows it, and how often to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from .answer import Answer
from .challenges.http01 import Authorization
from .problems import Malformed, Problem
from .shape import Shape
from .wish import Lineage, is_address

FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 5.0


class Status(Enum):
    """Of an order. Source: RFC 8555 §7.1.6."""

    PENDING = "pending"
    READY = "ready"
    PROCESSING = "processing"
    VALID = "valid"
    INVALID = "invalid"


@dataclass(frozen=True)
class Seen:
    """An order as the CA showed it last. Source: RFC 8555 §7.1.3."""

    url: str
    status: Status
    authorizations: tuple[str, ...]
    finalize: str
    certificate: str
    error: Problem | None
    retry_at: datetime | None

    @classmethod
    def read(cls, answered: Answer, url: str) -> Seen:
        """Out of the CA's answer.

        Raises: `Malformed` if it is no order.
        """
        if not url:
            raise Malformed(f"{answered.url} made an order, but does not say where it is")
        shape = Shape(answered.document(), url, "an order")
        try:
            status = Status(shape.text("status"))
        except ValueError as error:
            raise shape.fault("status") from error
        problem = shape.document.get("error")
        return cls(
            url=url,
            status=status,
            authorizations=shape.texts("authorizations"),
            finalize=shape.text("finalize"),
            certificate=shape.text("certificate"),
            error=Problem.from_json(problem, 0) if problem else None,
            retry_at=answered.retry_at,
        )

    def reasons(self, authorizations: Iterable[Authorization]) -> tuple[str, ...]:
        """Why it became invalid, in the CA's words."""
        reasons = [failure for item in authorizations for failure in item.failures]
        reasons += [
            f"{item.name}: the authorization is {item.status}"
            for item in authorizations
            if item.status not in ("valid", "pending") and not item.failures
        ]
        if self.error is not None and not reasons:
            reasons.append(str(self.error))
        return tuple(reasons) or ("the CA gives no reason",)


@dataclass
class Pace:
    """When to look next: soon at first, for the CA is often done; then as it says, or slower.

    Never sooner than our own growing pause: a CA may say "now" each time.
    """

    seconds: float = FIRST_LOOK_SECONDS
    is_first: bool = True

    def next_look(self, retry_at: datetime | None, now: datetime) -> float:
        """Seconds until the next look."""
        pause, self.seconds = self.seconds, min(self.seconds * 2, LONGEST_LOOK_SECONDS)
        if self.is_first or retry_at is None:
            self.is_first = False
            return pause
        return max((retry_at - now).total_seconds(), pause)


def new_order(lineage: Lineage, replaces: str | None) -> Mapping[str, Any]:
    """What asks for an order. Source: RFC 8555 §7.4, RFC 8738, RFC 9773 §5."""
    optional = {"profile": lineage.profile, "replaces": replaces}
    return {
        "identifiers": [
            {"type": "ip" if is_address(domain) else "dns", "value": domain}
            for domain in lineage.domains
        ],
        **{name: value for name, value in optional.items() if value is not None},
    }
