# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The config as a value: sections of lines, with ``parse(render(config)) == config``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .quoting import MalformedLine, quote, split, unquote

SECTION_KINDS = frozenset({
    "acme", "backend", "cache", "crt-store", "defaults", "fcgi-app", "frontend", "global",
    "healthcheck", "http-errors", "listen", "log-forward", "log-profile", "mailers",
    "namespace_list", "peers", "program", "resolvers", "ring", "traces", "userlist",
})  # fmt: skip
WORDS_PER_LINE = 64
"""More are refused by HAProxy. Source: MAX_LINE_ARGS in defaults.h."""
_PREFIXES = frozenset({"no", "default"})


@dataclass(frozen=True)
class Line:
    """One line.

    ``sources``: its words as written, quotes and all. ``origin``: the path of the variable it comes
    from, for messages; no part of the value.
    """

    sources: tuple[str, ...]
    comment: str = ""
    origin: str = field(default="", compare=False)

    @classmethod
    def of(cls, *words: str) -> Line:
        """A line of these words, quoted where they need it.

        Raises: `MalformedLine` if a word cannot stand on a line.
        """
        return cls(tuple(quote(word) for word in words))

    @classmethod
    def parse(cls, text: str) -> Line:
        """The line that HAProxy would read.

        Raises: `MalformedLine`.
        """
        sources, comment = split(text)
        return cls(sources, comment)

    @property
    def words(self) -> tuple[str, ...]:
        """What HAProxy reads."""
        return tuple(unquote(source) for source in self.sources)

    @property
    def keyword(self) -> str:
        """The first word that is not ``no`` or ``default``; empty for a comment."""
        return next((word for word in self.words if word not in _PREFIXES), "")

    @property
    def says_nothing(self) -> bool:
        """Whether it is empty, or a comment without a word; such a line is not kept."""
        return not self.sources and not self.comment

    @property
    def begins_section(self) -> bool:
        """Whether HAProxy would begin a section here."""
        return bool(self.sources) and unquote(self.sources[0]) in SECTION_KINDS

    def came_from(self, origin: str) -> Line:
        """The same line, with where it came from."""
        return replace(self, origin=origin)

    def __str__(self) -> str:
        comment = (f"# {self.comment}",) if self.comment else ()
        return " ".join((*self.sources, *comment))


@dataclass(frozen=True)
class Section:
    """A header such as ``backend web`` and the lines below it."""

    header: Line
    lines: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        if not self.header.begins_section:
            raise MalformedLine(f'"{self.header}" does not begin a section')
        for line in self.lines:
            if line.begins_section:
                raise MalformedLine(f'"{line}" begins a section inside "{self.header}"')

    @property
    def kind(self) -> str:
        """Such as ``backend``."""
        return self.header.words[0]

    @property
    def name(self) -> str:
        """Empty where the section has none."""
        words = self.header.words
        return words[1] if len(words) > 1 and words[1] != "from" else ""

    def __str__(self) -> str:
        return "\n".join((str(self.header), *(f"    {line}" for line in self.lines)))


@dataclass(frozen=True)
class Config:
    """All sections, in order; ``preamble`` holds the comments above the first."""

    sections: tuple[Section, ...] = ()
    preamble: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line in the order of the text, headers included."""
        below = (line for one in self.sections for line in (one.header, *one.lines))
        return (*self.preamble, *below)


def render(config: Config) -> str:
    """The text of the file."""
    preamble = "\n".join(str(line) for line in config.preamble)
    blocks = [*([preamble] if preamble else []), *(str(section) for section in config.sections)]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def parse(text: str) -> Config:
    """The config that HAProxy would read; empty lines are dropped, comments are kept.

    Raises: `MalformedLine` with the number of the line.
    """
    preamble: list[Line] = []
    sections: list[tuple[Line, list[Line]]] = []
    for number, source in enumerate(text.split("\n"), start=1):
        try:
            line = Line.parse(source)
        except MalformedLine as error:
            raise MalformedLine(f"line {number}: {error.message}") from None
        if line.begins_section:
            sections.append((line, []))
        elif line.says_nothing:
            continue
        elif sections:
            sections[-1][1].append(line)
        elif line.sources:
            raise MalformedLine(f'line {number}: "{line}" stands before any section')
        else:
            preamble.append(line)
    return Config(
        tuple(Section(header, tuple(lines)) for header, lines in sections), tuple(preamble)
    )
