# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import (
    SELF_SIGNED,
    Facts,
    Held,
    Rules,
    Verdict,
    is_near_end,
    judge,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    KeyType,
    generate_key,
    self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate, parse_chain
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st

DIRECTORY = "https://ca.test/directory"
RULES = Rules(NOON, (DIRECTORY,))
WISH = Lineage("a.test", KeyType.ECDSA, ("a.test", "b.test"))
FACTS = Facts("ca", DIRECTORY, None, None, NOON)


def certificate(age: timedelta, lifetime: timedelta) -> Certificate:
    """A leaf that began this long ago."""
    return Certificate(
        pem="",
        names=("b.test", "a.test"),
        not_before=NOON - age,
        not_after=NOON - age + lifetime,
        fingerprint="AA",
        serial=1,
        issuer="ca",
        subject="",
        authority_key_identifier=b"x",
    )


FRESH = Held(certificate(timedelta(days=1), timedelta(days=90)), FACTS)
DAYS = st.integers(1, 400).map(lambda days: timedelta(days=days))


def test_an_absent_certificate_is_due() -> None:
    """Nothing held."""
    assert judge(WISH, None, None, RULES).reason == "absent"


def test_a_fresh_certificate_is_not_due_and_says_from_when() -> None:
    """The order of the names is of no meaning."""
    verdict = judge(WISH, FRESH, None, RULES)
    assert not verdict.is_due
    assert "renewal from 2027-01-20" in verdict.reason


@pytest.mark.parametrize(
    ("wish", "facts", "reason"),
    [
        (
            replace(WISH, domains=("a.test", "c.test")),
            FACTS,
            "names differ: c.test is new, b.test is no longer wished",
        ),
        (replace(WISH, profile="short"), FACTS, "profile differs: the default -> short"),
        (replace(WISH, preferred_chain="X2"), FACTS, "preferred chain differs: the default -> X2"),
        (WISH, replace(FACTS, directory="https://o"), "its CA ca is no longer listed"),
    ],
    ids=["names", "profile", "chain", "issuer"],
)
def test_a_difference_is_due_with_its_reason(wish: Lineage, facts: Facts, reason: str) -> None:
    """What differs from the wish is named."""
    verdict = judge(wish, replace(FRESH, facts=facts), None, RULES)
    assert verdict.is_due
    assert verdict.reason == reason


def test_a_self_signed_certificate_is_due_whatever_is_noted_of_it() -> None:
    """The leaf says it itself; where such a one is wished it is none of another source."""
    key = generate_key(KeyType.ECDSA)
    made = self_signed(key, WISH.domains, now=NOON, lifetime=timedelta(days=90))
    (leaf,) = parse_chain(made, "made")
    for facts in (None, FACTS):
        verdict = judge(WISH, Held(leaf, facts), None, RULES)
        assert verdict == Verdict(True, "it is self-signed, which no client trusts")
    noted = Held(leaf, replace(FACTS, directory=SELF_SIGNED))
    assert not judge(WISH, noted, None, Rules(NOON, (SELF_SIGNED,))).is_due
    of_ca = judge(WISH, FRESH, None, Rules(NOON, (SELF_SIGNED,)))
    assert of_ca == Verdict(True, "issued by ca, and a self-signed one is wished")


def test_many_differing_names_are_shortened() -> None:
    """A reason stays one line."""
    wish = replace(WISH, domains=tuple(f"{n}.test" for n in range(50)))
    assert judge(wish, FRESH, None, RULES).reason.endswith("and 49 more")


def test_without_facts_only_the_certificate_counts() -> None:
    """A certificate that came by another way is kept."""
    assert not judge(replace(WISH, profile="x"), replace(FRESH, facts=None), None, RULES).is_due


def test_force_says_so() -> None:
    """Forced is the reason where there is no other."""
    assert judge(WISH, FRESH, None, replace(RULES, force=True)).reason == "forced"


@given(DAYS, DAYS)
def test_due_begins_with_a_third_of_the_lifetime_left(age: timedelta, lifetime: timedelta) -> None:
    """A third left, or half for those that live under ten days; and never ends after that."""
    held = Held(certificate(age, lifetime), FACTS)
    reserve = lifetime / 2 if lifetime < timedelta(days=10) else lifetime / 3
    assert judge(WISH, held, None, RULES).is_due == (lifetime - age <= reserve)


@given(DAYS, DAYS, st.integers(-500, 500))
def test_the_moment_of_the_ca_decides_unless_the_end_is_near(
    age: timedelta, lifetime: timedelta, days: int
) -> None:
    """Before its moment it is due only when near its end, after it always."""
    held = Held(certificate(age, lifetime), FACTS)
    moment = NOON + timedelta(days=days)
    expected = moment <= NOON or is_near_end(held.leaf, NOON)
    assert judge(WISH, held, moment, RULES).is_due == expected


@given(DAYS, DAYS, st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)))
def test_an_expired_certificate_is_always_due(
    age: timedelta, lifetime: timedelta, moment: datetime | None
) -> None:
    """Whatever the CA says."""
    held = Held(certificate(age + lifetime, lifetime), FACTS)
    aware = moment.replace(tzinfo=NOON.tzinfo) if moment else None
    assert judge(WISH, held, aware, RULES).reason.startswith("expired at")


@given(DAYS, DAYS)
def test_what_is_near_its_end_is_due(age: timedelta, lifetime: timedelta) -> None:
    """The end is near only after renewal began."""
    held = Held(certificate(age, lifetime), FACTS)
    assert judge(WISH, held, None, RULES).is_due or not is_near_end(held.leaf, NOON)
