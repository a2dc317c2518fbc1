# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON without what two readers could take for two things, and without what costs a host dear.

Source: RFC 8259 §4 (a key that occurs twice), §6 (large numbers), §8.2 (lone surrogates).
"""

from __future__ import annotations

import json
from typing import Any

from .._core.errors import Fault, InvalidInput

LONGEST_NUMBER = 15
"""Digits that every reader of JSON keeps. Source: RFC 8259 §6, binary64."""


def read_json(text: str, path: str, *, most_keys: int) -> Any:
    """The value of a text. ``most_keys``: of any one mapping in it.

    Raises: `InvalidInput`.
    """

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key occurs twice in a mapping")
        if len(found) > most_keys:
            raise ValueError(f"a mapping has {len(found)} keys, at most {most_keys} are read")
        return found

    try:
        value = json.loads(
            text,
            object_pairs_hook=mapping,
            parse_int=_whole,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be written
    except RecursionError:
        raise InvalidInput([Fault(path, "is nested too deep")]) from None
    except UnicodeEncodeError:
        raise InvalidInput([Fault(path, "holds half a character")]) from None
    except ValueError as error:
        raise InvalidInput([Fault(path, f"is not the JSON that is read here: {error}")]) from None
    return value


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text[:20]} is not a whole number")
