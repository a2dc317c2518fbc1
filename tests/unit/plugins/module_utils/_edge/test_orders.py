# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order is made for as many names as are fit, and never costs a name that is served."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._edge.orders import (
    Due,
    Orders,
    parse_due,
    plan_orders,
)

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
REASONS = {"bad": "bad points elsewhere"}


def due(domains: str, covered: str = "", *, left: int = 30) -> Due:
    """A wish; its present certificate lives for 90 days and has so many left."""
    names = tuple(domains.split())
    end = NOW + timedelta(days=left)
    wish = {"name": "site", "domains": list(names), "profile": "tlsserver"}
    return Due("site", names, wish, tuple(covered.split()), end - timedelta(days=90), end)


@pytest.mark.parametrize(
    ("one", "ordered", "deferred"),
    [
        pytest.param(due("a b"), "a b", "", id="all fit"),
        pytest.param(due("bad"), "", "bad", id="none fit"),
        pytest.param(due("a bad"), "a", "bad", id="first certificate: for the rest"),
        pytest.param(due("a bad", "a"), "a", "bad", id="name added: nothing is lost"),
        pytest.param(due("a b bad", "a"), "a b", "bad", id="two names added: one is gained"),
        pytest.param(due("a bad", "a bad"), "", "a bad", id="renewal: the present one serves on"),
        pytest.param(due("a bad", "a bad", left=14), "a", "bad", id="renewal: near its end"),
        pytest.param(due("a bad", "a bad", left=15), "", "a bad", id="renewal: a sixth is left"),
        pytest.param(due("bad", "bad", left=1), "", "bad", id="near its end and none fit"),
    ],
)
def test_orders_take_what_they_can_and_lose_nothing(one: Due, ordered: str, deferred: str) -> None:
    """Whoever is in the order or left out of it is exactly this."""
    orders = plan_orders([one], REASONS, NOW)
    assert [wish["domains"] for wish in orders.wishes] == ([ordered.split()] if ordered else [])
    assert [" ".join(each.domains) for each in orders.deferred] == ([deferred] if deferred else [])
    assert all(each.reason == REASONS["bad"] for each in orders.deferred)


def test_one_bad_domain_does_not_touch_the_other_certificates() -> None:
    """The others go on."""
    orders = plan_orders([due("bad"), due("a"), due("b c")], REASONS, NOW)
    assert [wish["domains"] for wish in orders.wishes] == [["a"], ["b", "c"]]


def test_the_rest_of_the_wish_is_handed_on() -> None:
    """Key types, profile and whatever comes later belong to the order."""
    value: list[dict[str, Any]] = [
        {
            "name": "site",
            "domains": ["a"],
            "key_types": ["rsa"],
            "covered": ["a"],
            "not_before": "2026-10-01T00:00:00Z",
            "not_after": "2026-12-30T00:00:00+00:00",
        }
    ]
    (one,) = parse(value, "certificates", parse_due)
    assert one.covered == ("a",)
    assert one.not_after == datetime(2026, 12, 30, tzinfo=timezone.utc)
    assert plan_orders([one], {}, NOW).wishes == (
        {"name": "site", "domains": ["a"], "key_types": ["rsa"]},
    )


@pytest.mark.parametrize("source", ["provided", "selfsigned"])
def test_what_no_ca_validates_is_had_in_any_case(source: str) -> None:
    """Its domains may lead anywhere, and are not asked about."""
    wish = {"name": "a", "domains": ["bad"], "source": source}
    (one,) = parse([wish], "certificates", parse_due)
    assert one.validated == ()
    assert plan_orders([one], REASONS, NOW) == Orders((wish,), ())


@pytest.mark.parametrize(
    ("at_once", "ordered", "deferred"),
    [(["ecdsa", "rsa"], ["ecdsa", "rsa"], 0), (["rsa"], ["rsa"], 1), ([], None, 1)],
    ids=["all kinds", "one kind", "none"],
)
def test_what_is_on_the_host_is_had_though_a_domain_is_unfit(
    at_once: list[str], ordered: list[str] | None, deferred: int
) -> None:
    """The kinds for which a CA would be asked are left out, and told of."""
    wish = {"name": "a", "domains": ["bad"], "key_types": ["ecdsa", "rsa"]}
    due = parse([{**wish, "at_once": at_once}], "certificates", parse_due)
    orders = plan_orders(due, REASONS, NOW)
    assert list(orders.wishes) == ([{**wish, "key_types": ordered}] if ordered else [])
    assert len(orders.deferred) == deferred


@pytest.mark.parametrize("moment", ["soon", "2026-12-30T00:00:00"])
def test_a_time_that_is_none_is_named_with_its_path(moment: str) -> None:
    """A naive time would be wrong by the zone."""
    with pytest.raises(InvalidInput, match=r"certificates\[0\]\.not_after"):
        parse([{"name": "a", "domains": ["a"], "not_after": moment}], "certificates", parse_due)
