# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every event is a sentence that tells which certificate, what, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.results import Action as Ordered
from ansible_collections.hitless.edge.plugins.module_utils._acme.results import Result
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage, Source
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import Journal, Level
from ansible_collections.hitless.edge.plugins.module_utils._command.told import (
    summary_of_push,
    tell_pushed,
    tell_report,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.push import Pushed
from ansible_collections.hitless.edge.plugins.module_utils._renewal.report import Outcome, Report
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Answer,
)
from fakes import NOON
from minted import mint

END = datetime(2027, 1, 1, 6, 30, tzinfo=timezone.utc)
LINEAGE = Lineage("wizardry.io", KeyType.ECDSA, ("wizardry.io",))
LEAF = bundle.parse(mint("wizardry.io", not_after=END).pem, name="wizardry.io", path="x").leaf
WHY = "the CA asks for renewal since 2026-11-20"
LABEL = "certificate wizardry.io (ecdsa)"
Events = list[tuple[str, str]]


def journal() -> tuple[Journal, Events]:
    """A journal, and what was told it: level, text."""
    events: Events = []

    def tell(level: Level, text: str) -> None:
        events.append((level.name, text))

    return Journal(tell), events


def events_of(*outcomes: Outcome, **fields: Any) -> Events:
    """What is told of a report."""
    told, events = journal()
    report = Report("lb1", 0, NOON, NOON, outcomes)
    tell_report(told, replace(report, **fields))
    return events


def outcome(action: Ordered, *, waits: bool = False, error: str = "") -> Outcome:
    """Of the one lineage."""
    fault = Refused(error) if error else None
    return Outcome(Source.ACME, LINEAGE, Result(action, WHY, "letsencrypt", LEAF, fault), waits)


def answer(action: Action, reason: str = "") -> Answer:
    """A host's of that lineage."""
    return Answer("wizardry.io", KeyType.ECDSA, action, reason, LEAF.fingerprint, NOON, END)


@pytest.mark.parametrize(
    ("action", "verb"), [(Ordered.ISSUED, "issued"), (Ordered.RENEWED, "renewed")]
)
def test_a_new_certificate_is_told_with_its_reason(action: Ordered, verb: str) -> None:
    """By whom, why, and until when it is good."""
    assert events_of(outcome(action)) == [
        ("NOTICE", f"{LABEL} {verb} by letsencrypt: {WHY}; now valid until 2027-01-01 06:30 UTC"),
        ("INFO", "1 of 1 certificate renewed"),
    ]


def test_a_dry_run_is_told_as_such() -> None:
    """Nobody shall believe that there is a new certificate."""
    assert events_of(outcome(Ordered.RENEWED), dry_run=True) == [
        ("NOTICE", f"{LABEL} could be renewed by letsencrypt: {WHY}"),
        ("INFO", "dry run: 1 of 1 certificate could be renewed; nothing was kept"),
    ]


def test_what_is_valid_is_not_told_of() -> None:
    """Twice a day, for years."""
    assert events_of(outcome(Ordered.VALID)) == [("INFO", "0 of 1 certificate renewed")]


def test_what_waits_for_another_host_is_no_fault() -> None:
    """But it is told."""
    (first, *_rest) = events_of(outcome(Ordered.DEFERRED, waits=True))
    assert first == ("INFO", f"{LABEL} waits: {WHY}")


def test_each_failure_is_told_once() -> None:
    """Also what stopped all of it."""
    failed = outcome(Ordered.FAILED, error="the CA is down")
    assert events_of(failed)[0] == (
        "ERROR",
        "wizardry.io (ecdsa) could not be renewed: the CA is down",
    )
    assert events_of(outcome(Ordered.VALID), error="no key", notes=("n",))[:2] == [
        ("ERROR", "no key"),
        ("ERROR", "n"),
    ]


def test_a_host_that_was_not_reached_is_told_once() -> None:
    """As something that mends itself."""
    away = Pushed("lb3", ok=False, changed=False, error="lb3 does not answer at 192.0.2.13")
    here = Pushed("lb2", ok=True, changed=False, error=None)
    assert events_of(outcome(Ordered.VALID), pushed=(here, away)) == [
        ("WARNING", "lb3 does not answer at 192.0.2.13; tried again at the next run"),
        ("INFO", "0 of 1 certificate renewed; 1 of 2 hosts have what they shall have"),
    ]


def test_what_a_host_took_is_told() -> None:
    """With its name; what it had already is not."""
    told, events = journal()
    bundles = (answer(Action.SWAPPED), answer(Action.HELD), answer(Action.NEWER))
    pushed = (Pushed("lb2", ok=True, changed=True, error=None, bundles=bundles),)
    tell_pushed(told, pushed)
    assert events == [("NOTICE", f"lb2: {LABEL} is served now")]
    assert summary_of_push(pushed) == "1 of 1 hosts have what they shall have"
    assert summary_of_push(()) == "there is no host to push to"
