# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line for each event, where somebody will look for it.

Under systemd standard error is the journal, and a prefix gives the priority (sd-daemon(3)). What
sshd starts has no journal, and its standard error goes to the peer: its events go through syslog.
A person at a terminal reads plain lines.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Callable, TextIO

SYSLOG = "/dev/log"
IDENTIFIER = "hitless-edge"
LONGEST = 2000
"""Letters of a line; the peer chooses some of the words, and a datagram has an end."""

_FACILITY_DAEMON = 3
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.S)


class Level(Enum):
    """How much an event matters. Source: syslog(3)."""

    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6


Sink = Callable[[Level, str], None]


@dataclass(frozen=True)
class Journal:
    """Where events are told."""

    sink: Sink

    def error(self, text: str) -> None:
        """Something is wrong and stays so until somebody acts."""
        self.sink(Level.ERROR, text)

    def warning(self, text: str) -> None:
        """Something is wrong that the next run may find in order."""
        self.sink(Level.WARNING, text)

    def notice(self, text: str) -> None:
        """Something has changed."""
        self.sink(Level.NOTICE, text)

    def info(self, text: str) -> None:
        """Something was found as it shall be."""
        self.sink(Level.INFO, text)

    def crash(self, error: BaseException) -> None:
        """A fault of this program, with all that its author needs."""
        for part in traceback.format_exception(type(error), error, error.__traceback__):
            for line in part.splitlines():
                self.sink(Level.ERROR, line)


def one_line(text: str) -> str:
    """An event as one line of bounded length, without control characters and without keys."""
    lines = (line.strip() for line in without_keys(text).splitlines())
    joined = " | ".join(line for line in lines if line)[: 2 * LONGEST]
    clean = "".join(letter if letter.isprintable() else "?" for letter in joined)
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + "…"


def without_keys(text: str) -> str:
    """The text with every private key taken out."""
    return _PRIVATE_KEY.sub("(private key)", text)


def say(text: str, stream: TextIO) -> None:
    """Write a line, to be seen at once."""
    stream.write(f"{text}\n")
    stream.flush()


def prefixed(stream: TextIO) -> Sink:
    """Lines with the priority that systemd reads."""

    def tell(level: Level, text: str) -> None:
        say(f"<{level.value}>{one_line(text)}", stream)

    return tell


def plain(stream: TextIO) -> Sink:
    """Lines for a person; what has several stays so."""

    def tell(level: Level, text: str) -> None:
        noun = f"{level.name.lower()}: " if level in (Level.ERROR, Level.WARNING) else ""
        lines = (one_line(line) for line in without_keys(noun + text).splitlines())
        say("\n  ".join(line for line in lines if line), stream)

    return tell


def syslog(path: str = SYSLOG) -> Sink:
    """Datagrams to the host's log; silence where there is none. Source: RFC 3164 §4.1."""

    def tell(level: Level, text: str) -> None:
        priority = _FACILITY_DAEMON * 8 + level.value
        stamp = time.strftime("%b %e %H:%M:%S")  # Python never leaves the C locale by itself
        line = f"<{priority}>{stamp} {IDENTIFIER}[{os.getpid()}]: {one_line(text)}"
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.settimeout(1.0)  # a log that hangs must not hold up a certificate
            log.connect(path)
            log.send(line.encode())

    return tell


def choose_sink(environment: Mapping[str, str], stream: TextIO, *, is_for_peer: bool) -> Sink:
    """Where this process tells. ``is_for_peer``: standard error is read by somebody elsewhere."""
    if is_journal(environment.get("JOURNAL_STREAM", ""), stream):
        return prefixed(stream)
    return syslog() if is_for_peer else plain(stream)


def is_journal(named: str, stream: TextIO) -> bool:
    """Whether a stream is the one that systemd named. Source: systemd.exec(5), $JOURNAL_STREAM."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or none of the system's
        return False
    return named == f"{found.st_dev}:{found.st_ino}"
