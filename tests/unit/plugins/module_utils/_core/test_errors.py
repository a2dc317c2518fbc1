# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors keep what a user needs."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Fault,
    InvalidInput,
    Refused,
)


def test_a_fault_reads_path_cause_remedy() -> None:
    """One line says where, what and what to do."""
    assert str(Fault("a.b", "is empty", "fill it")) == "a.b: is empty; fill it"
    assert str(Fault("a.b", "is empty")) == "a.b: is empty"


def test_all_faults_are_in_one_message() -> None:
    """The message lists every fault, the details hold them as data."""
    error = InvalidInput([Fault("a", "is empty"), Fault("b", "is odd", "even it")])
    assert error.message == "2 faults in the input:\n  a: is empty\n  b: is odd; even it"
    assert error.details["faults"][1] == {"path": "b", "cause": "is odd", "remedy": "even it"}


def test_a_refusal_keeps_the_words_of_who_refused() -> None:
    """The tool's own words are in the message and a field of their own."""
    error = Refused("haproxy refuses the config", "[ALERT] parsing [x:1]", line=1)
    assert error.message.endswith(":\n[ALERT] parsing [x:1]")
    assert error.details == {"words": "[ALERT] parsing [x:1]", "line": 1}
