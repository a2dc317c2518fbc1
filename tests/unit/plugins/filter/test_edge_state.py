# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter gives all forms of one state."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.filter.edge_state import FilterModule

edge_state = FilterModule().filters()["edge_state"]
WISH = {"name": "a", "domains": ["a"], "key_types": ["ecdsa"]}


def test_before_anything_is_known_nothing_is_due_and_nothing_wrong() -> None:
    """The filter is used before and after each step, with what there is by then."""
    assert edge_state([WISH]) == {
        "due": [],
        "bundles": [{"name": "a", "key_type": "ecdsa", "domains": ["a"]}],
        "wanted": [{"name": "a", "domains": ["a"], "fingerprints": []}],
        "problems": [],
    }


def test_what_a_preflight_deferred_is_a_problem() -> None:
    """The play fails with it at its end."""
    state = edge_state([WISH], deferred=[{"name": "a", "reason": "a points elsewhere"}])
    assert state["problems"] == ["a points elsewhere"]
