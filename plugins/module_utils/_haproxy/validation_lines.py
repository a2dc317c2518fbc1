# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a config text with their numbers, and what they name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from .quoting import MalformedLine
from .text import Line

UNIX_PREFIXES = ("unix@", "uxst@", "uxdg@")


@dataclass(frozen=True)
class NumberedLine:
    """A line with words. ``section``: the words of the header above it."""

    number: int
    section: tuple[str, ...]
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"'{' '.join(self.words)}' in {' '.join(self.section[:2])}"


def lines_of(text: str) -> Iterator[NumberedLine]:
    """Every line that holds words; what HAProxy cannot read is left to its own judgement."""
    section: tuple[str, ...] = ()
    for number, source in enumerate(text.split("\n"), start=1):
        try:
            line = Line.parse(source)
        except MalformedLine:
            continue
        if not line.sources:
            continue
        if line.begins_section:
            section = line.words
        yield NumberedLine(number, section, line.words)


def addresses_of(line: NumberedLine) -> tuple[str, ...]:
    """What a line listens on, as written; several are separated by commas."""
    words = line.words
    if words[0] in ("bind", "dgram-bind") and len(words) > 1:
        return tuple(words[1].split(","))
    if words[:2] == ("stats", "socket") and len(words) > 2:
        return (words[2],)
    return ()


def unix_socket_of(address: str) -> str | None:
    """The path of a UNIX socket's address."""
    for prefix in UNIX_PREFIXES:
        if address.startswith(prefix):
            return address[len(prefix) :]
    return address if address.startswith("/") else None


def socket_folders(text: str) -> tuple[str, ...]:
    """The folders in which a config makes UNIX sockets."""
    addresses = (address for line in lines_of(text) for address in addresses_of(line))
    paths = (unix_socket_of(address) for address in addresses)
    return tuple(sorted({posixpath.dirname(path) for path in paths if path}))
