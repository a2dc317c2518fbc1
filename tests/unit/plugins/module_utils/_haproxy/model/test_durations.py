# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations are typed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.durations import (
    LONGEST,
    read_duration,
    render_duration,
)
from hypothesis import given
from hypothesis import strategies as st
from wishes import read, read_faults

MILLISECOND = timedelta(milliseconds=1)


@given(st.timedeltas(MILLISECOND, LONGEST).map(lambda d: d // MILLISECOND * MILLISECOND))
def test_a_duration_is_read_back_from_its_text(duration: timedelta) -> None:
    """Exactly, to the millisecond."""
    assert read(render_duration(duration), read_duration) == duration


@pytest.mark.parametrize(
    ("text", "duration", "rendered"),
    [
        ("90s", timedelta(seconds=90), "90s"),
        ("60s", timedelta(minutes=1), "1m"),
        ("1500ms", timedelta(milliseconds=1500), "1500ms"),
        ("24h", timedelta(days=1), "1d"),
    ],
)
def test_the_largest_exact_unit_is_written(text: str, duration: timedelta, rendered: str) -> None:
    """One text for one duration, so that no diff shows what is no difference."""
    assert read(text, read_duration) == duration
    assert render_duration(duration) == rendered


@pytest.mark.parametrize(
    "value", [15, "15", "15 s", "0s", "25d", "-1s", "1w", True, "\u0661s", "9" * 10 + "d", ["1s"]]
)
def test_what_is_ambiguous_or_out_of_range_is_a_fault(value: object) -> None:
    """A bare number means milliseconds to HAProxy and seconds to people."""
    assert [fault.path for fault in read_faults(value, read_duration)] == ["x"]


def test_nothing_is_the_default() -> None:
    """Where there is one."""
    assert read(None, lambda reader: read_duration(reader, MILLISECOND)) == MILLISECOND
    assert read_faults(None, read_duration)
