# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What another host brought, or tried to bring, is told with where it came from."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import Journal, Level
from ansible_collections.hitless.edge.plugins.module_utils._command.told_received import tell_reply
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Answer,
    KeyState,
    Reply,
)
from fakes import NOON

END = datetime(2027, 1, 1, 6, 30, tzinfo=timezone.utc)
LABEL = "certificate wizardry.io (ecdsa)"


def answer(action: Action, reason: str = "") -> Answer:
    """Of this host."""
    return Answer("wizardry.io", KeyType.ECDSA, action, reason, "0" * 64, NOON, END)


def events_of(reply: Reply) -> list[tuple[str, str]]:
    """What is told of a reply: level, text."""
    events: list[tuple[str, str]] = []

    def tell(level: Level, text: str) -> None:
        events.append((level.name, text))

    tell_reply(Journal(tell), reply, "from X")
    return events


@pytest.mark.parametrize(
    ("reply", "event"),
    [
        (
            Reply("lb2", (answer(Action.SWAPPED),)),
            ("NOTICE", f"{LABEL} from X is served now, valid until 2027-01-01 06:30 UTC"),
        ),
        (
            Reply("lb2", (answer(Action.REFUSED, "its key is another one"),)),
            ("WARNING", f"{LABEL} from X was refused: its key is another one"),
        ),
        (Reply("lb2", error="no"), ("WARNING", "a request from X was refused: no")),
        (
            Reply("lb2", account=KeyState.WRITTEN),
            ("NOTICE", "the ACME account key from X was written"),
        ),
        (
            Reply("lb2", certbot_account=KeyState.REFUSED),
            ("WARNING", "another certbot account key than the fleet's, from X, was refused"),
        ),
    ],
)
def test_what_a_request_did_is_told(reply: Reply, event: tuple[str, str]) -> None:
    """And where it came from."""
    assert events_of(reply) == [event]


def test_a_question_is_not_told_of() -> None:
    """It changed nothing."""
    held = (answer(Action.HELD), answer(Action.LACKING), answer(Action.NEWER))
    assert events_of(Reply("lb2", held, account=KeyState.HELD)) == []
