# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields of the wire."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire_fields import (
    LIMIT_BYTES,
    LONGEST_TEXT,
    decode,
    shortened,
    text_of,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.text().filter(lambda words: shortened(words) != ""))
def test_any_words_become_a_text_of_the_wire(words: str) -> None:
    """What tools say may be long, of many lines, and in no encoding."""
    assert parse(shortened(words), "x", text_of) == shortened(words)


def test_long_words_are_cut() -> None:
    """To what a reader takes."""
    assert len(parse(shortened("x" * 5000), "x", text_of)) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("raw", "fault"), [(b"\xff\xfe", "is not UTF-8"), (b"x" * (LIMIT_BYTES + 1), "is longer than")]
)
def test_bytes_that_are_no_text_are_a_fault(raw: bytes, fault: str) -> None:
    """Before anything is parsed."""
    with pytest.raises(InvalidInput, match=fault):
        decode(raw)


def test_bytes_up_to_the_limit_are_a_text() -> None:
    """In UTF-8."""
    assert len(decode(b"x" * LIMIT_BYTES)) == LIMIT_BYTES
    assert decode("ä".encode()) == "ä"
