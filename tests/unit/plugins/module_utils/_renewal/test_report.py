# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: what is a problem and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import RateLimited
from ansible_collections.hitless.edge.plugins.module_utils._acme.results import Action, Result
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Source
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import parse_chain
from ansible_collections.hitless.edge.plugins.module_utils._renewal.push import Pushed
from ansible_collections.hitless.edge.plugins.module_utils._renewal.report import (
    Outcome,
    Report,
)
from fakes import NOON
from minted import mint
from renewing import SITE

LEAF = parse_chain("".join(mint("a.test").chain), "minted")[0]
DOWN = EdgeError("ca1 does not answer\nafter 5 tries")


def outcome(action: Action, error: EdgeError | None = None, *, waits: bool = False) -> Outcome:
    return Outcome(Source.ACME, SITE, Result(action, "due", "ca1", LEAF, error), waits=waits)


def report(*outcomes: Outcome, **other: Any) -> Report:
    fields = {"host": "lb1", "rank": 0, "started": NOON, "finished": NOON, **other}
    return Report(outcomes=outcomes, **fields)


@pytest.mark.parametrize(
    ("one", "is_problem"),
    [
        pytest.param(outcome(Action.VALID), False, id="valid"),
        pytest.param(outcome(Action.RENEWED), False, id="renewed"),
        pytest.param(outcome(Action.DEFERRED, waits=True), False, id="another's turn"),
        pytest.param(outcome(Action.DEFERRED), True, id="deferred"),
        pytest.param(outcome(Action.FAILED, DOWN), True, id="failed"),
    ],
)
def test_what_needs_a_person(one: Outcome, *, is_problem: bool) -> None:
    """Waiting for one's turn is no problem."""
    assert (one.problem is not None) is is_problem
    assert report(one).ok is report(one).has_renewed is not is_problem


def test_a_problem_is_one_line() -> None:
    """For the journal, whatever the CA said."""
    assert outcome(Action.FAILED, DOWN).problem == (
        "a.test (ecdsa) could not be renewed: ca1 does not answer after 5 tries"
    )


def test_what_stopped_all_is_said_once() -> None:
    """Not once for each of a thousand certificates."""
    failed = [outcome(Action.FAILED, EdgeError("the disk is full"))] * 3
    found = report(*failed, error="the disk is full", notes=("b.test does without a name",))
    assert found.problems == ("the disk is full", "b.test does without a name")
    assert not found.has_renewed


def test_a_host_that_got_nothing_is_a_problem_of_the_push() -> None:
    """The renewal itself went well."""
    pushed = (Pushed("lb2", False, False, "lb2 does not answer"), Pushed("lb3", True, True, None))
    found = report(outcome(Action.RENEWED), pushed=pushed)
    assert found.problems == ("lb2 does not answer",)
    assert (found.ok, found.has_renewed, found.changed) == (False, True, True)


@pytest.mark.parametrize(
    ("found", "is_changed"),
    [
        pytest.param(report(outcome(Action.VALID)), False, id="nothing"),
        pytest.param(report(outcome(Action.ISSUED)), True, id="issued"),
        pytest.param(report(outcome(Action.ISSUED), dry_run=True), False, id="a trial"),
        pytest.param(
            report(pushed=(Pushed("lb3", True, True, None),)), True, id="a host caught up"
        ),
    ],
)
def test_what_counts_as_a_change(found: Report, *, is_changed: bool) -> None:
    """A new certificate, or a host that has something that it had not."""
    assert found.changed is is_changed


def test_the_result_has_the_shape_of_the_modules() -> None:
    """With source and moment to try again."""
    error = RateLimited("too many", NOON + timedelta(days=1))
    told = report(outcome(Action.FAILED, error)).to_json()
    (one,) = told["certificates"]
    assert (one["name"], one["key_type"], one["action"], one["source"]) == (
        *("a.test", "ecdsa", "failed", "acme"),
    )
    assert one["retry_at"] == "2026-11-23T12:00:00+00:00"
    assert (told["host"], told["ok"], told["changed"]) == ("lb1", False, False)


def test_a_trial_is_not_told_as_a_certificate() -> None:
    """Programs that read results must not take it for one."""
    told = report(outcome(Action.ISSUED), dry_run=True).to_json()
    assert [one["action"] for one in told["certificates"]] == ["would_issue"]
