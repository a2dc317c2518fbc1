# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many orders at the same time, with a clock that only moves by waiting."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import (
    TooSlow,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.schedule import run_orders
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fakes import FakeClock


@dataclass
class ScriptedClient:
    authority: Authority


@dataclass
class ScriptedOrder:
    """An order whose steps are given: pauses, errors, or ``None`` for its end."""

    name: str
    steps: list[Any]
    log: list[str] = field(default_factory=list)
    client: ScriptedClient = field(
        default_factory=lambda: ScriptedClient(Authority("ca", "https://ca/"))
    )
    gave_up: bool = False

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.name, KeyType.ECDSA, (self.name,))

    def step(self) -> float | None:
        self.log.append(self.name)
        outcome = self.steps.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return cast("float | None", outcome)

    def give_up(self) -> None:
        self.gave_up = True


def run(*orders: ScriptedOrder, workers: int = 1, seconds: float = 60) -> dict[str, Any]:
    clock = FakeClock()
    ends: dict[str, EdgeError | None] = {}
    run_orders(
        cast("Any", list(orders)),
        budget=Budget.of(clock, seconds),
        workers=workers,
        finished=lambda order, error: ends.update({order.lineage.name: error}),
    )
    return {"ends": ends, "slept": clock.slept}


def test_all_are_begun_before_one_goes_on() -> None:
    """Whoever is due first is stepped first."""
    log: list[str] = []
    run(*(ScriptedOrder(name, [0.0, 0.0, None], log) for name in "abc"))
    assert log == list("abcabcabc")


def test_only_the_loop_waits() -> None:
    """For the one that is due next, and no longer."""
    outcome = run(ScriptedOrder("a", [5.0, None]), ScriptedOrder("b", [2.0, None]))
    assert outcome["slept"] == [2.0, 3.0]


def test_an_error_ends_only_its_own_order() -> None:
    """The others go on."""
    bad = ScriptedOrder("bad", [0.1, Unreachable("x")])
    outcome = run(bad, ScriptedOrder("good", [0.1, 0.1, None]))
    assert isinstance(outcome["ends"]["bad"], Unreachable)
    assert outcome["ends"]["good"] is None
    assert bad.gave_up


def test_what_cannot_end_in_the_budget_ends_now() -> None:
    """Instead of waiting for nothing."""
    outcome = run(ScriptedOrder("a", [61.0]), ScriptedOrder("b", [59.0, None]))
    assert isinstance(outcome["ends"]["a"], TooSlow)
    assert outcome["ends"]["b"] is None


def test_what_is_no_error_of_ours_is_not_caught() -> None:
    """A fault of the code is a traceback, not a result."""
    with pytest.raises(ZeroDivisionError):
        run(ScriptedOrder("a", [ZeroDivisionError()]))


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_many_workers_lose_no_order(workers: int) -> None:
    """Each ends once."""
    orders = [ScriptedOrder(str(n), [0.5] * (n % 5) + [None]) for n in range(50)]
    assert set(run(*orders, workers=workers)["ends"]) == {str(n) for n in range(50)}


def test_workers_work_at_the_same_time() -> None:
    """Four steps that wait for each other end."""
    barrier = threading.Barrier(4, timeout=10)

    class Meeting(ScriptedOrder):
        def step(self) -> float | None:
            barrier.wait()
            return None

    outcome = run(*(Meeting(str(n), []) for n in range(4)), workers=4)
    assert len(outcome["ends"]) == 4
