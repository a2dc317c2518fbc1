# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ordered now, and what waits: rules as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Held, Verdict
from ansible_collections.hitless.edge.plugins.module_utils._acme.survey import Found
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    Certificate,
    parse_chain,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.push import Asked, key_of
from ansible_collections.hitless.edge.plugins.module_utils._renewal.selection import (
    Known,
    Newer,
    Pause,
    newer_elsewhere,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import Settings
from ansible_collections.hitless.edge.plugins.module_utils._renewal.turns import Turn, Watched
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Answer,
    Offer,
    Reply,
)
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st
from minted import mint
from renewing import DAY, HOUR, SITE

KEY = key_of(SITE)


def leaf(days_left: float) -> Certificate:
    """Of ninety days in all."""
    found = parse_chain("".join(mint("a.test").chain), "minted")[0]
    end = NOON + timedelta(days=days_left)
    return replace(found, not_before=end - timedelta(days=90), not_after=end)


def answer(fingerprint: str = "F" * 64, not_before: datetime = NOON, *, days: float = 90) -> Answer:
    end = not_before + timedelta(days=days)
    return Answer("a.test", SITE.key_type, Action.NEWER, "", fingerprint, not_before, end)


def known(*, at: datetime = NOON, since: datetime = NOON, **other: Any) -> Known:
    turn = Turn(Watched("", since), at)
    return Known(NOON, {SITE: turn}, **{"rivals": ("lb1",), **other})


NEWER = {KEY: Newer("lb2", answer())}
PAUSE = {KEY: Pause(NOON + HOUR, "too many")}
LATER = NOON + HOUR


@pytest.mark.parametrize(
    ("what", "days_left", "words"),
    [
        pytest.param(known(), 29, None, id="our turn"),
        pytest.param(known(), None, None, id="absent"),
        pytest.param(known(at=LATER), 29, "turn of lb1; ours comes at", id="not our turn"),
        pytest.param(known(at=LATER), 1, "turn of lb1", id="not our turn, late"),
        pytest.param(known(at=LATER, forced=("a.test",)), 29, None, id="forced"),
        pytest.param(known(newer=NEWER), 29, "lb2 holds a newer one", id="another has it"),
        pytest.param(known(newer=NEWER), 14, None, id="another has it, ours is near its end"),
        pytest.param(known(newer=NEWER), None, "lb2 holds a newer", id="another has it, we none"),
        pytest.param(
            known(newer=NEWER, since=NOON - DAY), None, None, id="another has it, none for a day"
        ),
        pytest.param(known(newer=NEWER, forced=("a.test",)), 29, None, id="another, but forced"),
        pytest.param(known(pauses=PAUSE), 29, "asked to wait until 2026-11-22 13:00", id="pause"),
        pytest.param(known(pauses=PAUSE), 14, None, id="pause, near its end"),
        pytest.param(known(pauses=PAUSE), None, None, id="pause, absent"),
    ],
)
def test_the_rules(what: Known, days_left: float | None, words: str | None) -> None:
    """As the docstring of the file has them."""
    held = Held(leaf(days_left), None) if days_left is not None else None
    obstacle = what.obstacle(Found(SITE, held, None, Verdict(True, "due")))
    assert (obstacle is None) is (words is None)
    assert words is None or (obstacle is not None and words in obstacle.reason)


def asked(host: str, *answers: Answer, ours: Offer | None = None) -> Asked:
    offer = ours or Offer("a.test", SITE.key_type, "A" * 64, NOON - DAY)
    return Asked(host, (offer,), Reply(host, answers))


SETTINGS = Settings("lb1", "/home", (), (), None, None, ("lb1", "lb2", "lb3"), ())


@pytest.mark.parametrize(
    ("one", "host"),
    [
        pytest.param(asked("lb2", answer()), "lb2", id="newer"),
        pytest.param(asked("lb4", answer()), None, id="a host that is no issuer"),
        pytest.param(asked("lb1", answer()), None, id="this host"),
        pytest.param(asked("lb2", answer(not_before=NOON - 2 * DAY)), None, id="older"),
        pytest.param(asked("lb2", answer(not_before=NOON - DAY)), "lb2", id="greater fingerprint"),
        pytest.param(asked("lb2", answer("0" * 64, NOON - DAY)), None, id="smaller fingerprint"),
        pytest.param(asked("lb2", answer(days=0)), None, id="expired"),
        pytest.param(asked("lb2", replace(answer(), name="b.test")), None, id="never offered"),
        pytest.param(asked("lb2"), None, id="nothing"),
        pytest.param(Asked("lb2"), None, id="no reply"),
        pytest.param(
            asked("lb2", answer(), ours=Offer("a.test", SITE.key_type, None, None)),
            "lb2",
            id="we have none",
        ),
    ],
)
def test_what_counts_as_newer(one: Asked, host: str | None) -> None:
    """A valid one of another issuer that wins over ours by the rule of all hosts."""
    found = newer_elsewhere([one], SETTINGS, NOON)
    assert (found[KEY].host if found else None) == host


@given(st.permutations([("lb2", 1), ("lb3", 2)]))
def test_the_newest_of_several_counts(order: list[tuple[str, int]]) -> None:
    """Whoever replies first."""
    replies = [asked(host, answer(not_before=NOON + age * HOUR)) for host, age in order]
    assert newer_elsewhere(replies, SETTINGS, NOON)[KEY].host == "lb3"
