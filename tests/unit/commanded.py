# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `hitless-edge` run on a host in memory."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.hitless.edge.plugins.module_utils._command.cli import main
from ansible_collections.hitless.edge.plugins.module_utils._command.deadline import Deadline
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import Journal, Level
from ansible_collections.hitless.edge.plugins.module_utils._command.outside import Outside, Streams
from fakes import FakeHost

PROGRAM = "/usr/local/bin/hitless-edge"
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Said:
    """How a run ended, what it printed, and what it told the journal: priority and text."""

    status: int
    output: str
    errors: str
    events: tuple[tuple[str, str], ...]

    @property
    def told(self) -> str:
        """All events as one text."""
        return "\n".join(text for _level, text in self.events)


@contextlib.contextmanager
def no_deadline(_seconds: float) -> Iterator[None]:
    """Time stands still."""
    yield


def command(
    host: FakeHost,
    *words: str,
    request: bytes = b"",
    environment: Mapping[str, str] = NOTHING,
    deadline: Deadline = no_deadline,
) -> Said:
    """Run it with these words."""
    events: list[tuple[str, str]] = []
    replies, output, errors = io.BytesIO(), io.StringIO(), io.StringIO()

    def tell(level: Level, text: str) -> None:
        events.append((level.name, text))

    @contextlib.contextmanager
    def world(*, is_for_peer: bool) -> Iterator[Outside]:
        del is_for_peer
        streams = Streams(io.BytesIO(request), replies, output, errors)
        yield Outside(host.ports, streams, Journal(tell), environment, deadline)

    status = main([PROGRAM, *words], environment=environment, world=world)
    printed = output.getvalue() + replies.getvalue().decode()
    return Said(status, printed, errors.getvalue(), tuple(events))
