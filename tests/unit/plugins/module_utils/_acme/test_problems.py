# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Problem documents."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import (
    AcmeRefused,
    Problem,
    RateLimited,
)
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st


def test_a_problem_keeps_all_words() -> None:
    """Those of its parts as well."""
    document = {
        "type": "urn:ietf:params:acme:error:malformed",
        "detail": "some identifiers are bad",
        "subproblems": [
            {
                "type": "urn:ietf:params:acme:error:rejectedIdentifier",
                "detail": "forbidden by policy",
                "identifier": {"type": "dns", "value": "a.test"},
            }
        ],
    }
    assert str(Problem.from_json(document, 400)) == (
        "malformed: some identifiers are bad; a.test: rejectedIdentifier: forbidden by policy"
    )


def test_what_is_no_problem_document_keeps_its_first_words() -> None:
    """The page of a proxy."""
    problem = Problem.from_body(b"<html>\n  Bad   gateway\xff</html>", 502)
    assert problem.detail.startswith("<html> Bad gateway")
    assert problem.status == 502


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.one_of(
        json_values,
        st.fixed_dictionaries(
            {"type": json_values, "detail": json_values, "subproblems": json_values}
        ),
    )
)
def test_any_answer_becomes_a_problem(value: Any) -> None:
    """Whatever a server sends as an error has words."""
    assert str(Problem.from_json(value, 500))


def test_a_refusal_has_the_code_in_its_details() -> None:
    """For whoever reads the module's result."""
    refused = AcmeRefused("ca refused", Problem("caa", "forbidden", 403))
    assert refused.details == {"words": "caa: forbidden", "problem": "caa"}


@pytest.mark.parametrize("words", ["slow down", ""])
def test_a_limit_says_when_to_come_back(words: str) -> None:
    """In UTC."""
    assert str(RateLimited(words, NOON)).endswith("try again at 2026-11-22 12:00:00 UTC")
