# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight of a run that nobody watches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Held, Verdict
from ansible_collections.hitless.edge.plugins.module_utils._acme.survey import Found
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import HttpAnswer
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import parse_chain
from ansible_collections.hitless.edge.plugins.module_utils._renewal.fitness import (
    Fitness,
    check_fitness,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import (
    Account,
    Balancer,
    Settings,
)
from fakes import NOON, FakeHost
from minted import mint

SETTINGS = Settings(
    *("lb1", "/home", (), (), Account("t" * 43, {}), None, ("lb1",)),
    balancers=(Balancer("lb1", ("192.0.2.11",)), Balancer("lb2", ("192.0.2.12",))),
)
BOTH = ("192.0.2.11", "192.0.2.12")
PAIR = Lineage("a.test", KeyType.ECDSA, ("a.test", "b.test"))


def found(lineage: Lineage, *covered: str, days_left: int = 29) -> Found:
    """Due, with a certificate for these names, if any."""
    if not covered:
        return Found(lineage, None, None, Verdict(True, "absent"))
    leaf = parse_chain("".join(mint(*covered).chain), "minted")[0]
    end = NOON + timedelta(days=days_left)
    held = Held(replace(leaf, not_before=end - timedelta(days=90), not_after=end), None)
    return Found(lineage, held, None, Verdict(True, "due"))


def host(**names: tuple[str, ...]) -> FakeHost:
    """A host for which these names (with _ for .) resolve, and two balancers that answer."""
    host = FakeHost()
    host.network.names = {name.replace("_", "."): found for name, found in names.items()}
    for address in BOTH:
        host.network.web[address, 80] = lambda _host, path: HttpAnswer(
            200, {}, f"{path.rpartition('/')[2]}.{'t' * 43}".encode()
        )
    return host


def names(fitness: Fitness) -> list[tuple[str, ...]]:
    return [item.lineage.domains for item in fitness.orders]


def test_what_all_answer_for_is_ordered_as_wished() -> None:
    """Nothing is taken from it."""
    item = found(PAIR)
    fitness = check_fitness(host(a_test=BOTH, b_test=BOTH).ports, SETTINGS, [item])
    assert fitness == Fitness((item,))


def test_a_name_that_leads_elsewhere_is_left_out() -> None:
    """The rest is ordered, if it loses nothing that is served."""
    item = found(PAIR, "a.test")
    item = replace(item, verdict=Verdict(True, "expires"), lineage=PAIR)
    away = host(a_test=BOTH, b_test=("198.51.100.7",))
    fitness = check_fitness(away.ports, SETTINGS, [item])
    assert names(fitness) == [("a.test",)]
    assert "a.test does without a name: b.test resolves to 198.51.100.7" in fitness.left_out[0]
    assert fitness.deferred == {}


def test_a_certificate_that_has_just_the_fit_names_is_not_ordered_again() -> None:
    """Or it would be ordered at every run until somebody corrects DNS."""
    item = found(PAIR, "a.test", days_left=80)
    away = host(a_test=BOTH, b_test=("198.51.100.7",))
    fitness = check_fitness(away.ports, SETTINGS, [item])
    assert (fitness.orders, fitness.deferred, len(fitness.left_out)) == ((), {}, 1)
    forced = check_fitness(away.ports, SETTINGS, [item], forced=("a.test",))
    assert names(forced) == [("a.test",)]


@pytest.mark.parametrize(
    ("days_left", "ordered"),
    [pytest.param(29, [], id="time left"), pytest.param(14, [("a.test",)], id="near its end")],
)
def test_a_served_name_is_given_up_only_near_the_end(
    days_left: int, ordered: list[tuple[str, ...]]
) -> None:
    """Until then the present certificate serves on."""
    item = found(PAIR, "a.test", "b.test", days_left=days_left)
    away = host(a_test=BOTH, b_test=("198.51.100.7",))
    fitness = check_fitness(away.ports, SETTINGS, [item])
    assert names(fitness) == ordered
    assert ("a.test" in fitness.deferred) is (not ordered)


def test_a_balancer_that_is_dead_stops_nothing() -> None:
    """The other one answers; if both are dead there is nobody to answer a CA."""
    half = host(a_test=BOTH, b_test=BOTH)
    del half.network.web["192.0.2.12", 80]
    assert names(check_fitness(half.ports, SETTINGS, [found(PAIR)])) == [PAIR.domains]
    del half.network.web["192.0.2.11", 80]
    fitness = check_fitness(half.ports, SETTINGS, [found(PAIR)])
    assert fitness.orders == ()
    assert "no connection to 192.0.2.11" in fitness.deferred["a.test"]


@pytest.mark.parametrize(
    ("days_left", "ordered"),
    [pytest.param(16, [], id="time left"), pytest.param(14, [PAIR.domains], id="near its end")],
)
def test_near_the_end_silence_is_no_reason_to_let_it_expire(
    days_left: int, ordered: list[tuple[str, ...]]
) -> None:
    """It may be that just this host is cut off; the CA is asked, who sees for itself."""
    alone = host(a_test=BOTH, b_test=BOTH)
    alone.network.web.clear()
    item = found(PAIR, "a.test", "b.test", days_left=days_left)
    assert names(check_fitness(alone.ports, SETTINGS, [item])) == ordered


@pytest.mark.parametrize(
    ("days_left", "ordered"),
    [pytest.param(16, [], id="time left"), pytest.param(14, [PAIR.domains], id="near its end")],
)
def test_near_the_end_a_certificate_without_any_fit_name_is_ordered_whole(
    days_left: int, ordered: list[tuple[str, ...]]
) -> None:
    """A preflight that errs lets no certificate expire; what it found is told beside the order."""
    wrong = host(a_test=BOTH, b_test=("198.51.100.7",))
    wrong.network.web["192.0.2.11", 80] = lambda _host, _path: HttpAnswer(404, {}, b"")
    del wrong.network.web["192.0.2.12", 80]
    item = found(PAIR, "a.test", "b.test", days_left=days_left)
    fitness = check_fitness(wrong.ports, SETTINGS, [item])
    assert names(fitness) == ordered
    told = fitness.left_out if ordered else tuple(fitness.deferred.values())
    assert "404" in told[0]
    assert "b.test resolves to 198.51.100.7" in told[0]
    assert ("near its end, so it is ordered although" in told[0]) is bool(ordered)


def test_near_the_end_the_names_that_are_fit_are_ordered_without_the_others() -> None:
    """A name that seems wrong would have the order of all of them refused."""
    away = host(a_test=BOTH, b_test=("198.51.100.7",))
    item = found(PAIR, "a.test", "b.test", days_left=1)
    assert names(check_fitness(away.ports, SETTINGS, [item])) == [("a.test",)]


def test_a_first_certificate_is_not_ordered_against_the_preflight() -> None:
    """There is none that could expire."""
    away = host(a_test=("198.51.100.7",), b_test=("198.51.100.7",))
    assert names(check_fitness(away.ports, SETTINGS, [found(PAIR)])) == []


def test_a_balancer_whose_name_does_not_resolve_stops_nothing() -> None:
    """A fault of one host's DNS is no reason to let certificates of the others expire."""
    named = (Balancer("lb1", ("192.0.2.11",)), Balancer("lb2", ("lb2.test",)))
    settings = replace(SETTINGS, balancers=named)
    one = host(a_test=("192.0.2.11",), b_test=("192.0.2.11",))
    assert names(check_fitness(one.ports, settings, [found(PAIR)])) == [PAIR.domains]


def test_both_key_types_are_judged_together() -> None:
    """The names are asked for once; each is ordered."""
    items = [found(PAIR, "a.test", "b.test"), found(replace(PAIR, key_type=KeyType.RSA))]
    fitness = check_fitness(host(a_test=BOTH, b_test=BOTH).ports, SETTINGS, items)
    assert [item.lineage.key_type for item in fitness.orders] == [KeyType.ECDSA, KeyType.RSA]


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, preflight=False), replace(SETTINGS, account=None)],
    ids=["switched off", "no account"],
)
def test_without_a_preflight_all_is_ordered(settings: Settings) -> None:
    """Nobody is asked."""
    item = found(PAIR)
    assert check_fitness(FakeHost().ports, settings, [item]) == Fitness((item,))
