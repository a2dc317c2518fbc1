# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bundle of a request, before and after it is compared."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.comparison import (
    Case,
    Compared,
    compare,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.holdings import Shelf
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import Action, Offer
from receiving import DAY, Receiver, issue, leaf_of, offer

NAMES = ("a.test", "www.a.test")
OLD, NEW = issue(*NAMES, age=9 * DAY), issue(*NAMES)


def compared(case: Case, *held: str) -> Compared:
    """A case on a host that was pushed these before."""
    host = Receiver()
    for pem in held:
        host.tell(offer("a.test", pem))
    wished = host.settings.find("a.test", KeyType.ECDSA)
    shelf = Shelf(host.host.ports, host.settings, Layout())
    return compare(shelf, Case(case.offer, wished, case.bundle, case.refusal))


def delivered(pem: str) -> Case:
    """One that came and is admitted, whatever was said of it."""
    bundle = parse(pem, name="a.test", path="pem")
    return Case(offer("a.test", pem, not_before=leaf_of(OLD).not_before), bundle=bundle)


def test_what_comes_replaces_what_is_older() -> None:
    """In the file and in the store."""
    found = compared(delivered(NEW), OLD)
    assert (found.action, found.is_accepted, found.store_lacks) == (Action.LACKING, True, True)
    assert found.wanted is not None
    assert (found.wanted.pem, found.wanted.domains) == (
        parse(NEW, name="", path="").render(),
        NAMES,
    )
    assert found.leaf == leaf_of(OLD)


def test_what_is_held_is_wanted_as_it_is() -> None:
    """So that the process gets it, if it has not."""
    found = compared(delivered(NEW), NEW)
    assert (found.action, found.is_accepted, found.store_lacks) == (Action.HELD, False, False)
    assert found.wanted is not None
    assert (found.wanted.pem, found.wanted.fingerprint) == ("", leaf_of(NEW).fingerprint)


def test_the_certificate_decides_and_not_what_is_said_of_it() -> None:
    """A lie about its beginning changes nothing."""
    found = compared(delivered(OLD), NEW)
    assert (found.action, found.wanted) == (Action.NEWER, None)


def test_what_only_is_asked_for_is_written_nowhere() -> None:
    """Lacking, until it comes."""
    found = compared(Case(offer("a.test", NEW, only_asks=True)), OLD)
    assert (found.action, found.is_accepted, found.wanted) == (Action.LACKING, False, None)
    assert compared(Case(Offer("a.test", KeyType.ECDSA, None, None))).action is Action.LACKING


def test_a_refusal_stays_one() -> None:
    """And what is held is told."""
    found = compared(Case(offer("a.test", OLD), refusal="no"), NEW)
    assert (found.action, found.reason, found.leaf) == (Action.REFUSED, "no", leaf_of(NEW))


def test_fewer_names_are_refused() -> None:
    """By name."""
    found = compared(delivered(issue("a.test")), OLD)
    assert (found.action, found.is_accepted) == (Action.REFUSED, False)
    assert "gives up www.a.test" in found.reason


@pytest.mark.parametrize("leaf", [None, leaf_of(NEW)])
def test_an_answer_tells_what_is_held(leaf: object) -> None:
    """With words that the wire takes."""
    found = compared(delivered(NEW))
    answer = found.answer(Action.REFUSED, "so\nso" * 999, leaf_of(NEW) if leaf else None)
    assert answer.fingerprint == (leaf_of(NEW).fingerprint if leaf else None)
    assert "\n" not in answer.reason
    assert len(answer.reason) <= 2000
