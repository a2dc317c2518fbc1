# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readers of the kinds of text that the model is made of; each says what it refuses and why."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..._core.domain_names import InvalidName, is_address, to_a_labels
from ..._core.reader import Reader, did_you_mean
from ..quoting import MalformedLine
from ..text import WORDS_PER_LINE, Line

RESERVED = "edge_"
"""Proxies of the collection begin so."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}", re.ASCII)
_PATH = re.compile(r"/[!-~]*", re.ASCII)
_FILE = re.compile(r"/[^\s]+", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}", re.ASCII)  # RFC 9110 §5.6.2
PLACEHOLDER = "placeholder"


def read_name(reader: Reader, default: str | None = None) -> str:
    """A name of a site, backend or server. Source: configuration manual §2.1 (keywords)."""
    name = reader.text(default)
    if not _NAME.fullmatch(name):
        reader.reject(
            f"{name[:60]!r} is not a name", "use up to 200 of letters, digits, and _ . : - inside"
        )
        return PLACEHOLDER
    if name.startswith(RESERVED):
        reader.fault(f'names with "{RESERVED}" are the collection\'s own')
    return name


def read_reference(reader: Reader, noun: str, names: Collection[str]) -> str:
    """The name of something that is there."""
    name = reader.text()
    if name not in names and name != PLACEHOLDER:
        reader.fault(f'no {noun} is named "{name[:80]}"', did_you_mean(name, names))
    return name


def read_domain(reader: Reader, *, wildcard: bool = True) -> str:
    """A domain, in A-labels."""
    text = reader.text()
    try:
        return to_a_labels(text, wildcard=wildcard)
    except InvalidName as error:
        reader.fault(error.message)
        return PLACEHOLDER


def read_host(reader: Reader) -> str:
    """An IP address or the name of a host."""
    text = reader.text()
    return text if is_address(text) else read_domain(reader, wildcard=False)


def read_path(reader: Reader, default: str | None = None) -> str:
    """The path of a URL as requests carry it: ``/blog``, without query."""
    path = reader.text(default)
    if not _PATH.fullmatch(path):
        reader.fault(
            f"{path[:60]!r} is not a path",
            'begin with "/" and percent-encode spaces and what is not ASCII',
        )
    elif "?" in path or "#" in path:
        reader.fault(f"{path[:60]!r} holds a query or a fragment", "write the path alone")
    return path


def read_file(reader: Reader) -> str:
    """The absolute path of a file on the balancer."""
    path = reader.text()
    if not _FILE.fullmatch(path):
        reader.fault(f"{path[:60]!r} is not an absolute path without spaces")
    return path


def read_header_name(reader: Reader) -> str:
    """The name of an HTTP header."""
    name = reader.text()
    if not _HEADER.fullmatch(name):
        reader.fault(f"{name[:60]!r} is not the name of a header")
    return name


def read_line(reader: Reader) -> Line:
    """A raw line that stands inside a section."""
    try:
        line = Line.parse(reader.text(tabs=True)).came_from(reader.path)
    except MalformedLine as error:
        reader.reject(error.message)
        return Line(())
    if len(line.sources) > WORDS_PER_LINE:
        reader.reject(f"has {len(line.sources)} words; HAProxy takes {WORDS_PER_LINE}")
    if line.begins_section:
        reader.reject(f'"{line.sources[0]}" begins a section', "use haproxy_sections for that")
    elif line.keyword.startswith("."):
        reader.reject(
            f'"{line.keyword}" is a directive that changes the meaning of other lines',
            "use a template of your own for that",
        )
    return line


def read_lines(reader: Reader) -> tuple[Line, ...]:
    """Raw lines: a list, or a block of text; one that says nothing (``#``) is no line."""
    lines = (read_line(item) for item in reader.lines())
    return tuple(line for line in lines if not line.says_nothing)
