# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raw sections: whatever HAProxy can do and the model has no words for."""

from __future__ import annotations

from collections.abc import Collection

from ..._core.reader import Reader
from ..quoting import MalformedLine
from ..text import SECTION_KINDS, Line, Section
from .fields import RESERVED, read_line, read_lines

PROXIES = frozenset({"frontend", "backend", "listen"})
_OURS = {
    "global": "use haproxy_global.lines",
}


def read_sections(reader: Reader) -> tuple[Section, ...]:
    """``haproxy_sections``: mappings of ``section`` and ``lines``, or blocks of text."""
    sections: list[Section] = []
    for item in reader.items():
        found = _read_text(item) if isinstance(item.value, str) else _read_mapping(item)
        for section in found:
            _check_name(item, section, sections)
            sections.append(section)
    return tuple(sections)


def backend_names(sections: Collection[Section]) -> tuple[str, ...]:
    """Raw sections that requests can be sent to."""
    return tuple(one.name for one in sections if one.kind in {"backend", "listen"})


def _read_mapping(reader: Reader) -> list[Section]:
    reader.allow("section", "lines")
    header = _read_header(reader["section"])
    lines = read_lines(reader["lines"])
    return [_section(header, lines)] if header else []


def _read_text(reader: Reader) -> list[Section]:
    found: list[tuple[Line, list[Line]]] = []
    for item in reader.lines():
        if _begins_section(item):
            header = _read_header(item)
            if header:
                found.append((header, []))
        elif found:
            found[-1][1].append(read_line(item))
        elif not str(item.value).lstrip().startswith("#"):
            item.fault("stands before any section", 'begin with a line such as "listen mysql"')
    return [_section(header, tuple(lines)) for header, lines in found]


def _section(header: Line, lines: tuple[Line, ...]) -> Section:
    """Lines that begin a section were recorded as faults when they were read."""
    kept = (line for line in lines if not line.begins_section and not line.says_nothing)
    return Section(header, tuple(kept))


def _begins_section(reader: Reader) -> bool:
    try:
        return Line.parse(str(reader.value)).begins_section
    except MalformedLine:
        return False


def _read_header(reader: Reader) -> Line | None:
    try:
        line = Line.parse(reader.text(tabs=True)).came_from(reader.path)
    except MalformedLine as error:
        reader.fault(error.message)
        return None
    if not line.begins_section:
        reader.fault(
            f'"{line}" does not begin a section', f"known are {', '.join(sorted(SECTION_KINDS))}"
        )
        return None
    return line


def _check_name(reader: Reader, section: Section, others: Collection[Section]) -> None:
    if section.kind in _OURS:
        reader.fault(f'the section "{section.kind}" is the collection\'s', _OURS[section.kind])
    elif section.kind == "defaults" and not section.name:
        reader.fault("defaults without a name", "name it, and write what takes from it: from NAME")
    elif section.kind in PROXIES and not section.name:
        reader.fault(f"a {section.kind} needs a name")
    if section.name.startswith(RESERVED):
        reader.fault(f'names with "{RESERVED}" are the collection\'s own')
    if any(_is_one_space(section, other) for other in others):
        reader.fault(f'another raw section is named "{section.name}"')


def _is_one_space(one: Section, other: Section) -> bool:
    """Whether the two cannot have one name: proxies share their names."""
    if one.name != other.name:
        return False
    return one.kind == other.kind or {one.kind, other.kind} <= PROXIES
