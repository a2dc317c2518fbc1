# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Newer wins, also against a play."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.disk import (
    Held,
    Manifest,
    digest_of,
    read_held,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.newer import (
    is_newer,
    mark_of,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    KeyType,
    generate_key,
    self_signed,
)
from delivering import Balancer, actions, path_of, wanted
from fakes import NOON, FakeHost
from minted import Minted, mint

DAY = timedelta(days=1)
OLD = mint("a.test", serial=1, not_before=NOON - 80 * DAY, not_after=NOON + 10 * DAY)
NEW = mint("a.test", serial=2, not_before=NOON - DAY, not_after=NOON + 89 * DAY)
TWIN = mint("a.test", serial=3, not_before=NOON - DAY, not_after=NOON + 89 * DAY)
FIRST, LAST = sorted((NEW, TWIN), key=lambda made: made.fingerprint)
ENDED = mint("a.test", serial=4, not_before=NOON - 9 * DAY, not_after=NOON - DAY)
COMING = mint("a.test", serial=5, not_before=NOON + DAY, not_after=NOON + 9 * DAY)
BEGINS: dict[str, object] = {"not_before": NOON - 80 * DAY}
KEY = generate_key(KeyType.ECDSA)
OWN = Minted(KEY, (self_signed(KEY, ("a.test",), now=NOON, lifetime=90 * DAY),))


def held(made: Minted, *, touched: bool = False) -> Held:
    """A file that we wrote."""
    host = FakeHost()
    host.files.write(path_of("a.test"), made.pem.encode(), mode=0o600)
    manifest = Manifest({"a.test.ecdsa.pem": digest_of("else" if touched else made.pem)})
    found = read_held(host.files, path_of("a.test"), manifest, NOON)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        pytest.param(held(NEW), True, id="newer"),
        pytest.param(None, False, id="none"),
        pytest.param(held(OLD), False, id="the same"),
        pytest.param(held(NEW, touched=True), False, id="written by somebody else"),
        pytest.param(held(ENDED), False, id="newer and expired"),
        pytest.param(held(COMING), False, id="newer and not valid yet"),
        pytest.param(held(OWN), False, id="newer and self-signed"),
    ],
)
def test_what_is_newer_and_as_good_stays(there: Held | None, expected: bool) -> None:
    """Anything else gives way to what is wanted."""
    assert is_newer(there, wanted("a.test", OLD, **BEGINS), NOON) is expected


def test_of_two_that_begin_together_the_same_one_wins_everywhere() -> None:
    """By the fingerprint."""
    begins = {"not_before": NOON - DAY}
    assert is_newer(held(LAST), wanted("a.test", FIRST, **begins), NOON)
    assert not is_newer(held(FIRST), wanted("a.test", LAST, **begins), NOON)
    leaf = held(NEW).leaf
    assert leaf is not None
    assert mark_of(leaf) == (NOON - DAY, NEW.fingerprint)


@pytest.mark.parametrize(
    "change",
    [{"domains": ("a.test", "b.test")}, {"not_before": None}, {"fingerprint": ""}],
    ids=["a domain is missing", "the wish has no beginning", "none is named"],
)
def test_a_wish_may_ask_for_what_is_older(change: dict[str, object]) -> None:
    """Where it has more domains, or says just which one it wants."""
    wish = wanted("a.test", OLD, **{**BEGINS, **change})
    assert not is_newer(held(NEW), wish, NOON)


@pytest.mark.parametrize("pem", [True, False], ids=["with the PEM", "by its fingerprint"])
def test_a_delivery_of_an_older_one_leaves_the_newer_one_served(pem: bool) -> None:
    """No failure, and nothing lacks; the result names what stayed."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", NEW))
    result = balancer.deliver(wanted("a.test", OLD, pem=pem, **BEGINS))
    assert actions(result) == [("a.test", "newer")]
    assert "newer than the wanted" in result["bundles"][0]["reason"]
    held_one = {"name": "a.test", "key_type": "ecdsa", "fingerprint": NEW.fingerprint}
    assert (result["newer"], result["lacking"], result["changed"]) == ([held_one], [], False)
    assert balancer.serves("a.test") == NEW.fingerprint


def test_without_a_beginning_the_older_one_is_delivered() -> None:
    """A way back for who knows what they do."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", NEW))
    assert actions(balancer.deliver(wanted("a.test", OLD))) == [("a.test", "swapped")]
    assert balancer.serves("a.test") == OLD.fingerprint
