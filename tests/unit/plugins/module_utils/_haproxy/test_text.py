# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The config is a value."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.quoting import MalformedLine
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.text import (
    SECTION_KINDS,
    Config,
    Line,
    Section,
    parse,
    render,
)
from hypothesis import given
from hypothesis import strategies as st

CONTROL = [*(chr(code) for code in range(0x20)), "\x7f"]
LETTERS = st.characters(exclude_characters=CONTROL, exclude_categories=["Cs"])
WORDS = st.text(LETTERS, min_size=1)
COMMENTS = st.text(LETTERS).map(str.strip)
KINDS = st.sampled_from(sorted(SECTION_KINDS))
LINES = st.builds(
    lambda words, comment: Line(Line.of(*words).sources, comment),
    st.lists(WORDS, min_size=1, max_size=6).filter(lambda words: words[0] not in SECTION_KINDS),
    COMMENTS,
)
SECTIONS = st.builds(
    lambda kind, name, lines: Section(Line.of(kind, name), tuple(lines)),
    KINDS,
    WORDS,
    st.lists(LINES, max_size=5),
)
PREAMBLES = st.lists(COMMENTS.filter(bool).map(lambda text: Line((), text)), max_size=2)
CONFIGS = st.builds(
    lambda sections, preamble: Config(tuple(sections), tuple(preamble)),
    st.lists(SECTIONS, min_size=1, max_size=4),
    PREAMBLES,
)


@given(CONFIGS)
def test_a_config_is_read_back_from_its_text(config: Config) -> None:
    """parse(render(config)) == config, whatever its words are."""
    assert parse(render(config)) == config


@given(st.lists(WORDS, min_size=1))
def test_a_line_holds_just_its_words(words: list[str]) -> None:
    """No value makes two words or none, nor a comment."""
    line = Line.parse(str(Line.of(*words)))
    assert line.words == tuple(words)
    assert line.comment == ""


@given(CONFIGS)
def test_a_text_has_as_many_lines_as_the_config(config: Config) -> None:
    """No value makes a line."""
    written = [line for line in render(config).split("\n") if line.strip()]
    assert len(written) == len(config.lines)


def test_a_section_has_kind_name_and_header() -> None:
    """`from` is no name."""
    section = parse("defaults from base\nlisten  a from b # c\n  x").sections
    assert [(one.kind, one.name) for one in section] == [("defaults", ""), ("listen", "a")]


def test_no_line_begins_a_section_inside_another() -> None:
    """Not even when it is quoted."""
    with pytest.raises(MalformedLine):
        Section(Line.of("backend", "a"), (Line.parse('"frontend" b'),))
    with pytest.raises(MalformedLine):
        Section(Line.of("mode", "tcp"))


@pytest.mark.parametrize(
    ("text", "cause"),
    [("bind :80", "line 1: .*before any section"), ("global\n  a 'b", "line 2: .*not closed")],
)
def test_a_fault_of_a_text_names_its_line(text: str, cause: str) -> None:
    """Counted from 1."""
    with pytest.raises(MalformedLine, match=cause):
        parse(text)


@pytest.mark.parametrize(
    ("text", "keyword"), [("no option x", "option"), ("bind :80", "bind"), ("# only", "")]
)
def test_a_keyword_stands_behind_its_prefix(text: str, keyword: str) -> None:
    """`no` and `default` are no keywords."""
    assert Line.parse(text).keyword == keyword


def test_an_origin_is_no_part_of_the_value() -> None:
    """Lines are equal when HAProxy cannot tell them apart."""
    assert Line.of("a").came_from("haproxy_sections[0]") == Line.of("a")
    assert Line.of("a").came_from("haproxy_sections[0]").origin == "haproxy_sections[0]"


def test_nothing_is_an_empty_text() -> None:
    """And back."""
    assert render(Config()) == ""
    assert parse("") == Config()
