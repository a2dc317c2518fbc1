# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words of a config line: how HAProxy takes it apart, and how to write a value as one word.

Source: HAProxy 2.6 and 3.0, configuration manual §2.2; parse_line() in tools.c.
"""

from __future__ import annotations

import re

from .._core.errors import EdgeError

_PIECE = r"""'[^']*' | "(?:\\.|[^"\\])*" | \\x[0-9A-Fa-f]{2} | \\. | \\$ | [^\s'"\\\#]+"""
_PIECES = re.compile(_PIECE, re.VERBOSE)
_WORD = re.compile(f"(?:{_PIECE})+", re.VERBOSE)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[ \\#\"'$nrt])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_PLAIN = re.compile(r"[A-Za-z0-9_.,:;/@%+=*^|~!?&<>()\[\]{}-]+")
_ENDS_A_LINE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


class MalformedLine(EdgeError):
    """The text is not one line of HAProxy's config."""


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] == "x" else _ESCAPED.get(code, code)

    return _ESCAPE.sub(one, text)


def unquote(source: str) -> str:
    """The word that HAProxy reads from this source; ``$NAME`` in double quotes is left as it is."""

    def one(piece: str) -> str:
        if piece[0] == "'":
            return piece[1:-1]
        if piece[0] == '"':
            return _unescape(piece[1:-1])
        return _unescape(piece)

    if _PLAIN.fullmatch(source):
        return source
    return "".join(one(match.group()) for match in _PIECES.finditer(source))


def quote(word: str) -> str:
    """Source that HAProxy reads as exactly this one word; nothing in it is expanded.

    Raises: `MalformedLine` if the word is empty or holds a character that no line can hold.
    """
    if not word:
        raise MalformedLine("a word of a config line is empty")
    demand_one_line(word)
    if _PLAIN.fullmatch(word):
        return word
    if "'" not in word:
        return f"'{word}'"
    return '"' + re.sub(r'(["\\$])', r"\\\1", word) + '"'


def demand_one_line(text: str) -> None:
    """Refuse line breaks, NUL and other control characters; a tab is white space.

    Raises: `MalformedLine` naming the character.
    """
    bad = _ENDS_A_LINE.search(text)
    if bad:
        raise MalformedLine(f"{text[:60]!r} holds the control character {bad.group()!r}")


def split(text: str) -> tuple[tuple[str, ...], str]:
    """The sources of a line's words, and its comment without the ``#``.

    Raises: `MalformedLine` at a quote that is not closed or a character that no line can hold.
    """
    demand_one_line(text)
    sources = []
    rest = text.strip()
    while rest and rest[0] != "#":
        word = _WORD.match(rest)
        if word is None:
            raise MalformedLine(f"the quote at {rest[:40]!r} is not closed")
        sources.append(word.group())
        rest = rest[word.end() :].lstrip()
    return tuple(sources), rest[1:].strip()


def escape_log_format(text: str) -> str:
    """Text that a log-format string gives back as it is. Source: configuration manual §8.2.6."""
    return text.replace("%", "%%")
