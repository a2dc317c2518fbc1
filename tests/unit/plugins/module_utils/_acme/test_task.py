# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate an order says that it renews, and at which CA."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.ari import Window, certificate_id
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts, Held
from ansible_collections.hitless.edge.plugins.module_utils._acme.task import Task
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fakes import NOON
from receiving import issue, leaf_of

CA, OTHER = "https://ca.test/", "https://other.test/"
LEAF = leaf_of(issue("a.test"))
NAME = certificate_id(LEAF)
FACTS = Facts("ca", CA, None, None, NOON)
OPEN, UNKNOWN = Window(NOON, NOON, NOON), Window(NOON)


def task(held: Held | None, window: Window | None, *domains: str) -> Task:
    """At two CAs, of which the first is asked for what came without facts."""
    lineage = Lineage("a.test", KeyType.ECDSA, domains or ("a.test",))
    return Task(lineage, held, window, "due", asked=CA)


@pytest.mark.parametrize("window", [None, UNKNOWN, OPEN], ids=["none", "unknown", "open"])
def test_facts_tell_whose_it_is(window: Window | None) -> None:
    """Whatever is known of a window."""
    assert NAME is not None
    assert task(Held(LEAF, FACTS), window).replaced_at(CA) == NAME
    assert task(Held(LEAF, FACTS), window).replaced_at(OTHER) is None


@pytest.mark.parametrize(
    ("window", "name"),
    [(None, None), (UNKNOWN, None), (OPEN, NAME)],
    ids=["none", "unknown", "open"],
)
def test_without_facts_it_is_of_who_knows_a_window(window: Window | None, name: str | None) -> None:
    """A CA tells one for what it gave, and for nothing else."""
    assert task(Held(LEAF, None), window).replaced_at(CA) == name
    assert task(Held(LEAF, None), window).replaced_at(OTHER) is None


def test_what_shares_no_name_or_is_not_held_is_not_replaced() -> None:
    """A CA would refuse it. Source: RFC 9773 §5."""
    assert task(Held(LEAF, FACTS), OPEN, "b.test").replaced_at(CA) is None
    assert task(Held(LEAF, FACTS), OPEN, "b.test", "a.test").replaced_at(CA) == NAME
    assert task(None, None).replaced_at(CA) is None
