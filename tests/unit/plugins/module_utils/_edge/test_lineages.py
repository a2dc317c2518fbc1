# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step of a run gets what the step before found out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._edge.lineages import (
    NOT_YET_ISSUED,
    bundles,
    due,
    lineages,
    problems,
    wanted,
)

Data = dict[str, Any]


def wish(name: str, *domains: str, key_types: tuple[str, ...] = ("ecdsa",)) -> Data:
    """A wished certificate."""
    return {"name": name, "domains": list(domains or [name]), "key_types": list(key_types)}


def result(name: str, action: str, *, covered: str = "", kind: str = "ecdsa", **more: Any) -> Data:
    """What became of it; there is a certificate if it covers something."""
    held = {
        "fingerprint": f"{name}-{kind}".upper(),
        "not_before": "2026-10-01T00:00:00+00:00",
        "not_after": "2026-12-30T00:00:00+00:00",
    }
    return {
        "name": name,
        "key_type": kind,
        "domains": covered.split() or [name],
        "covered": covered.split(),
        "action": action,
        "reason": "because",
        "error": None,
        "retry_at": None,
        **(held if covered else dict.fromkeys(held)),
        **more,
    }


def test_what_check_mode_would_issue_is_due() -> None:
    """With what its present certificate covers, so that a preflight can weigh it."""
    wishes = [wish("a"), wish("b", "b", "c"), wish("d")]
    checked = [
        result("a", "valid", covered="a"),
        result("b", "would_issue", covered="b"),
        result("d", "would_issue"),
    ]
    assert due(lineages(wishes, checked, [])) == [
        {
            **wishes[1],
            "covered": ["b"],
            "not_before": "2026-10-01T00:00:00+00:00",
            "not_after": "2026-12-30T00:00:00+00:00",
        },
        wishes[2],
    ]


def test_of_two_key_types_one_that_is_due_is_enough_and_the_first_end_counts() -> None:
    """The pair belongs to one wish; the wish is listed once."""
    both = wish("a", key_types=("ecdsa", "rsa"))
    checked = [
        result("a", "valid", covered="a"),
        result("a", "would_issue", covered="a b", kind="rsa", not_after="2026-12-01T00:00:00Z"),
    ]
    (one,) = due(lineages([both], checked, []))
    assert one["covered"] == ["a", "b"]
    assert one["not_after"] == "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(
    ("checked", "source", "at_once"),
    [
        ({"ecdsa": "would_issue", "rsa": "would_issue"}, "acme", None),
        ({"ecdsa": "would_issue", "rsa": "valid"}, "certbot", None),
        ({"ecdsa": "would_issue", "rsa": "would_adopt"}, "acme", ["rsa"]),
        ({"ecdsa": "valid", "rsa": "would_adopt"}, "acme", ["ecdsa", "rsa"]),
        ({"ecdsa": "would_adopt", "rsa": "would_adopt"}, "acme", ["ecdsa", "rsa"]),
        ({"ecdsa": "would_issue", "rsa": "would_issue"}, "selfsigned", ["ecdsa", "rsa"]),
    ],
)
def test_what_no_ca_is_asked_for_is_had_at_once(
    checked: Data, source: str, at_once: list[str] | None
) -> None:
    """A preflight has nothing to say about it; what nobody asks for needs no word."""
    both = {**wish("a", key_types=("ecdsa", "rsa")), "source": source}
    results = [result("a", action, kind=kind) for kind, action in checked.items()]
    (one,) = due(lineages([both], results, []))
    assert one.get("at_once") == at_once


@pytest.mark.parametrize("done", ["would_adopt", "adopted"])
def test_what_is_taken_over_is_delivered_and_probed_as_it_is(done: str) -> None:
    """In check mode too: unlike that of an order, its fingerprint is known."""
    checked, issued = (result("a", action, covered="a") for action in ("would_adopt", done))
    found = lineages([wish("a")], [checked], [issued])
    assert bundles(found)[0]["fingerprint"] == "A-ECDSA"
    assert wanted(found)[0]["fingerprints"] == ["A-ECDSA"]
    assert problems(found, []) == []


@pytest.mark.parametrize(
    ("checked", "issued", "bundle"),
    [
        pytest.param(
            [result("a", "valid", covered="a")],
            [],
            {"domains": ["a"], "fingerprint": "A-ECDSA"},
            id="nothing due",
        ),
        pytest.param(
            [result("a", "would_issue")],
            [result("a", "issued", covered="a")],
            {"domains": ["a"], "fingerprint": "A-ECDSA"},
            id="issued",
        ),
        pytest.param(
            [result("a", "would_issue", covered="old")],
            [result("a", "would_issue", covered="old", domains=["a"])],
            {"domains": ["a"], "fingerprint": NOT_YET_ISSUED},
            id="check mode: a certificate that nobody has",
        ),
        pytest.param(
            [result("a", "would_issue", covered="old", domains=["a"])],
            [],
            {"domains": ["old"], "fingerprint": "A-ECDSA"},
            id="left out by the preflight: the present one",
        ),
        pytest.param(
            [result("a", "would_issue")],
            [result("a", "failed")],
            {"domains": ["a"]},
            id="failed and none there: whatever a balancer has stays",
        ),
        pytest.param(
            [result("a", "would_issue", covered="old")],
            [result("a", "failed", covered="old", domains=["a"])],
            {"domains": ["old"], "fingerprint": "A-ECDSA"},
            id="failed renewal: the present one",
        ),
        pytest.param([], [], {"domains": ["a"]}, id="nobody looked"),
    ],
)
def test_balancers_get_what_there_is(checked: list[Data], issued: list[Data], bundle: Data) -> None:
    """Never less than they have, and with the names that the certificate really has."""
    found = lineages([wish("a")], checked, issued)
    begins = {"not_before": "2026-10-01T00:00:00+00:00"}
    known = begins if bundle.get("fingerprint") == "A-ECDSA" else {}
    assert bundles(found) == [{"name": "a", "key_type": "ecdsa", **bundle, **known}]


@pytest.mark.parametrize(
    ("source", "told"),
    [("acme", True), ("certbot", True), ("provided", False), ("selfsigned", False)],
)
def test_of_certificates_of_a_ca_the_newer_one_wins(source: str, told: bool) -> None:
    """Balancers learn the beginning of the wanted one; what users bring is served as it is."""
    found = lineages([{**wish("a"), "source": source}], [result("a", "valid", covered="a")], [])
    assert ("not_before" in bundles(found)[0]) is told


def test_each_key_type_is_a_bundle() -> None:
    """Two files, each with a fingerprint of its own."""
    both = wish("a", key_types=("ecdsa", "rsa"))
    checked = [result("a", "valid", covered="a", kind=kind) for kind in ("ecdsa", "rsa")]
    found = lineages([both], checked, [])
    assert [bundle["fingerprint"] for bundle in bundles(found)] == ["A-ECDSA", "A-RSA"]
    assert wanted(found) == [{"name": "a", "domains": ["a"], "fingerprints": ["A-ECDSA", "A-RSA"]}]


def test_a_domain_that_the_certificate_lacks_is_wanted_but_not_issued() -> None:
    """It is shown as missing instead of compared with a certificate that does not have it."""
    found = lineages([wish("a", "a", "b")], [result("a", "would_issue", covered="a")], [])
    assert wanted(found) == [
        {"name": "a", "domains": ["a"], "fingerprints": ["A-ECDSA"]},
        {"name": "a", "domains": ["b"], "fingerprints": []},
    ]


def test_what_a_store_holds_can_stand_for_a_result() -> None:
    """A report looks at what is held without asking whether it is due."""
    held = {"name": "a", "key_type": "ecdsa", "fingerprint": "A", "domains": ["a"]}
    found = lineages([wish("a", "a", "b")], [held], [])
    assert due(found) == []
    assert wanted(found)[0] == {"name": "a", "domains": ["a"], "fingerprints": ["A"]}
    assert wanted(found)[1]["domains"] == ["b"]


def test_problems_are_told_once_each_in_words() -> None:
    """Domains left out, and orders that failed with the CA's words and the time of the next try."""
    issued = [
        result("a", "issued", covered="a"),
        result("b", "failed", error="the CA says no"),
        result("c", "failed", error="limited", retry_at="2026-11-23T00:00:00+00:00"),
    ]
    found = lineages([wish("a"), wish("b"), wish("c")], [], issued)
    deferred = [{"name": "d", "reason": "d points elsewhere"}] * 2
    assert problems(found, deferred) == [
        "d points elsewhere",
        "b (ecdsa): the CA says no",
        "c (ecdsa): limited; to be tried again at 2026-11-23T00:00:00+00:00",
    ]


def test_a_fleet_where_all_is_well_has_no_problem() -> None:
    """An empty list lets the play pass."""
    assert problems(lineages([wish("a")], [result("a", "valid", covered="a")], []), []) == []
