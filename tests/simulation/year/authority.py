# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA of the year: the small ACME server of the unit tests, and what Let's Encrypt adds to it.

Profiles with their lifetimes; renewal windows (as Boulder's `RenewalInfoSimple`: the middle of a
short life, two thirds of a longer one, one percent of the life to either side); limits that are
kept; and validation from six places, of which each asks one address of the name.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Optional

import josepy as jose
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from fake_ca import Asked, FakeCa, Fault, Refusal, Reply
from fakes import FakeClock

from year.fleet import CA_BASE, PROFILES, addresses_of
from year.limits import HOUR, Issued, Limits
from year.mint import Mint

REMOTE_PLACES = 5
ISSUING_SECONDS = 2.0
FLAKY_SHARE = 0.1
TOKEN = b"t" * 43

Web = Callable[[str, str, str], Optional[bytes]]
"""Address, host, path -> the body, ``None`` if nobody answers."""


@dataclass
class Mood:
    """What ails the CA now. ``down``: a way to fail, empty if it does not."""

    down: str = ""
    limits: bool = False
    flaky: bool = False


WAYS_DOWN = {
    "refuses": Fault(),
    "500": Fault(500, "serverInternal"),
    "maintenance": Fault(503, headers=(("Retry-After", "3600"),)),
}


class YearCa(FakeCa):
    """The CA, with what it counted."""

    def __init__(self, clock: FakeClock, seed: int, web: Web) -> None:
        super().__init__(now=clock.now, profiles=dict.fromkeys(PROFILES, "a profile"))
        self.base = CA_BASE
        self.script = self._ail
        self.judge = self._validate
        self.mood = Mood()
        self.limits = Limits()
        self.mint = self._hierarchy = Mint(seed, clock.now)
        self._clock = clock
        self._web = web
        self._luck = random.Random(seed + 1)
        self._recalled_at = clock.now() - timedelta(days=1)
        self._proof = b""

    def recall(self) -> None:
        """Want all certificates renewed at once, as before a mass revocation."""
        self._recalled_at = self.now()

    def _ail(self, asked: Asked) -> Fault | None:
        if self.mood.down:
            return WAYS_DOWN[self.mood.down]
        if self.mood.limits and asked.resource == "newOrder":
            return Fault(429, "rateLimited", headers=(("Retry-After", "7200"),))
        if self.mood.flaky and self._luck.random() < FLAKY_SHARE:
            return Fault(acts=self._luck.random() < 0.5)
        return None

    def _renewal_info(self, key: str) -> Reply:
        if key not in self.mint.leaves:
            raise Refusal(404, "malformed", "no such certificate")
        start, end = self._window(key)
        window = {"start": start.isoformat(), "end": end.isoformat()}
        return Reply(document={"suggestedWindow": window}, headers={"Retry-After": "21600"})

    def _window(self, key: str) -> tuple[datetime, datetime]:
        leaf = self.mint.leaves[key]
        if leaf.not_valid_before_utc + HOUR < self._recalled_at:
            return self._recalled_at - HOUR, self._recalled_at - HOUR / 2
        life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
        ideal = leaf.not_valid_after_utc - life / (2 if life < timedelta(days=10) else 3)
        return ideal - life / 100, ideal + life / 100

    def _check_replaces(self, name: str) -> None:
        if name not in self.mint.leaves:
            raise Refusal(404, "malformed", "replaces an unknown certificate")
        if name in self.replaced:
            raise Refusal(409, "alreadyReplaced", "has been replaced already")

    def _post_newOrder(self, kid: str, key: str, payload: dict[str, Any]) -> Reply:
        replaces, now = payload.get("replaces"), self.now()
        if replaces is not None:
            self._check_replaces(replaces)
        is_exempt = replaces is not None and self._is_open(replaces)
        names = tuple(sorted(item["value"] for item in payload["identifiers"]))
        reached = "" if is_exempt else self.limits.refusal(names, now)
        if reached:
            raise Refusal(429, "rateLimited", f"too many {reached}", Retry_After="7200")
        reply = super()._post_newOrder(kid, key, payload)
        self.limits.note_order(now)
        self.orders[len(self.orders)] |= {"profile": payload["profile"], "exempt": is_exempt}
        return reply

    def _is_open(self, name: str) -> bool:
        start, end = self._window(name)
        return start <= self.now() <= end

    def _post_chall(self, kid: str, key: str, payload: dict[str, Any]) -> Reply:
        self._proof = TOKEN + b"." + jose.b64encode(self.accounts[kid]["key"].thumbprint())
        return super()._post_chall(kid, key, payload)

    def _validate(self, name: str) -> dict[str, Any] | None:
        """From one place, and from five more of which one may fail."""
        seen = [self._is_proved(name) for _unused in range(1 + REMOTE_PLACES)]
        if seen[0] and seen.count(False) <= 1:
            return None
        self.limits.note_failure(name, self.now())
        kind = "urn:ietf:params:acme:error:connection"
        return {"type": kind, "detail": f"{name}: no answer at {seen.count(False)} of {len(seen)}"}

    def _is_proved(self, name: str) -> bool:
        address = self._luck.choice(addresses_of(name))
        path = f"/.well-known/acme-challenge/{TOKEN.decode()}"
        return self._web(address, name, path) == self._proof

    def _post_finalize(self, kid: str, key: str, payload: dict[str, Any]) -> Reply:
        order = self.orders[int(key)]
        self._clock.sleep(ISSUING_SECONDS)
        self.lifetime = PROFILES[order["profile"]]
        reply = super()._post_finalize(kid, key, payload)
        leaf = next(reversed(self.mint.leaves.values()))
        is_ecdsa = isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
        self.limits.note_issued(
            Issued(
                time=self.now(),
                names=tuple(sorted(order["names"])),
                key_type="ecdsa" if is_ecdsa else "rsa",
                lifetime=self.lifetime,
                is_exempt=order["exempt"],
            )
        )
        return reply


@dataclass(frozen=True)
class Answered:
    """An answer, as far as the transport looks at it."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return self.status_code < 400


@dataclass
class Line:
    """Connections of one process to the CA, without sockets. ``before``: called at each request.

    ``is_up``: whether the host reaches the CA.
    """

    ca: YearCa
    is_up: Callable[[], bool]
    before: Callable[[str], None]
    proxies: dict[str, str] = field(default_factory=dict)
    verify: bool = True

    def request(
        self, method: str, url: str, *, data: str | None = None, **_options: Any
    ) -> Answered:
        """One exchange."""
        path = url[len(self.ca.base) :]
        self.before(path)
        reply = self.ca.handle(method, path, (data or "").encode()) if self.is_up() else None
        if reply is None:
            raise requests.ConnectionError("no connection")
        text = b"" if reply.document is None else json.dumps(reply.document).encode()
        return Answered(reply.status, reply.headers, reply.body or text)
