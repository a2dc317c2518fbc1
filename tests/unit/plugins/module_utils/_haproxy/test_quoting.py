# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words are read as HAProxy reads them."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.quoting import (
    MalformedLine,
    escape_log_format,
    quote,
    split,
    unquote,
)
from hypothesis import given
from hypothesis import strategies as st

CONTROL = [*(chr(code) for code in range(0x20) if code != 9), "\x7f"]
WORDS = st.text(st.characters(exclude_characters=CONTROL, exclude_categories=["Cs"]), min_size=1)


@given(WORDS)
def test_a_quoted_word_is_read_back_as_one(word: str) -> None:
    """Whatever it holds; and as part of a line, too."""
    source = quote(word)
    assert unquote(source) == word
    assert split(f"a {source} b") == (("a", source, "b"), "")


@given(WORDS)
def test_nothing_is_expanded_in_a_quoted_word(word: str) -> None:
    """A dollar stands in single quotes, or behind a backslash, or outside of all quotes."""
    source = quote(word)
    if source.startswith('"'):
        assert "$" not in source.replace("\\\\", "").replace("\\$", "")


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("plain", "plain"),
        ('"two words"', "two words"),
        ("'$HOME \\n'", "$HOME \\n"),
        (r"a\ b", "a b"),
        (r"a\#b", "a#b"),
        (r'"a\"b"', 'a"b'),
        (r"\x41", "A"),
        (r"^/\.well", r"^/\.well"),
        ("one'two'\"three\"", "onetwothree"),
        ("a\\", "a\\"),
    ],
)
def test_words_are_read_as_haproxy_reads_them(source: str, word: str) -> None:
    """Configuration manual §2.2; an unknown escape keeps its backslash."""
    assert unquote(source) == word
    assert split(source) == ((source,), "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  bind :80   # http", (("bind", ":80"), "http")),
        ("a#b", (("a",), "b")),
        ("a '#' b", (("a", "'#'", "b"), "")),
        ("\ta\tb", (("a", "b"), "")),
        ("", ((), "")),
    ],
)
def test_a_line_is_words_and_a_comment(line: str, expected: object) -> None:
    """A # outside of quotes ends the words, even inside one."""
    assert split(line) == expected


@pytest.mark.parametrize("line", ["a 'b", 'a "b', 'a "b\\"'])
def test_an_open_quote_is_refused(line: str) -> None:
    """It would swallow the rest."""
    with pytest.raises(MalformedLine, match="not closed"):
        split(line)


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x0b", "\x1b", "\x7f"])
def test_what_ends_a_line_is_refused(character: str) -> None:
    """In values and in raw lines."""
    with pytest.raises(MalformedLine, match="control character"):
        quote(f"a{character}b")
    with pytest.raises(MalformedLine, match="control character"):
        split(f"a{character}b")


def test_no_word_is_empty() -> None:
    """HAProxy takes an empty argument for a missing one."""
    with pytest.raises(MalformedLine):
        quote("")


def test_a_percent_is_itself_in_a_log_format() -> None:
    """Else %[…] in a header's value would be evaluated."""
    assert escape_log_format("100%[src]") == "100%%[src]"
