# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes back from a CA: answers, and the nonces that came with them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .problems import Malformed

LINK = re.compile(r"<([^<>]*)>([^<]*)")
NONCE = re.compile(r"(?:[\w-]{4})*(?:[\w-]{2,4})", re.ASCII)
RELATION = re.compile(r"""rel=["']?([A-Za-z-]+)""")


@dataclass(frozen=True)
class Answer:
    """A success of the CA; header names in lower case. ``url``: what was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    retry_at: datetime | None = None
    url: str = "the CA"

    @property
    def nonce(self) -> str | None:
        """The nonce that came with it."""
        return usable_nonce(self.headers)

    @property
    def location(self) -> str:
        """The URL of what was made."""
        return self.headers.get("location", "")

    def document(self) -> Mapping[str, Any]:
        """The JSON object that it holds.

        Raises: `Malformed` if it holds none.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise Malformed(f"{self.url} answered no JSON object but {self.body[:80]!r}")
        return value

    def links(self, relation: str) -> tuple[str, ...]:
        """URLs of the Link headers of one relation. Source: RFC 8288 §3."""
        return tuple(
            url
            for url, parameters in LINK.findall(self.headers.get("link", ""))
            if relation in RELATION.findall(parameters)
        )


def usable_nonce(headers: Mapping[str, str]) -> str | None:
    """The nonce of an answer; one that is not base64url is passed over. Source: RFC 8555 §6.5.1."""
    nonce = headers.get("replay-nonce", "")
    return nonce if NONCE.fullmatch(nonce) else None


class Nonces:
    """Unused nonces, the youngest first; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unused: list[str] = []

    def put(self, nonce: str | None) -> None:
        """Keep one, if there is one."""
        if nonce:
            with self._lock:
                self._unused.append(nonce)

    def take(self) -> str | None:
        """The youngest one, which the CA has forgotten least likely."""
        with self._lock:
            return self._unused.pop() if self._unused else None
