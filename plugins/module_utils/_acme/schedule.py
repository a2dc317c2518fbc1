# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many orders at the same time: workers take steps, and only this loop waits between them.

The order that is due first is stepped first, so that all orders are placed before the first one is
looked at again, and the CA validates them side by side.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Callable

from .._core.errors import EdgeError
from .orders import Order
from .problems import TooSlow
from .waiting import Budget

SHORTEST_WAIT_SECONDS = 0.01

Finished = Callable[[Order, "EdgeError | None"], None]


@dataclass(order=True)
class Waiting:
    """An order and when its next step is due (monotonic seconds); ties by who came first."""

    due: float
    number: int
    order: Order = field(compare=False)


def run_orders(
    orders: Iterable[Order], *, budget: Budget, workers: int, finished: Finished
) -> None:
    """Step all orders to their ends; ``finished`` is called for each, by this thread."""
    clock = budget.clock
    waiting = [Waiting(clock.monotonic(), n, order) for n, order in enumerate(orders)]
    number = len(waiting)
    running: dict[Future[float | None], Order] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        while waiting or running:
            while waiting and len(running) < workers and waiting[0].due <= clock.monotonic():
                order = heapq.heappop(waiting).order
                running[pool.submit(order.step)] = order
            for order, pause in _collect(waiting, running, budget=budget, finished=finished):
                number += 1
                heapq.heappush(waiting, Waiting(clock.monotonic() + pause, number, order))


def _collect(
    waiting: list[Waiting],
    running: dict[Future[float | None], Order],
    *,
    budget: Budget,
    finished: Finished,
) -> list[tuple[Order, float]]:
    """Wait until a step has ended or one is due; the orders that go on, with their pauses."""
    clock = budget.clock
    pause = max(waiting[0].due - clock.monotonic(), SHORTEST_WAIT_SECONDS) if waiting else None
    if not running:
        clock.sleep(pause or 0.0)
        return []
    ended, _unused = wait(running, timeout=pause, return_when=FIRST_COMPLETED)
    going_on = []
    for future in ended:
        order = running.pop(future)
        seconds = _outcome(order, future, budget=budget, finished=finished)
        if seconds is not None:
            going_on.append((order, seconds))
    return going_on


def _outcome(
    order: Order, future: Future[float | None], *, budget: Budget, finished: Finished
) -> float | None:
    try:
        seconds = future.result()
        if seconds is not None and not budget.allows(seconds):
            raise TooSlow(
                f"{order.client.authority.name} has not finished the order for "
                f"{order.lineage.label} in time; the next run goes on with it"
            )
    except EdgeError as error:
        order.give_up()
        finished(order, error)
        return None
    if seconds is None:
        finished(order, None)
    return seconds
