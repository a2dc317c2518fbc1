# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site's raw lines act for that site alone."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.rules import (
    NotConditional,
    parse_rule,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.text import Line
from hypothesis import given
from hypothesis import strategies as st

SITE = "{ var(txn.site) -m str shop }"
ACLS = ("a", "b", "c")


def held(text: str, acls: tuple[str, ...] = ()) -> str:
    """The line that acts for the site."""
    return str(parse_rule(Line.parse(text)).under("shop", acls))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("http-request deny", f"http-request deny if {SITE}", id="no-condition"),
        pytest.param("redirect prefix /x if a", f"redirect prefix /x if {SITE} a", id="one-term"),
        pytest.param(
            "http-request deny if a b or c",
            f"http-request deny if {SITE} a b or {SITE} c",
            id="each-clause",
        ),
        pytest.param(
            "http-request deny if a || !{ path /x }",
            f"http-request deny if {SITE} a or {SITE} ! {{ path /x }}",
            id="other-or",
        ),
        pytest.param(
            "http-request deny unless a b",
            f"http-request deny if {SITE} ! a or {SITE} ! b",
            id="unless-all",
        ),
        pytest.param(
            "http-request deny unless a or !b",
            f"http-request deny if {SITE} ! a b",
            id="unless-any",
        ),
        pytest.param(
            "http-request deny if ! ! a", f"http-request deny if {SITE} a", id="twice-not"
        ),
        pytest.param(
            "http-request set-header X if if { hdr(a) -m str or if }",
            f"http-request set-header X if if {SITE} {{ hdr(a) -m str or if }}",
            id="if-as-a-value",
        ),
        pytest.param(
            'http-request set-header X "a b" # why',
            f'http-request set-header X "a b" if {SITE} # why',
            id="quotes-and-comment",
        ),
    ],
)
def test_the_test_of_the_site_is_before_every_clause(line: str, expected: str) -> None:
    """Sources stay as the user wrote them."""
    assert held(line) == expected


def test_acls_of_a_site_are_its_own() -> None:
    """Two sites with an ACL of one name would share it otherwise."""
    assert held("acl admin path_beg /admin") == "acl shop:admin path_beg /admin"
    assert held("http-request deny if admin !x", ("admin",)).endswith("shop:admin ! x")


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("option httplog", "cannot be held"),
        ("bind :81", "cannot be held"),
        ("tcp-request content reject", "cannot be held"),
        ("no http-request deny", "cannot be held"),
        ("# only a comment", "cannot be held"),
        ("acl x", "name and a test"),
        ("http-request deny if", "empty"),
        ("http-request deny if a or", "empty"),
        ("http-request deny if or { always_true }", "empty"),
        ("http-request deny if { path /x", "not closed"),
        ("http-request deny unless " + " or ".join(["a b c d"] * 4), "turned round"),
    ],
)
def test_what_cannot_be_held_to_a_site_is_refused(line: str, cause: str) -> None:
    """Rather than let it act on the others."""
    with pytest.raises(NotConditional, match=cause):
        parse_rule(Line.parse(line))


TERMS = st.tuples(st.sampled_from(ACLS), st.booleans())
CONDITIONS = st.lists(st.lists(TERMS, min_size=1, max_size=3), min_size=1, max_size=3)


def evaluate(text: str, truth: dict[str, bool]) -> bool:
    """What HAProxy makes of a condition of names: clauses of terms, `!` before a term."""
    words = text.replace("! ", "!").split()
    clauses = [list(group) for is_or, group in itertools.groupby(words, "or".__eq__) if not is_or]
    return any(all(truth[word.lstrip("!")] != word.startswith("!") for word in c) for c in clauses)


@given(CONDITIONS, st.sampled_from(["if", "unless"]))
def test_a_rule_means_what_it_meant_and_only_on_its_site(
    condition: list[list[tuple[str, bool]]], keyword: str
) -> None:
    """For every truth of its terms; on another site it never acts."""
    clauses = (" ".join(f"{'!' * negated}{name}" for name, negated in c) for c in condition)
    text = " or ".join(clauses)
    line = held(f"http-request deny {keyword} {text}").replace(SITE, "site")
    for values in itertools.product([True, False], repeat=len(ACLS)):
        truth = dict(zip(ACLS, values))
        wanted = evaluate(text, truth) == (keyword == "if")
        condition_text = line.partition(" if ")[2]
        assert evaluate(condition_text, {**truth, "site": True}) == wanted
        assert not evaluate(condition_text, {**truth, "site": False})
