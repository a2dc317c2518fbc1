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


def test_what_balancers_hold_that_is_newer_is_right_and_a_problem() -> None:
    """The probe accepts it, and the play says that the issuer lacks it, and why."""
    held = {"name": "a", "key_type": "ecdsa", "fingerprint": "NEW"}
    push = {"rc": 2, "stdout": "", "stderr": "error: no settings"}
    store = {"name": "a", "key_type": "ecdsa", "fingerprint": "OLD", "domains": ["a"]}
    state = edge_state([WISH], [store], newer=[held], handovers={"lb2": push}, issuer="lb1")
    assert state["wanted"] == [{"name": "a", "domains": ["a"], "fingerprints": ["OLD", "NEW"]}]
    first, second = state["problems"]
    assert first == "handover from lb2 to lb1, the issuer: error: no settings"
    assert second.startswith("a (ecdsa): balancers hold a newer certificate than lb1, the issuer")
