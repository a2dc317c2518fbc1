# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users bring is judged before any host is touched, watched, and given to who lacks it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._edge.lineages import (
    bundles,
    lineages,
    problems,
)
from ansible_collections.hitless.edge.plugins.module_utils._edge.provided import (
    Inspection,
    contents,
    inspect,
    results,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse as parse_bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    KeyType,
    generate_key,
    self_signed,
)
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st
from minted import Minted, mint

DAY = timedelta(days=1)
KEY = generate_key(KeyType.ECDSA)
FAR = NOON + 365 * DAY
A, A_RSA = mint("a.test", not_after=FAR), mint("a.test", kind=KeyType.RSA, not_after=FAR)


def wish(name: str = "a.test", *kinds: str, **options: Any) -> dict[str, Any]:
    """A wished certificate of its own name that is to be provided."""
    wished = {"name": name, "domains": [name], "key_types": list(kinds or ["ecdsa"])}
    return {**wished, "source": "provided", **options}


def living(days: float, *, name: str = "a.test") -> str:
    """A PEM that began at noon and lives for so long."""
    lifetime = timedelta(days=days) - timedelta(hours=1)
    return KEY + self_signed(KEY, [name], now=NOON + timedelta(hours=1), lifetime=lifetime)


def faults(variable: Any, *wishes: dict[str, Any], now: datetime = NOON) -> dict[str, str]:
    """Path -> all that is wrong there."""
    told: dict[str, str] = {}
    for fault in inspect(variable, list(wishes), now).faults:
        told[fault.path] = f"{told.get(fault.path, '')}{fault.cause}; {fault.remedy}\n"
    return told


@pytest.mark.parametrize(
    ("variable", "wishes"),
    [
        ({"a.test": A.pem}, [wish()]),
        ({"a.test": [A.pem]}, [wish()]),
        ({"a.test": [A_RSA.pem, A.pem]}, [wish("a.test", "ecdsa", "rsa")]),
        ({"a.test": "".join([*A.chain, A.key])}, [wish()]),
        (None, [wish(source="acme"), wish("b.test", source="selfsigned")]),
        ({}, []),
    ],
    ids=["text", "list", "two kinds", "key last", "none wished", "nothing"],
)
def test_what_fits_is_right(variable: Any, wishes: list[dict[str, Any]]) -> None:
    """No fault, no warning."""
    assert inspect(variable, wishes, NOON) == Inspection(())


@pytest.mark.parametrize(
    ("variable", "wished", "path", "words"),
    [
        (None, wish(), "", 'holds nothing for the certificate "a.test"'),
        ({"a.test": []}, wish(), ".a.test", "holds no PEM"),
        ({"a.test": 5}, wish(), ".a.test", "is not a list"),
        ({"a.test": [5]}, wish(), ".a.test[0]", "is not the text of a PEM"),
        ({"a.test": "secret"}, wish(), ".a.test", "holds 0 private keys"),
        ({"a.test": A.key}, wish(), ".a.test", "holds no certificate"),
        ({"a.test": "".join(A.chain)}, wish(), ".a.test", "holds 0 private keys"),
        ({"a.test": A.pem}, wish("a.test", "rsa"), ".a.test", 'say "key_types: [ecdsa]"'),
        (
            {"a.test": [A.pem, A_RSA.pem]},
            wish(),
            ".a.test[1]",
            'say "key_types: [ecdsa, rsa]"',
        ),
        ({"a.test": [A.pem, A.pem]}, wish(), ".a.test[1]", "is the second PEM"),
        ({"a.test": A.pem}, wish(domains=["a.test", "b.test"]), ".a.test", "cover b.test"),
        ({"a.test": Minted(KEY, A.chain).pem}, wish(), ".a.test", "key does not match"),
        ({"a.test": A.key + "".join(A.chain[::-1])}, wish(), ".a.test", "key does not match"),
        ({"a.tst": A.pem}, wish(), ".a.tst", 'did you mean "a.test"?'),
        ({"a.test": A.pem, "x": A.pem}, wish(), ".x", "remove it"),
        ([A.pem], wish(), "", "is not a mapping"),
    ],
)
def test_a_fault_has_path_and_remedy(variable: Any, wished: Any, path: str, words: str) -> None:
    """And no byte of a key."""
    found = faults(variable, wished)
    assert words in found[f"certificates_provided{path}"]
    assert "BEGIN" not in str(found)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("moment", "words"),
    [(NOON - DAY, "is not valid before"), (NOON + 60 * DAY, "expired on")],
)
def test_what_is_not_valid_now_is_a_fault(moment: datetime, words: str) -> None:
    """With its date."""
    assert words in faults({"a.test": living(60)}, wish(), now=moment)[PATH]


PATH = "certificates_provided.a.test"


def test_all_faults_come_together_and_each_once() -> None:
    """A PEM that cannot be read is told once, although two key types want it."""
    found = inspect(
        {"a.test": ["x", A.pem], "b.test": A.pem},
        [wish("a.test", "ecdsa", "rsa"), wish("b.test"), wish("c.test")],
        NOON,
    ).faults
    assert [fault.path for fault in found] == [
        f"{PATH}[0]",
        "certificates_provided.b.test",
        "certificates_provided",
    ]


def test_a_faulty_wish_does_not_hide_a_damaged_pem() -> None:
    """It is told beside the faults of the wish."""
    (fault,) = inspect({"a.test": "x"}, None, NOON).faults
    assert fault.path == PATH


@pytest.mark.parametrize("source", ["acme", "certbot", "selfsigned"])
def test_another_source_is_one_line_of_change(source: str) -> None:
    """The PEM may stay where it is: it is not used, which is told and no fault."""
    found = inspect({"a.test": A.pem}, [wish(source=source)], NOON)
    assert found.faults == ()
    assert found.warnings == (f'{PATH} is not used: the source of that certificate is "{source}"',)
    assert results({"a.test": A.pem}, [wish(source=source)], NOON) == []


@pytest.mark.parametrize(
    ("lifetime", "warned", "problem"),
    [(398, 30, 15), (90, 30, 15), (47, 47 / 3, 47 / 6), (6, 3, 1.5)],
)
def test_its_end_is_watched(lifetime: float, warned: float, problem: float) -> None:
    """Days before its end: a third of its life, half of a short one, at most thirty."""
    variable, minute = {"a.test": living(lifetime)}, timedelta(minutes=1)
    end = NOON + lifetime * DAY
    seen = []
    for days in (warned, problem):
        for moment in (end - days * DAY - minute, end - days * DAY + minute):
            warnings = inspect(variable, [wish()], moment).warnings
            (one,) = results(variable, [wish()], moment)
            seen.append((len(warnings), one["action"]))
            assert f", {(end - moment).days} day" in one["reason"]
    assert seen == [(0, "valid"), (1, "valid"), (1, "valid"), (1, "deferred")]


def test_the_shortest_part_of_a_chain_counts() -> None:
    """The intermediate of a company's CA may end first."""
    chain = parse_bundle(A.pem, name="a", path="a").chain
    (one,) = results({"a.test": A.pem}, [wish()], chain[1].not_after - 10 * DAY)
    assert (one["action"], "10 days left" in one["reason"]) == (
        ("deferred", True) if chain[1].not_after < chain[0].not_after else ("failed", False)
    )


def test_a_result_is_like_that_of_any_source() -> None:
    """What comes next sees no difference: delivered and probed by fingerprint, told if late."""
    late = NOON + 300 * DAY
    variable = {"a.test": living(310), "b.test": living(3650, name="b.test")}
    wishes = [wish(), wish("b.test"), wish("c.test")]
    found = lineages(wishes, results(variable, wishes, late), [])
    prints = [bundle.get("fingerprint") for bundle in bundles(found)]
    assert [bool(one) for one in prints] == [True, True, False]
    told = problems(found, [])
    assert told[0] == (
        "a.test (ecdsa): provided, valid until 2027-09-28 12:00 UTC, 10 days left;"
        " put its successor into certificates_provided"
    )
    assert 'holds nothing for the certificate "c.test"' in told[1]
    assert len(told) == 2


def test_a_result_holds_no_key() -> None:
    """It is registered, shown and logged."""
    told = json.dumps(results({"a.test": [A.pem, "x"]}, [wish()], NOON))
    assert "PRIVATE" not in told
    assert A.key.split("\n")[1] not in told


def test_contents_are_given_for_what_is_lacking_alone() -> None:
    """Chosen by fingerprint, so that a bundle of the store is never taken for one of these."""
    variable = {"a.test": [A.pem, A_RSA.pem]}
    wanted = [
        {"name": "a.test", "key_type": "ecdsa", "fingerprint": A.fingerprint},
        {"name": "a.test", "key_type": "rsa", "fingerprint": A_RSA.fingerprint},
        {"name": "b.test", "key_type": "ecdsa", "fingerprint": "0" * 64},
        {"name": "c.test", "key_type": "ecdsa"},
    ]
    lacking = [["a.test", "rsa"], ["b.test", "ecdsa"], ["c.test", "ecdsa"]]
    assert contents(variable, wanted, lacking) == [
        {"name": "a.test", "key_type": "rsa", "pem": A_RSA.pem}
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.just(A.pem),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
)
def test_whatever_stands_there_ends_in_faults_or_in_results(variable: Any) -> None:
    """No other exception, for anything that YAML can say."""
    wishes = [wish(), wish("b.test", source="acme")]
    assert isinstance(inspect(variable, wishes, datetime.now(timezone.utc)), Inspection)
    assert len(results(variable, wishes, NOON)) == 1
