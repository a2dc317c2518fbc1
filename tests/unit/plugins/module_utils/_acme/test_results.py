# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as the module returns them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import (
    RateLimited,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.results import (
    Action,
    Result,
    Results,
    as_one,
    outcome,
    report,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.modules import acme_certificates
from fakes import NOON
from yaml import safe_load

GOOD = Lineage("good.test", KeyType.RSA, ("good.test",))
BAD = Lineage("bad.test", KeyType.ECDSA, ("bad.test",))
RESULTS: Results = {
    GOOD: Result(Action.ISSUED, "absent", "ca"),
    BAD: Result(Action.FAILED, "absent", "ca", error=RateLimited("too many", NOON)),
}


def test_failures_are_named_once_more() -> None:
    """With the moment to try again."""
    told = report(RESULTS)
    assert [item["name"] for item in told["certificates"]] == ["good.test", "bad.test"]
    (failure,) = told["failures"]
    assert failure["retry_at"] == NOON.isoformat()
    assert failure["error"].startswith("too many")


def test_every_field_is_documented() -> None:
    """As the module's documentation lists them, actions as well."""
    documented = safe_load(acme_certificates.RETURN)["certificates"]["contains"]
    assert set(report(RESULTS)["certificates"][0]) == set(documented)
    assert documented["action"]["choices"] == [action.value for action in Action]


def test_a_fatal_failure_carries_everything() -> None:
    """What was done before it is not lost."""
    with pytest.raises(
        Refused, match=r"1 certificate could not be had, 1 were:\nbad\.test"
    ) as caught:
        outcome(RESULTS, failures_are_fatal=True)
    assert caught.value.details["changed"] is True
    assert len(caught.value.details["certificates"]) == 2


def test_nothing_done_is_no_change() -> None:
    """Although something was due."""
    failed = {BAD: RESULTS[BAD]}
    assert outcome(failed, failures_are_fatal=False)["changed"] is False


def test_several_refusals_are_one() -> None:
    """All words, the earliest moment."""
    late = RateLimited("late", NOON + timedelta(days=1))
    combined = as_one((Unreachable("down"), late, RateLimited("soon", NOON)))
    assert isinstance(combined, RateLimited)
    assert combined.retry_at == NOON
    assert all(word in str(combined) for word in ("down", "late", "soon"))
    assert "a; b" in str(as_one((Unreachable("a"), Unreachable("b"))))
