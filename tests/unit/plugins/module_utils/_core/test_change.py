# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change tells what differs, and only that."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change


def test_equal_states_need_no_change() -> None:
    """Nothing differs: no change, no diff."""
    change = Change(before={"a": "1"}, after={"a": "1"})
    assert not change.is_needed
    assert change.diff() == []


def test_the_diff_has_one_entry_per_thing_that_differs() -> None:
    """Appearing, vanishing and changing things are shown, equal ones are not."""
    change = Change(
        before={"same": "x", "gone": "y", "turned": {"n": 1}},
        after={"same": "x", "new": "z", "turned": {"n": 2}},
    )
    assert change.is_needed
    assert [(d["before_header"], d["before"], d["after"]) for d in change.diff()] == [
        ("gone", "y", ""),
        ("new", "", "z"),
        ("turned", {"n": 1}, {"n": 2}),
    ]


def test_a_change_without_apply_does_nothing() -> None:
    """The default step adds no result."""
    assert Change().apply() == {}
