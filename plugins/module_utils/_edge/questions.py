# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many questions to few addresses, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Protocol, TypeVar, Union

from .._core.errors import Unavailable, Unreachable

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 32


class Question(Protocol):
    """Something to be asked of an address; hashable."""

    @property
    def address(self) -> str:
        """Whom it is asked."""


Q = TypeVar("Q", bound=Question)
Answer = Union[R, Unavailable]


def together(function: Callable[[T], R], items: Iterable[T]) -> tuple[R, ...]:
    """The results in the order of the items; the first exception is raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return tuple(pool.map(function, items))


def ask_each(questions: Sequence[Q], ask: Callable[[Q], R]) -> Mapping[Q, Answer[R]]:
    """The answer to each question, or why there is none.

    An address that cannot be connected to is asked once only: the wait would be the same for each
    of its questions, and there may be thousands.
    """

    def attempt(question: Q) -> Answer[R]:
        try:
            return ask(question)
        except Unavailable as error:
            return error

    openings = list({question.address: question for question in reversed(questions)}.values())
    found = dict(zip(openings, together(attempt, openings)))
    dead = {
        question.address: answer
        for question, answer in found.items()
        if isinstance(answer, Unreachable)
    }
    rest = [question for question in questions if question not in found]
    found.update({each: dead[each.address] for each in rest if each.address in dead})
    alive = [question for question in rest if question.address not in dead]
    found.update(zip(alive, together(attempt, alive)))
    return found
