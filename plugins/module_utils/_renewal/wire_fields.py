# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields of the wire, each strict and bounded: a value, or a fault and a placeholder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from .._acme.ari import parse_time
from .._core.errors import Fault, InvalidInput
from .._core.reader import Reader

FORMAT = 1
LIMIT_BYTES = 8 * 1024 * 1024
MOST_BUNDLES = 1000
LONGEST_TEXT = 2000
LONGEST_KEY = 16_384
FINGERPRINT = re.compile(r"[0-9A-F]{64}")

T = TypeVar("T")


def decode(raw: bytes) -> str:
    """The text of what came over the wire.

    Raises: `InvalidInput` if it is too long, or not UTF-8.
    """
    if len(raw) > LIMIT_BYTES:
        cause = f"is longer than {LIMIT_BYTES} bytes"
        raise InvalidInput([Fault("request", cause, "split it")])
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InvalidInput([Fault("request", "is not UTF-8")]) from None


def shortened(words: str) -> str:
    """Words that a text of the wire can hold."""
    plain = "".join(letter if letter.isprintable() else " " for letter in words).strip()
    return plain if len(plain) <= LONGEST_TEXT else f"{plain[: LONGEST_TEXT - 1]}…"


def each(reader: Reader, function: Callable[[Reader], T]) -> Iterator[T]:
    """Every element of a list, unless there are too many to look at."""
    items: Sequence[Reader] = reader.items()
    if not isinstance(reader.value, list):
        reader.fault("is not a list")
    if len(items) > MOST_BUNDLES:
        reader.fault(f"holds {len(items)} elements, at most {MOST_BUNDLES} are read", "split it")
        return
    yield from map(function, items)


def check_format(reader: Reader) -> None:
    """Demand the version that is spoken here."""
    if reader.integer(0, 2**31) != FORMAT:
        reader.fault(f"is not {FORMAT}: the hosts run different versions", "run hitless.edge.site")


def text_of(reader: Reader) -> str:
    """Words without control characters, of a bounded length."""
    text = reader.text()
    if len(text) > LONGEST_TEXT:
        reader.fault(f"has {len(text)} characters, at most {LONGEST_TEXT} are read")
    return text


def key_of(reader: Reader) -> str | None:
    """A secret, whatever it is."""
    if not reader.is_given:
        return None
    if not isinstance(reader.value, str) or not 0 < len(reader.value) <= LONGEST_KEY:
        reader.fault(f"is not a key of at most {LONGEST_KEY} characters")
        return None
    return str(reader.value)


def fingerprint_of(reader: Reader) -> str | None:
    """SHA-256 in upper-case hex."""
    return matching(reader, FINGERPRINT) if reader.is_given else None


def moment_of(reader: Reader) -> datetime | None:
    """A moment, aware UTC."""
    if not reader.is_given:
        return None
    try:
        return parse_time(text_of(reader))
    except ValueError:
        reader.fault(f"{str(reader.value)[:40]!r} is not a moment with its time zone (RFC 3339)")
        return None


def matching(reader: Reader, pattern: re.Pattern[str]) -> str:
    """A string of a form."""
    text = reader.text()
    if not pattern.fullmatch(text):
        reader.fault(f"{text[:80]!r} is not of the form {pattern.pattern}")
    return text
