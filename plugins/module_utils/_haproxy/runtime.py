# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Runtime API of the serving worker (HAProxy 2.6 management guide §9.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from .._core.errors import Refused
from .._core.ports import Socket

DIGEST = re.compile(r"hitless\.edge ([0-9a-f]{16})")
"""How the description of a config that we rendered names its digest."""

PAYLOAD_LIMIT_BYTES = 15_000
"""What fits into one request with its command: `tune.bufsize` is 16384, and 1 KiB is reserved.

A longer one is refused without a word by 2.6, with one by 3.0, and taken by 3.4.
"""


@dataclass(frozen=True)
class Info:
    """What the worker says about itself (`show info`). ``started``: to the second, rounded down."""

    version: str
    pid: int
    uptime_seconds: int
    started: datetime
    description: str

    @property
    def digest(self) -> str | None:
        """The digest of the config that runs; ``None`` if the config is not ours."""
        found = DIGEST.search(self.description)
        return found.group(1) if found else None


def parse_info(answer: str) -> Info:
    """Read the answer to `show info`.

    Raises: `Refused` when it is not one.
    """
    fields = dict(line.partition(": ")[::2] for line in answer.splitlines())
    try:
        return Info(
            version=fields["Version"],
            pid=int(fields["Pid"]),
            uptime_seconds=int(fields["Uptime_sec"]),
            started=datetime.fromtimestamp(int(fields["Start_time_sec"]), timezone.utc),
            description=fields.get("description", ""),
        )
    except (KeyError, ValueError) as error:
        raise Refused(
            "HAProxy's Runtime API does not answer `show info` as known", answer
        ) from error


@dataclass(frozen=True)
class Runtime:
    """The command line of the worker behind one socket."""

    socket: Socket
    path: str
    timeout_seconds: float = 30.0

    def ask(self, command: str, payload: str = "") -> str:
        r"""Send one command and return its answer without the empty line that ends it.

        ``payload``: what ``<<`` hands over; no empty line in it, since one ends it.
        Raises: `Unavailable` when nobody answers; `Refused` when the payload cannot be sent.
        """
        # One empty line ends the payload; for a second one 2.6 prints its whole help.
        request = f"{command} <<\n{_checked(command, payload)}" if payload else command
        answer = self.socket.ask(self.path, f"{request}\n", timeout_seconds=self.timeout_seconds)
        return answer.rstrip("\n")

    def info(self) -> Info:
        """Who serves.

        Raises: `Unavailable` when nobody answers.
        """
        return parse_info(self.ask("show info"))


def _checked(command: str, payload: str) -> str:
    lines = payload.rstrip("\n").split("\n")
    if not all(line.strip("\r") for line in lines):
        raise Refused(f"the payload of `{command}` holds an empty line, which would end it")
    text = "\n".join(lines) + "\n"
    size = len(text.encode())
    if size > PAYLOAD_LIMIT_BYTES:
        raise Refused(
            f"the payload of `{command}` has {size} bytes; HAProxy takes {PAYLOAD_LIMIT_BYTES}"
        )
    return text
