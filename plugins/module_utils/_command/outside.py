# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the command stands on: the ports of the domain, and what a process has besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from .._core.ports import Ports
from .deadline import Deadline, alarm
from .journal import Journal, say


@dataclass(frozen=True)
class Streams:
    """Standard input, output and error; ``requests`` and ``replies`` are the first two in bytes."""

    requests: BinaryIO
    replies: BinaryIO
    output: TextIO
    errors: TextIO


@dataclass(frozen=True)
class Outside:
    """All of it."""

    ports: Ports
    streams: Streams
    journal: Journal
    environment: Mapping[str, str]
    deadline: Deadline = alarm

    @property
    def is_watched(self) -> bool:
        """Whether a person sees what is printed."""
        return self.streams.output.isatty()

    def show(self, text: str) -> None:
        """Print what was asked for."""
        say(text.rstrip("\n"), self.streams.output)

    def complain(self, text: str) -> None:
        """Say why nothing is done."""
        say(text, self.streams.errors)
