# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parsing collects every fault, with its path."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Fault, InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import Reader, parse
from hypothesis import given
from hypothesis import strategies as st


class Colour(Enum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Lamp:
    name: str
    watts: int
    on: bool
    colour: Colour
    tags: tuple[str, ...]


def parse_lamp(reader: Reader) -> Lamp:
    reader.allow("name", "watts", "on", "colour", "tags")
    return Lamp(
        name=reader["name"].text(),
        watts=reader["watts"].integer(1, 100, default=60),
        on=reader["on"].boolean(default=True),
        colour=reader["colour"].choice(Colour, default=Colour.RED),
        tags=tuple(tag.text() for tag in reader["tags"].items()),
    )


def faults_of(value: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse(value, "lamps[3]", parse_lamp)
    return [str(fault) for fault in caught.value.faults]


def test_good_input_becomes_a_value_with_defaults() -> None:
    """What is not given takes its default."""
    assert parse({"name": "desk"}, "lamp", parse_lamp) == Lamp("desk", 60, True, Colour.RED, ())


def test_digits_in_a_string_are_a_number() -> None:
    """Templates give strings."""
    assert parse({"name": "x", "watts": "40"}, "lamp", parse_lamp).watts == 40


def test_all_faults_come_together_each_with_its_path() -> None:
    """One run shows everything that is wrong."""
    assert faults_of(
        {"watts": 700, "on": "yes", "colour": "gren", "tags": ["ok", "", 5], "wats": 1}
    ) == [
        'lamps[3].wats: "wats" is not an option here; did you mean "watts"?',
        "lamps[3].name: nothing is not a string",
        "lamps[3].watts: 700 is out of range (1-100)",
        "lamps[3].on: a string ('yes') is not true or false",
        "lamps[3].colour: 'gren' is not a choice; did you mean \"green\"?",
        "lamps[3].tags[1]: is empty",
        "lamps[3].tags[2]: a number (5) is not a string",
    ]


@pytest.mark.parametrize("value", [None, [], "lamp", 5, True], ids=repr)
def test_what_is_no_mapping_is_a_fault_not_a_crash(value: Any) -> None:
    """Any type may arrive."""
    assert any("is not a mapping" in fault for fault in faults_of(value))


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x1b", "\x7f", "\u2028"], ids=repr)
def test_control_characters_never_pass(character: str) -> None:
    """A line break in a value could become a line of config."""
    assert "control character" in faults_of({"name": f"a{character}b"})[0]


def test_true_is_not_a_number() -> None:
    """Python thinks so; users do not."""
    assert "true is not a whole number" in faults_of({"name": "x", "watts": True})[0]


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    json_like | st.fixed_dictionaries({}, optional=dict.fromkeys(Lamp.__annotations__, json_like))
)
def test_whatever_arrives_is_a_value_or_faults(value: Any) -> None:
    """No input makes the parser crash."""
    try:
        lamp = parse(value, "lamp", parse_lamp)
    except InvalidInput as error:
        assert error.faults
    else:
        assert lamp.name.strip()
        assert "\n" not in lamp.name
        assert 1 <= lamp.watts <= 100


def test_of_what_was_rejected_nothing_more_is_said() -> None:
    """One value, one fault; other values are looked at all the same."""
    faults: list[Fault] = []
    reader = Reader(7, "x", faults)
    reader.text()
    reader.fault("is also too short")
    Reader(7, "y", faults).fault("is odd")
    assert [str(fault) for fault in faults] == ["x: a number (7) is not a string", "y: is odd"]


class TaggedText(str):
    """As Ansible hands strings over: of a type of its own."""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (TaggedText("x"), "a string ('x')"),
        (7, "a number (7)"),
        (1.5, "a number (1.5)"),
        (False, "false"),
        ({"a": 1}, "a mapping"),
        (datetime.date(2030, 1, 2), "a value ('2030-01-02')"),
    ],
    ids=repr,
)
def test_a_value_is_told_in_the_words_of_users(value: Any, said: str) -> None:
    """Not by the types of Python or Ansible."""
    with pytest.raises(InvalidInput) as caught:
        parse(value, "x", lambda reader: reader.items())
    assert [fault.cause for fault in caught.value.faults] == [f"{said} is not a list"]


def test_lines_are_listed_or_a_block_of_text() -> None:
    """Blank lines are none, but they count."""
    listed = Reader(["a", "b"], "x", []).lines()
    block = Reader("a\n\n b\n", "x", []).lines()
    assert [(one.path, one.value) for one in listed] == [("x[0]", "a"), ("x[1]", "b")]
    assert [(one.path, one.value) for one in block] == [("x line 1", "a"), ("x line 3", " b")]
    assert Reader(None, "x", []).lines() == ()


def test_a_tab_passes_where_it_is_white_space() -> None:
    """In lines, not in values."""
    faults: list[Fault] = []
    assert Reader("a\tb", "x", faults).text(tabs=True) == "a\tb"
    assert faults == []
    Reader("a\tb", "x", faults).text()
    assert [fault.path for fault in faults] == ["x"]
