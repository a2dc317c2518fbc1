# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maps of the running process: read them, replace them at once and without a reload.

A map is replaced by a version of its own, which is filled unseen and then takes the place of the
old one in one step. Source: HAProxy 2.6 management guide §9.3, `prepare map`, `add map`, `commit
map`. Not persistent: the file is written first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .._core.errors import Refused
from .runtime import PAYLOAD_LIMIT_BYTES, Runtime

Entries = tuple[tuple[str, str], ...]
"""Key and value, in the order of the file; of two equal keys the first counts."""

LISTED = re.compile(r"^\d+ \((/[^)]*)\) ", re.MULTILINE)
VERSION = re.compile(r"New version created: (\d+)")


def parse_map(text: str) -> Entries:
    """The entries of a map file as HAProxy reads it: no empty lines, no comments."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(_entry(line) for line in lines if line and not line.startswith("#"))


def parse_shown(answer: str) -> Entries:
    """The entries of an answer to `show map <name>`; each line begins with an address."""
    lines = (line.strip() for line in answer.splitlines())
    return tuple(_entry(line.partition(" ")[2]) for line in lines if line.startswith("0x"))


def _entry(line: str) -> tuple[str, str]:
    key, _unused, value = line.replace("\t", " ").partition(" ")
    return key, value.strip()


@dataclass(frozen=True)
class LiveMaps:
    """The maps that the process loaded from our folder."""

    runtime: Runtime
    folder: str

    def names(self) -> frozenset[str]:
        """Which files of the folder the process has loaded."""
        paths = LISTED.findall(self.runtime.ask("show map"))
        prefix = f"{self.folder}/"
        return frozenset(path[len(prefix) :] for path in paths if path.startswith(prefix))

    def read(self, name: str) -> Entries:
        """What the process holds."""
        return parse_shown(self.runtime.ask(f"show map {self.folder}/{name}"))

    def replace(self, name: str, entries: Entries) -> None:
        """Make the process hold these, seen at once by every request that follows.

        Raises: `Refused` when HAProxy says no, or holds something else afterwards.
        """
        path = f"{self.folder}/{name}"
        answer = self.runtime.ask(f"prepare map {path}")
        version = VERSION.search(answer)
        if not version:
            raise Refused(f"HAProxy prepares no new version of {path}", answer)
        for payload in _payloads(entries):
            self._demand_silence(f"add map @{version.group(1)} {path}", payload)
        self._demand_silence(f"commit map @{version.group(1)} {path}")
        if self.read(name) != entries:
            raise Refused(f"HAProxy does not hold what it was given for {path}")

    def _demand_silence(self, command: str, payload: str = "") -> None:
        answer = self.runtime.ask(command, payload)
        if answer:
            raise Refused(f"HAProxy refuses `{command}`", answer)


def _payloads(entries: Entries) -> Iterator[str]:
    lines: list[str] = []
    size = 0
    for key, value in entries:
        line = f"{key} {value}\n"
        if lines and size + len(line.encode()) > PAYLOAD_LIMIT_BYTES:
            yield "".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line.encode())
    if lines:
        yield "".join(lines)
