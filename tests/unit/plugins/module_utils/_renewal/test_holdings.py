# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is held, and whether something offered is better."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate
from ansible_collections.hitless.edge.plugins.module_utils._renewal.holdings import (
    Copy,
    Holdings,
    Shelf,
    mark_of,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import Action
from delivering import path_of, wanted
from hypothesis import given
from hypothesis import strategies as st
from minted import Minted
from receiving import DAY, FACTS, Receiver, issue, leaf_of, own

HOUR = timedelta(hours=1)
NAMES = ("a.test", "www.a.test")
OLD, NEW = issue(*NAMES, age=9 * DAY), issue(*NAMES)
LEAVES = [leaf_of(issue(*NAMES, age=age * HOUR)) for age in (1, 2, 3)]
TWINS = sorted((leaf_of(issue(*NAMES)), leaf_of(issue(*NAMES, lifetime=DAY))), key=mark_of)
LINEAGE = Lineage("a.test", KeyType.ECDSA, NAMES)


def held(*, file: str = "", store: str = "", name: str = "a.test", **settings: object) -> Holdings:
    """What a host holds that has these bundles."""
    host = Receiver(**settings)
    wished = host.settings.find(name, KeyType.ECDSA)
    assert wished is not None
    if file:
        key, *chain = file.partition("-----BEGIN CERTIFICATE")
        host.deliver(wanted(name, Minted(key, ("".join(chain),)), domains=()))
    if store:
        bundle = parse(store, name=name, path="")
        host.store.save(wished.lineage, bundle, FACTS)
    return Shelf(host.host.ports, host.settings, Layout()).holdings(wished)


def test_a_host_keeps_what_its_parts_need() -> None:
    """A file on a balancer, the store on an issuer."""
    both = held(file=NEW, store=OLD)
    assert both.file == Copy(leaf_of(NEW), counts=True)
    assert both.store == Copy(leaf_of(OLD), counts=True)
    assert held(file=NEW, host="balancer").store is None
    assert held(store=NEW, host="issuer").file is None
    assert held() == Holdings(LINEAGE, Copy(None), Copy(None))


@pytest.mark.parametrize(
    ("name", "pem", "counts"),
    [
        ("a.test", NEW, True),
        ("a.test", own("a.test"), False),
        ("own.test", own("own.test"), True),
    ],
)
def test_a_self_signed_one_counts_only_where_it_is_wished(
    name: str, pem: str, counts: bool
) -> None:
    """Else it would keep a real one away."""
    found = held(file=pem, name=name)
    assert found.file is not None
    assert (found.file.counts, found.best) == (counts, leaf_of(pem))


def test_an_expired_one_does_not_count() -> None:
    """Anything is better."""
    found = held(store=issue(*NAMES, age=9 * DAY, lifetime=DAY))
    assert found.store is not None
    assert (found.store.counts, found.given_up(leaf_of(issue("a.test")))) == (False, ())


def test_a_file_of_somebody_else_is_in_the_way() -> None:
    """It is left alone, and the reason is told; it may be the wished one, though."""
    host = Receiver()
    host.files.write(path_of("a.test"), OLD.encode())
    wished = host.settings.find("a.test", KeyType.ECDSA)
    assert wished is not None
    found = Shelf(host.host.ports, host.settings, Layout()).holdings(wished)
    action, reason = found.compare(mark_of(leaf_of(NEW)))
    assert (action, "is there and is not ours" in reason) == (Action.REFUSED, True)
    assert found.compare(mark_of(leaf_of(OLD)))[0] is Action.LACKING  # the store lacks it


@pytest.mark.parametrize(
    ("file", "store", "action"),
    [
        ("", "", Action.LACKING),
        (OLD, OLD, Action.LACKING),
        (NEW, "", Action.LACKING),
        ("", NEW, Action.LACKING),
        (NEW, NEW, Action.HELD),
    ],
)
def test_what_is_missing_anywhere_is_lacking(file: str, store: str, action: Action) -> None:
    """A kill between the two is made good by the next push."""
    assert held(file=file, store=store).compare(mark_of(leaf_of(NEW))) == (action, "")


def test_an_older_one_is_not_wanted() -> None:
    """What is held stays."""
    assert held(file=NEW, store=NEW).compare(mark_of(leaf_of(OLD))) == (Action.NEWER, "")


def test_nothing_offered_is_a_question() -> None:
    """Whether there is anything."""
    assert held(file=NEW).compare(None) == (Action.NEWER, "")
    assert held().compare(None) == (Action.LACKING, "")


@given(st.permutations([*LEAVES, *TWINS]))
def test_in_every_order_the_same_one_wins(leaves: list[Certificate]) -> None:
    """Each that is not refused as older replaces what is held."""
    copy = Copy(None)
    for leaf in leaves:
        if copy.compare(mark_of(leaf)) is Action.LACKING:
            copy = Copy(leaf, counts=True)
    assert copy.leaf == max([*LEAVES, *TWINS], key=mark_of)


def test_of_two_that_begin_together_the_greater_fingerprint_wins() -> None:
    """Everywhere."""
    lesser, greater = TWINS
    assert lesser.not_before == greater.not_before
    assert Copy(greater, counts=True).compare(mark_of(lesser)) is Action.NEWER
    assert Copy(lesser, counts=True).compare(mark_of(greater)) is Action.LACKING


def test_a_name_that_is_served_and_wished_is_not_given_up() -> None:
    """One that is no longer wished is."""
    fewer, more = leaf_of(issue("a.test")), leaf_of(issue(*NAMES, "old.test"))
    found = Holdings(LINEAGE, Copy(more, counts=True), None)
    assert found.given_up(fewer) == ("www.a.test",)
    assert found.given_up(leaf_of(issue(*NAMES))) == ()


def test_a_name_is_given_up_for_the_others_at_the_end() -> None:
    """Where one name cannot be validated any more, the others must not expire with it."""
    fewer, more = leaf_of(issue("a.test")), leaf_of(issue(*NAMES))
    found = Holdings(LINEAGE, Copy(more, counts=True, is_near_end=True), None)
    assert found.given_up(fewer) == ()


def test_the_best_is_what_counts_and_wins() -> None:
    """For the answer."""
    old, new = leaf_of(OLD), leaf_of(NEW)
    assert Holdings(LINEAGE, Copy(old, counts=True), Copy(new, counts=True)).best == new
    assert Holdings(LINEAGE, Copy(old, counts=True), Copy(new)).best == old
    assert Holdings(LINEAGE, Copy(old), Copy(new)).best == new
    assert Holdings(LINEAGE, None, None).best is None
