# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as values.

EdgeError                  everything here that a user should read; becomes the module's failure
├── InvalidInput           faults of what the user wrote, all of them together, each with its path
├── Refused                a tool or a server said no; its own words are kept
├── Unavailable            something that should answer does not (socket, CA, host); try again later
│   └── Unreachable        not even a connection: the same for every question to that address
└── Busy                   another run holds the lock
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One fault of an input: where it is, what is wrong, what to do."""

    path: str
    cause: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.cause}" + (f"; {self.remedy}" if self.remedy else "")


class EdgeError(Exception):
    """A failure that a user can act on.

    ``details`` are the fields of the failed module result beside ``msg``; never secrets.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class InvalidInput(EdgeError):
    """The input has faults; all of them are in the message, one a line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(
            f"{len(self.faults)} {noun} in the input:\n{lines}",
            faults=[vars(fault) for fault in self.faults],
        )


class Refused(EdgeError):
    """A tool or a server refused what was asked; ``words`` are its own."""

    def __init__(self, message: str, words: str = "", **details: Any) -> None:
        super().__init__(f"{message}:\n{words}" if words else message, words=words, **details)
        self.words = words


class Unavailable(EdgeError):
    """Something that should answer does not, for now."""


class Unreachable(Unavailable):
    """No connection to an address; nothing else that is asked of it will be answered either."""


class Busy(EdgeError):
    """Another run holds the lock and did not let go in time."""
