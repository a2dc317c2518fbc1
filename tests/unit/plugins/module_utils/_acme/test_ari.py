# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renewal information: names, windows, moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.ari import (
    Window,
    certificate_id,
    parse_time,
    read_window,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st

LEAF = Certificate(
    pem="",
    names=(),
    not_before=NOON,
    not_after=NOON,
    fingerprint="",
    serial=0x0087654321,
    issuer="",
    subject="",
    authority_key_identifier=bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4"),
)
WINDOW = Window(NOON, NOON, NOON + timedelta(days=2))


def test_the_name_of_a_certificate_is_that_of_the_standard() -> None:
    """The example of RFC 9773 §4.1, whose serial number needs a leading zero byte."""
    assert certificate_id(LEAF) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


def test_without_an_authority_key_there_is_no_name() -> None:
    """A self-signed certificate is unknown to ARI."""
    assert certificate_id(replace(LEAF, authority_key_identifier=None)) is None


@given(st.text())
def test_a_moment_is_inside_and_always_the_same(name: str) -> None:
    """Each certificate has a moment of its own in the window."""
    moment = WINDOW.moment(name)
    assert moment is not None
    assert WINDOW.start is not None
    assert WINDOW.end is not None
    assert WINDOW.start <= moment <= WINDOW.end
    assert WINDOW.moment(name) == moment


def test_moments_are_spread_over_the_window() -> None:
    """A thousand certificates fill each tenth of it."""
    moments = [WINDOW.moment(str(n)) for n in range(1000)]
    tenths = {int((m - NOON) / timedelta(days=2) * 10) for m in moments if m}
    assert tenths == set(range(10))


@pytest.mark.parametrize("shift", [-3, 3], ids=["before", "after"])
def test_a_window_is_open_between_its_ends(shift: int) -> None:
    """Exempt from limits is only who comes inside."""
    assert WINDOW.is_open(NOON + timedelta(days=1))
    assert not WINDOW.is_open(NOON + timedelta(days=shift))
    assert not Window(NOON).is_open(NOON)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.123456789Z",
        "2026-11-22T13:00:00+01:00",
        "2026-11-22T13:00:00.5+01:00",
    ],
)
def test_times_of_all_kinds_are_read(text: str) -> None:
    """Fractions of any length are dropped."""
    assert parse_time(text) == NOON


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_answer_gives_a_window_or_none(suggested: Any) -> None:
    """A CA's nonsense never stops a run, and is asked again within a day."""
    window = read_window({"suggestedWindow": suggested}, retry_at=None, now=NOON)
    assert window.start is None
    assert NOON < window.next_check <= NOON + timedelta(days=1)


def test_a_window_that_ends_before_it_begins_is_none() -> None:
    """As RFC 9773 §4.2 wants it."""
    suggested = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    assert read_window({"suggestedWindow": suggested}, retry_at=None, now=NOON).start is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, timedelta(minutes=1)), (7200, timedelta(hours=2)), (10**9, timedelta(days=1))],
)
def test_the_pause_stays_in_its_bounds(seconds: int, expected: timedelta) -> None:
    """Between a minute and a day, as RFC 9773 §4.3.2 wants it."""
    retry_at = NOON + timedelta(seconds=seconds)
    assert read_window({}, retry_at=retry_at, now=NOON).next_check == NOON + expected


@given(st.booleans())
def test_windows_are_stored_and_read(has_times: bool) -> None:
    """What is written is what is read."""
    window = WINDOW if has_times else Window(NOON, explanation="x")
    assert Window.from_json(window.to_json()) == window
