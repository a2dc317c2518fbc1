# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP-01 without anything to place: every balancer answers for the account's key, always.

So there is only the CA to tell that it may look. Source: RFC 8555 §8.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..client import Client
from ..problems import AcmeRefused, Problem, Unreachable
from ..shape import Shape

TYPE = "http-01"
TRIES = 3


@dataclass(frozen=True)
class Authorization:
    """What a CA knows about our control of one name.

    ``failures``: why it is not valid, in the CA's words, with the address that it tried.
    """

    url: str
    name: str
    status: str
    challenge_url: str
    challenge_status: str
    failures: tuple[str, ...]

    @property
    def waits_for_us(self) -> bool:
        """Whether the CA has not been told yet that it may look, or cannot be."""
        return self.status == "pending" and self.challenge_status in ("pending", "")

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, url: str) -> Authorization:
        """Out of what the CA sent.

        Raises: `Malformed` if it is no authorization. Source: RFC 8555 §7.1.4.
        """
        shape = Shape(document, url, "an authorization")
        challenges = shape.parts("challenges")
        nothing = Shape({}, url, "a challenge")
        ours = next((item for item in challenges if item.text("type") == TYPE), nothing)
        name = shape.part("identifier").text("value")
        failures = [_failure(name, c.document) for c in challenges if c.document.get("error")]
        return cls(
            url=url,
            name=name,
            status=shape.text("status"),
            challenge_url=ours.text("url"),
            challenge_status=ours.text("status"),
            failures=tuple(failures),
        )


def fetch_authorization(client: Client, url: str) -> Authorization:
    """What the CA knows now."""
    return Authorization.from_json(client.post(url).document(), url=url)


def answer(client: Client, authorization: Authorization) -> None:
    """Tell the CA that it may look; never twice.

    A second POST on a challenge that is under way disturbs some CAs, so after a connection that
    broke the authorization is read to learn whether the first arrived.
    Raises: `AcmeRefused` if the CA offers no HTTP-01 for the name.
    """
    if not authorization.challenge_url:
        problem = Problem("unsupported", "no http-01 challenge is offered", 200, authorization.name)
        raise AcmeRefused(f"{client.authority.name} cannot validate over HTTP", problem)
    for attempt in range(1, TRIES + 1):
        try:
            client.post(authorization.challenge_url, {}, is_repeatable=False)
        except Unreachable:
            if attempt == TRIES:
                raise
            if not fetch_authorization(client, authorization.url).waits_for_us:
                return
        else:
            return


def _failure(name: str, challenge: Mapping[str, Any]) -> str:
    problem = Problem.from_json(challenge["error"], 0)
    records = challenge.get("validationRecord")
    tried = [
        f"{record.get('addressUsed')} port {record.get('port', 80)} for {record.get('url', name)}"
        for record in (records if isinstance(records, list) else ())
        if isinstance(record, dict) and record.get("addressUsed")
    ]
    words = f"{name}: {problem}"
    return f"{words} (tried {'; '.join(tried)})" if tried else words
