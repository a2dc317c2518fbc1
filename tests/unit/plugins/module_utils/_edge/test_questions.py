# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many questions at once, none of them twice to a dead address."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Unavailable,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._edge.questions import (
    ask_each,
    together,
)


@dataclass(frozen=True)
class Question:
    """Something asked of an address."""

    address: str
    text: str


def test_results_keep_the_order_of_the_items() -> None:
    """Whoever zips them with the items must be right."""
    assert together(lambda number: number * 2, range(100)) == tuple(range(0, 200, 2))


def test_an_exception_that_is_no_answer_is_raised() -> None:
    """A defect must not look like a silent balancer."""
    with pytest.raises(ZeroDivisionError):
        ask_each([Question("a", "x")], lambda _question: 1 / 0)


def test_a_dead_address_is_asked_once_and_answers_all_its_questions() -> None:
    """A thousand domains on a dead balancer wait for one timeout, not for a thousand."""
    asked: list[Question] = []

    def ask(question: Question) -> str:
        asked.append(question)
        if question.address == "dead":
            raise Unreachable("no route")
        return question.text

    questions = [Question(where, str(number)) for number in range(50) for where in ("live", "dead")]
    answers = ask_each(questions, ask)
    assert len([question for question in asked if question.address == "dead"]) == 1
    assert len(asked) == 51
    for question in questions:
        if question.address == "live":
            assert answers[question] == question.text
        else:
            assert isinstance(answers[question], Unreachable)


def test_an_address_that_refuses_one_question_is_asked_the_others() -> None:
    """A TLS alert for one name says nothing of the next name."""

    def ask(question: Question) -> str:
        if question.text == "0":
            raise Unavailable("alert")
        return question.text

    questions = [Question("live", str(number)) for number in range(3)]
    answers = ask_each(questions, ask)
    assert isinstance(answers[questions[0]], Unavailable)
    assert [answers[question] for question in questions[1:]] == ["1", "2"]
