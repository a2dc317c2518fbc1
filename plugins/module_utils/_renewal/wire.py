# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts say to each other: one request, one reply, JSON both.

A request whose bundles have no ``pem`` asks what the receiver lacks of them; one with ``pem``
delivers. Nothing here is a path or names a file: a name is only ever looked up in the wish.
The shape is strict and bounded, so that what comes after can do with values; whether they are true
is not judged here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, TypeVar

from .._acme.due import Facts
from .._core.errors import Fault, InvalidInput
from .._core.reader import Reader, parse
from .._pki.keys import KeyType
from .settings import THUMBPRINT
from .strict_json import read_json
from .wire_fields import (
    FORMAT,
    LIMIT_BYTES,
    check_format,
    each,
    fingerprint_of,
    key_of,
    matching,
    moment_of,
    text_of,
)

MOST_KEYS = 16

T = TypeVar("T")


class Action(Enum):
    """What became of a bundle at the receiver."""

    HELD = "held"
    LACKING = "lacking"
    """It would be taken: send its PEM."""
    NEWER = "newer"
    """What the receiver has is newer, and stays."""
    WRITTEN = "written"
    SWAPPED = "swapped"
    ADDED = "added"
    REFUSED = "refused"


class KeyState(Enum):
    """What became of an account key at the receiver."""

    HELD = "held"
    WANTED = "wanted"
    WRITTEN = "written"
    REFUSED = "refused"
    NOT_MINE = "not_mine"
    """The receiver is no issuer, or has no such account in its settings."""


@dataclass(frozen=True)
class Offer:
    """A bundle of the sender. ``fingerprint``, ``not_before``: ``None`` if it has none and asks.

    ``facts``: ``None`` where no CA was asked. ``pem``: key, leaf, chain; ``None`` only asks.
    """

    name: str
    key_type: KeyType
    fingerprint: str | None
    not_before: datetime | None
    facts: Facts | None = None
    pem: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Request:
    """All that is said at once.

    ``account_thumbprint``: of the ACME account key that the sender has, if it has one.
    ``account_key``: its PEM; ``certbot_key``: certbot's, a JSON Web Key. Both only when wanted.
    """

    sender: str
    bundles: tuple[Offer, ...] = ()
    account_thumbprint: str | None = None
    account_key: str | None = field(default=None, repr=False)
    certbot_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What became of one bundle. Fingerprint and dates: of what the receiver holds now, if it does.

    ``reason``: never empty where the action is REFUSED.
    """

    name: str
    key_type: KeyType
    action: Action
    reason: str = ""
    fingerprint: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True)
class Reply:
    """What became of a request. ``error``: why nothing more was done, if so."""

    host: str
    bundles: tuple[Answer, ...] = ()
    changed: bool = False
    error: str | None = None
    account: KeyState = KeyState.NOT_MINE
    certbot_account: KeyState = KeyState.NOT_MINE


def render_request(request: Request) -> str:
    """As text of one line."""
    return _line(
        {
            "format": FORMAT,
            "from": request.sender,
            "account_thumbprint": request.account_thumbprint,
            "account_key": request.account_key,
            "certbot_key": request.certbot_key,
            "bundles": [offer_to_json(offer) for offer in request.bundles],
        }
    )


def parse_request(text: str) -> Request:
    """The inverse of `render_request`.

    Raises: `InvalidInput` with what is wrong, in words that are safe to show.
    """
    return _parse(text, "request", _parse_request)


def render_reply(reply: Reply) -> str:
    """As text of one line."""
    return _line(
        {
            "format": FORMAT,
            "host": reply.host,
            "changed": reply.changed,
            "error": reply.error,
            "account": reply.account.value,
            "certbot_account": reply.certbot_account.value,
            "bundles": [_answer_to_json(answer) for answer in reply.bundles],
        }
    )


def parse_reply(text: str) -> Reply:
    """The inverse of `render_reply`.

    Raises: `InvalidInput`.
    """
    return _parse(text, "reply", _parse_reply)


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False) + "\n"


def offer_to_json(offer: Offer) -> dict[str, Any]:
    """As it stands in a request."""
    facts = offer.facts
    return {
        "name": offer.name,
        "key_type": offer.key_type.value,
        "fingerprint": offer.fingerprint,
        "not_before": _moment(offer.not_before),
        "facts": facts
        and {
            "authority": facts.authority,
            "directory": facts.directory,
            "profile": facts.profile,
            "preferred_chain": facts.preferred_chain,
            "issued_at": _moment(facts.issued_at),
        },
        "pem": offer.pem,
    }


def _answer_to_json(answer: Answer) -> dict[str, Any]:
    return {
        "name": answer.name,
        "key_type": answer.key_type.value,
        "action": answer.action.value,
        "reason": answer.reason,
        "fingerprint": answer.fingerprint,
        "not_before": _moment(answer.not_before),
        "not_after": _moment(answer.not_after),
    }


def _moment(time: datetime | None) -> str | None:
    return time.astimezone(timezone.utc).isoformat(timespec="seconds") if time else None


def _parse(text: str, path: str, function: Callable[[Reader], T]) -> T:
    if len(text) > LIMIT_BYTES or len(text.encode(errors="replace")) > LIMIT_BYTES:
        raise InvalidInput([Fault(path, f"is longer than {LIMIT_BYTES} bytes", "split it")])
    return parse(read_json(text, path, most_keys=MOST_KEYS), path, function)


def _parse_request(reader: Reader) -> Request:
    reader.allow("format", "from", "account_thumbprint", "account_key", "certbot_key", "bundles")
    check_format(reader["format"])
    thumbprint = reader["account_thumbprint"]
    return Request(
        sender=text_of(reader["from"]),
        bundles=tuple(each(reader["bundles"], _parse_offer)),
        account_thumbprint=matching(thumbprint, THUMBPRINT) if thumbprint.is_given else None,
        account_key=key_of(reader["account_key"]),
        certbot_key=key_of(reader["certbot_key"]),
    )


def _parse_offer(reader: Reader) -> Offer:
    reader.allow("name", "key_type", "fingerprint", "not_before", "facts", "pem")
    facts, pem = reader["facts"], reader["pem"]
    if pem.is_given and not isinstance(pem.value, str):
        pem.fault("is not a string")
    return Offer(
        name=text_of(reader["name"]),
        key_type=reader["key_type"].choice(KeyType),
        fingerprint=fingerprint_of(reader["fingerprint"]),
        not_before=moment_of(reader["not_before"]),
        facts=_parse_facts(facts) if facts.is_given else None,
        pem=pem.value,
    )


def _parse_facts(reader: Reader) -> Facts:
    reader.allow("authority", "directory", "profile", "preferred_chain", "issued_at")
    profile, chain = reader["profile"], reader["preferred_chain"]
    issued_at = moment_of(reader["issued_at"])
    if issued_at is None:
        reader["issued_at"].fault("is missing")
    return Facts(
        authority=text_of(reader["authority"]),
        directory=text_of(reader["directory"]),
        profile=text_of(profile) if profile.is_given else None,
        preferred_chain=text_of(chain) if chain.is_given else None,
        issued_at=issued_at or datetime.min.replace(tzinfo=timezone.utc),
    )


def _parse_reply(reader: Reader) -> Reply:
    reader.allow("format", "host", "changed", "error", "account", "certbot_account", "bundles")
    check_format(reader["format"])
    error = reader["error"]
    return Reply(
        host=text_of(reader["host"]),
        bundles=tuple(each(reader["bundles"], _parse_answer)),
        changed=reader["changed"].boolean(),
        error=text_of(error) if error.is_given else None,
        account=reader["account"].choice(KeyState),
        certbot_account=reader["certbot_account"].choice(KeyState),
    )


def _parse_answer(reader: Reader) -> Answer:
    reader.allow("name", "key_type", "action", "reason", "fingerprint", "not_before", "not_after")
    reason = reader["reason"]
    return Answer(
        name=text_of(reader["name"]),
        key_type=reader["key_type"].choice(KeyType),
        action=reader["action"].choice(Action),
        reason="" if reason.value == "" else text_of(reason),
        fingerprint=fingerprint_of(reader["fingerprint"]),
        not_before=moment_of(reader["not_before"]),
        not_after=moment_of(reader["not_after"]),
    )
