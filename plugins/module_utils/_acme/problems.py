# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a CA says when it refuses, as values: problem documents and the errors they become.

EdgeError
├── Refused
│   └── AcmeRefused            the CA said no and will say no again; `problem` has its words
└── Unavailable
    ├── Unreachable            the CA does not answer, or only with 5xx
    ├── TooSlow                the CA has not finished within the budget; the next run goes on
    ├── Malformed              what the CA answers is not what was agreed (RFC 8555)
    ├── NoAccount              we have no account at the CA, as it was down or refused us
    └── RateLimited            the CA (or our own ledger) asks to come back at `retry_at`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._core.errors import Refused, Unavailable

PREFIX = "urn:ietf:params:acme:error:"


@dataclass(frozen=True)
class Problem:
    """A problem document.

    ``code``: the type without its ACME prefix, e.g. ``rateLimited``. ``status``: of HTTP.
    Source: RFC 8555 §6.7, RFC 9457.
    """

    code: str
    detail: str
    status: int
    identifier: str = ""
    subproblems: tuple[Problem, ...] = ()

    @classmethod
    def from_json(cls, value: object, status: int, *, is_part: bool = False) -> Problem:
        """What the CA sent, as far as it has the right shape."""
        document: Mapping[str, Any] = value if isinstance(value, dict) else {}
        kind = str(document.get("type") or "about:blank")
        # Parts have no parts of their own; nobody can make us follow them down.
        parts = document.get("subproblems") if not is_part else None
        named = document.get("identifier")
        return cls(
            code=kind[len(PREFIX) :] if kind.startswith(PREFIX) else kind,
            detail=str(document.get("detail") or document.get("title") or ""),
            status=status,
            identifier=str(named.get("value", "")) if isinstance(named, dict) else "",
            subproblems=tuple(
                cls.from_json(part, status, is_part=True)
                for part in (parts if isinstance(parts, list) else ())
            ),
        )

    @classmethod
    def from_body(cls, body: bytes, status: int) -> Problem:
        """The problem document of an answer; its first words if it is none."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = {"detail": " ".join(body[:500].decode(errors="replace").split())}
        return cls.from_json(document, status)

    def __str__(self) -> str:
        head = f"{self.identifier}: {self.code}" if self.identifier else self.code
        own = f"{head}: {self.detail}" if self.detail else head
        return "; ".join([own, *(str(part) for part in self.subproblems)])


class AcmeRefused(Refused):
    """The CA said no."""

    def __init__(self, message: str, problem: Problem) -> None:
        super().__init__(message, str(problem), problem=problem.code)
        self.problem = problem


class Unreachable(Unavailable):
    """The CA does not answer, or only with server errors. ``status``: of HTTP, 0 if none came."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class TooSlow(Unavailable):
    """The CA has not finished within the task's budget; the order is kept for the next run."""


class Malformed(Unavailable):
    """The CA answers, but not what was agreed; so as if it were down."""


class NoAccount(Unavailable):
    """We have no account there (yet), so the CA is passed over like one that is down."""

    def __init__(self, authority: str) -> None:
        super().__init__(f"there is no account at {authority}; register one with acme_account")


class RateLimited(Unavailable):
    """Not before ``retry_at`` (aware UTC)."""

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(f"{message}; try again at {retry_at:%F %T} UTC")
        self.retry_at = retry_at
