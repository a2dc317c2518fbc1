# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests in parts."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.parts import split
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Offer,
    Request,
    render_request,
)
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 2000
OFFERS = st.builds(
    Offer,
    st.just("a.test"),
    st.sampled_from(KeyType),
    st.none(),
    st.none(),
    st.none(),
    st.text("äx\n", max_size=800),
)


@given(st.lists(OFFERS, max_size=9))
def test_the_parts_are_the_whole(offers: list[Offer]) -> None:
    """Every bundle once, in order; each part within the limit, keys only in the first."""
    request = Request("lb1", tuple(offers), None, "KEY", "OTHER")
    parts = split(request, LIMIT)
    assert [offer for part in parts for offer in part.bundles] == offers
    assert all(len(render_request(part).encode()) <= LIMIT for part in parts)
    keys = [(part.account_key, part.certbot_key) for part in parts]
    assert keys == [("KEY", "OTHER"), *([(None, None)] * (len(parts) - 1))]


def test_many_small_ones_are_split_by_their_number() -> None:
    """A receiver reads a thousand."""
    offers = tuple(Offer(f"n{n}", KeyType.ECDSA, None, None) for n in range(2500))
    assert [len(part.bundles) for part in split(Request("lb1", offers))] == [1000, 1000, 500]


def test_nothing_to_say_is_one_request() -> None:
    """It may ask for the key alone."""
    assert split(Request("lb1")) == (Request("lb1"),)
