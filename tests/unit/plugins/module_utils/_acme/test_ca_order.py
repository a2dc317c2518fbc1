# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders as CAs show them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.answer import Answer
from ansible_collections.hitless.edge.plugins.module_utils._acme.ca_order import (
    Pace,
    Seen,
    Status,
    new_order,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.challenges.http01 import (
    Authorization,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import Malformed
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fakes import NOON


def seen(**document: Any) -> Seen:
    return Seen.read(Answer(200, {}, json.dumps(document).encode()), "https://ca/order/1")


@pytest.mark.parametrize("status", ["new", None, 3, ["valid"]])
def test_an_unknown_status_is_refused(status: Any) -> None:
    """With the URL of the order."""
    with pytest.raises(Malformed, match=r"https://ca/order/1 answered .* not an order: status is"):
        seen(status=status)


def test_missing_fields_are_empty() -> None:
    """A CA may leave out what does not apply."""
    found = seen(status="pending")
    assert (found.status, found.authorizations, found.finalize) == (Status.PENDING, (), "")


def test_reasons_are_those_of_the_names_else_of_the_order() -> None:
    """And never nothing."""
    failed = Authorization("u", "a.test", "invalid", "", "", ("a.test: dns: no address",))
    expired = Authorization("u", "b.test", "expired", "", "", ())
    fine = Authorization("u", "c.test", "valid", "", "", ())
    order = seen(status="invalid", error={"type": "x", "detail": "the order's own"})
    assert order.reasons([failed, expired, fine]) == (
        "a.test: dns: no address",
        "b.test: the authorization is expired",
    )
    assert order.reasons([fine]) == ("x: the order's own",)
    assert seen(status="invalid").reasons([]) == ("the CA gives no reason",)


def test_looks_become_rarer() -> None:
    """From a twentieth of a second to five seconds."""
    pace = Pace()
    looks = [pace.next_look(None, NOON) for _unused in range(10)]
    assert looks[:3] == [0.05, 0.1, 0.2]
    assert looks[-1] == 5.0


def test_after_the_first_look_the_ca_sets_the_pace() -> None:
    """The first look is early, for the CA is often done."""
    pace = Pace()
    assert pace.next_look(NOON + timedelta(seconds=9), NOON) == 0.05
    assert pace.next_look(NOON + timedelta(seconds=9), NOON) == 9.0


@pytest.mark.parametrize("seconds", [0, -9], ids=["now", "past"])
def test_a_ca_that_always_says_now_is_asked_less_and_less(seconds: int) -> None:
    """A Retry-After of no length makes no hot loop."""
    pace = Pace()
    looks = [pace.next_look(NOON + timedelta(seconds=seconds), NOON) for _unused in range(10)]
    assert looks[:3] == [0.05, 0.1, 0.2]
    assert looks[-1] == 5.0


def test_an_order_names_addresses_as_such() -> None:
    """RFC 8738; and holds only what is wished."""
    lineage = Lineage("a", KeyType.ECDSA, ("a.test", "192.0.2.1", "2001:db8::1"))
    identifiers = [
        {"type": "dns", "value": "a.test"},
        {"type": "ip", "value": "192.0.2.1"},
        {"type": "ip", "value": "2001:db8::1"},
    ]
    assert new_order(lineage, None) == {"identifiers": identifiers}
    short = Lineage("a", KeyType.ECDSA, ("a.test",), "short")
    assert new_order(short, "x.y") == {
        "identifiers": identifiers[:1],
        "profile": "short",
        "replaces": "x.y",
    }
