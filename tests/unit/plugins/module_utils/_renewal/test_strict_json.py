# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON that has one meaning and a bounded cost."""

from __future__ import annotations

import json

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._renewal.strict_json import read_json
from hypothesis import given
from hypothesis import strategies as st

WHOLE = st.integers(-(10**14), 10**14)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_was_written_is_read(value: object, escaped: bool) -> None:
    """Every value of text, whole numbers, lists and mappings."""
    assert read_json(json.dumps(value, ensure_ascii=escaped), "x", most_keys=4) == value


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is not the JSON"),
        ("{", "is not the JSON"),
        ("{} {}", "is not the JSON"),
        ('{"a": 1, "a": 2}', "a key occurs twice"),
        ('{"a": 1, "b": 2, "c": 3}', "3 keys, at most 2"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[1e999]", "1e999 is not a whole number"),
        ("NaN", "NaN is not a whole number"),
        ("-Infinity", "-Infinity is not a whole number"),
        ("1" * 5000, "a number of 5000 digits"),
        ('["\\ud800"]', "holds half a character"),
        ('{"\\udfff": 1}', "holds half a character"),
        ('"a\nb"', "is not the JSON"),
    ],
)
def test_what_has_no_one_meaning_is_refused(text: str, cause: str) -> None:
    """With the path of the whole, and never by another exception."""
    with pytest.raises(InvalidInput, match=cause) as caught:
        read_json(text, "request", most_keys=2)
    assert [fault.path for fault in caught.value.faults] == ["request"]


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """Nothing else."""
    try:
        read_json(text, "x", most_keys=4)
    except InvalidInput as error:
        assert len(error.faults) == 1
