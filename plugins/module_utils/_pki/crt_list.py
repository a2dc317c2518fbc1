# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A crt-list file as a value: which bundles a TLS listener loads.

Source: HAProxy 2.6 configuration manual §5.1, ``crt-list``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class CrtList:
    """The lines of a file as they stand, whoever wrote them."""

    lines: tuple[str, ...] = ()

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The certificate file of each line that names one, in their order."""
        return tuple(path for path in map(path_of, self.lines) if path)

    def reconciled(self, wanted: Sequence[str], unwanted: Collection[str]) -> CrtList:
        """With each wanted path on some line and no line for an unwanted one.

        A line that stays keeps its place, its options and its filters; a path on no line gets one
        at the end. So foreign lines, comments among them, are kept.
        """
        known = frozenset(self.paths)
        return CrtList(
            (
                *(line for line in self.lines if path_of(line) not in unwanted),
                *(path for path in wanted if path not in known),
            )
        )

    def led_by(self, path: str) -> CrtList:
        """With this path on the first line, where HAProxy takes its default certificate from."""
        if self.paths[:1] == (path,):
            return self
        own = [line for line in self.lines if path_of(line) == path] or [path]
        return CrtList((*own, *(line for line in self.lines if path_of(line) != path)))


def path_of(line: str) -> str:
    """The file that a line names; empty for a comment and an empty line."""
    word = line.split(maxsplit=1)[:1]
    return "" if not word or word[0].startswith("#") else word[0]


def parse(text: str) -> CrtList:
    """Read a file; any text is one, HAProxy judges its lines."""
    lines = text.split("\n")
    return CrtList(tuple(lines if lines[-1] else lines[:-1]))


def render(crt_list: CrtList) -> str:
    """The file; `parse` gives the same value back."""
    return "".join(f"{line}\n" for line in crt_list.lines)
