# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sync that had nothing to do says nothing; everything else is a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import Journal, Level
from ansible_collections.hitless.edge.plugins.module_utils._command.told_synced import tell_synced
from ansible_collections.hitless.edge.plugins.module_utils._renewal.sync import (
    Synced,
    SyncedBundle,
)

LABEL = "certificate wizardry.io (ecdsa)"
QUIET = Synced("lb1", bundles=(SyncedBundle("wizardry.io", "ecdsa", "unchanged"),))


def bundle(action: str, reason: str = "") -> tuple[SyncedBundle, ...]:
    """The one certificate."""
    return (SyncedBundle("wizardry.io", "ecdsa", action, reason),)


@pytest.mark.parametrize(
    ("synced", "events"),
    [
        pytest.param(QUIET, [], id="in line"),
        pytest.param(
            replace(QUIET, changed=True, bundles=bundle("swapped")),
            [("NOTICE", f"{LABEL} is served now")],
            id="swapped",
        ),
        pytest.param(
            replace(QUIET, changed=True, hot=False, reloaded=True, reasons=("a", "b")),
            [("NOTICE", "HAProxy was reloaded: a; b")],
            id="reloaded",
        ),
        pytest.param(
            replace(QUIET, hot=False, reasons=("HAProxy is down",)),
            [("WARNING", "HAProxy does not serve all that is on disk: HAProxy is down")],
            id="not served",
        ),
        pytest.param(
            replace(QUIET, bundles=bundle("refused", "its key is another one")),
            [("WARNING", f"{LABEL} is refused: its key is another one")],
            id="refused",
        ),
        pytest.param(
            replace(QUIET, bundles=bundle("absent", "/x")),
            [("WARNING", f"{LABEL} is absent: /x")],
            id="absent",
        ),
        pytest.param(
            replace(QUIET, hot=False, error="the disk is full", bundles=()),
            [("ERROR", "HAProxy could not be brought in line: the disk is full")],
            id="error",
        ),
    ],
)
def test_each_thing_that_was_not_in_line_is_told(
    synced: Synced, events: list[tuple[str, str]]
) -> None:
    """Once, and whether there was one is told to the caller."""
    told: list[tuple[str, str]] = []

    def tell(level: Level, text: str) -> None:
        told.append((level.name, text))

    assert tell_synced(Journal(tell), synced) == bool(events)
    assert told == events
