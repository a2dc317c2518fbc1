# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers and nonces."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.answer import Answer, Nonces
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b"\xff", b"3"])
def test_an_answer_that_is_no_object_is_told(body: bytes) -> None:
    """The page of some proxy is no document."""
    with pytest.raises(Unavailable, match="no JSON object"):
        Answer(200, {}, body).document()


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ("", ()),
        ('<https://ca/1>;rel="alternate"', ("https://ca/1",)),
        (
            '<https://ca/1>;rel="alternate", <https://ca/2>; rel=alternate',
            ("https://ca/1", "https://ca/2"),
        ),
        ('<https://ca/i>;rel="index", <https://ca/1>;title="x";rel="alternate"', ("https://ca/1",)),
        ('<https://ca/a,b;c>;rel="alternate"', ("https://ca/a,b;c",)),
        ("nonsense", ()),
    ],
)
def test_links_are_found_by_their_relation(header: str, links: tuple[str, ...]) -> None:
    """Several headers come as one, with commas."""
    assert Answer(200, {"link": header}, b"").links("alternate") == links


@given(st.text())
def test_any_link_header_is_read(header: str) -> None:
    """Nonsense has no links, and no error."""
    assert isinstance(Answer(200, {"link": header}, b"").links("alternate"), tuple)


def test_the_youngest_nonce_is_used_first() -> None:
    """And each once."""
    nonces = Nonces()
    for nonce in ("old", None, "", "young"):
        nonces.put(nonce)
    assert [nonces.take(), nonces.take(), nonces.take()] == ["young", "old", None]
