# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and replies, there and back."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Answer,
    KeyState,
    Offer,
    Reply,
    Request,
    parse_reply,
    parse_request,
    render_reply,
    render_request,
)
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=50
).filter(str.strip)
FINGERPRINTS = st.none() | st.text("0123456789ABCDEF", min_size=64, max_size=64)
MOMENTS = st.datetimes(timezones=st.just(timezone.utc)).map(
    lambda time: time.replace(microsecond=0)
)
SECRETS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=99)
FACTS = st.builds(Facts, WORDS, WORDS, st.none() | WORDS, st.none() | WORDS, MOMENTS)
KINDS = st.sampled_from(KeyType)
OFFERS = st.builds(
    Offer, WORDS, KINDS, FINGERPRINTS, st.none() | MOMENTS, st.none() | FACTS, SECRETS
)
REQUESTS = st.builds(
    Request,
    WORDS,
    st.lists(OFFERS, max_size=3).map(tuple),
    st.none() | st.text("abcXYZ019_-", min_size=43, max_size=43),
    SECRETS,
    SECRETS,
)
ANSWERS = st.builds(
    Answer,
    WORDS,
    KINDS,
    st.sampled_from(Action),
    WORDS | st.just(""),
    FINGERPRINTS,
    st.none() | MOMENTS,
    st.none() | MOMENTS,
)
REPLIES = st.builds(
    Reply,
    WORDS,
    st.lists(ANSWERS, max_size=3).map(tuple),
    st.booleans(),
    st.none() | WORDS,
    st.sampled_from(KeyState),
    st.sampled_from(KeyState),
)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
ASKED = Offer("a.test", KeyType.ECDSA, "A" * 64, NOON, Facts("ca", "https://ca/", None, None, NOON))


@given(REQUESTS)
def test_a_request_arrives_as_it_was_sent(request: Request) -> None:
    """One line, the same value."""
    text = render_request(request)
    assert text.count("\n") == 1
    assert parse_request(text) == request


@given(REPLIES)
def test_a_reply_arrives_as_it_was_sent(reply: Reply) -> None:
    """One line, the same value."""
    text = render_reply(reply)
    assert text.count("\n") == 1
    assert parse_reply(text) == reply


def test_secrets_are_not_shown() -> None:
    """Keys stand in no repr, so in no log and no traceback."""
    request = Request("lb1", (Offer("a", KeyType.RSA, None, None, None, "SECRET"),), None, "SECRET")
    assert "SECRET" not in repr(request)


def document(**other: Any) -> dict[str, Any]:
    """A good request, with something else in it."""
    value: dict[str, Any] = json.loads(render_request(Request("lb1", (ASKED,))))
    return {**value, **other}


def with_bundle(**other: Any) -> dict[str, Any]:
    """A good request, with something else in its bundle."""
    (bundle,) = document()["bundles"]
    return document(bundles=[{**bundle, **other}])


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "request: a list is not a mapping"),
        (document(format=2), "request.format: is not 1: the hosts run different versions"),
        (document(format="one"), "request.format: a string ('one') is not a whole number"),
        (document(path="/etc/passwd"), '"path" is not an option here'),
        (document(bundles=None), "request.bundles: is not a list"),
        (document(bundles=[[]] * 1001), "request.bundles: holds 1001 elements"),
        (document(bundles=["a"]), "request.bundles[0]: a string ('a') is not a mapping"),
        (document(account_key=1), "request.account_key: is not a key"),
        (document(account_key="x" * 16_385), "request.account_key: is not a key"),
        (document(account_thumbprint="x"), "request.account_thumbprint: 'x' is not of the form"),
        (document(**{"from": "x" * 2001}), "request.from: has 2001 characters"),
        (document(**{"from": "a\nb"}), "holds the control character"),
        (with_bundle(name=""), "request.bundles[0].name: is empty"),
        (with_bundle(name=None), "request.bundles[0].name: nothing is not a string"),
        (with_bundle(key_type="dsa"), "request.bundles[0].key_type: 'dsa' is not a choice"),
        (with_bundle(fingerprint="a" * 64), "request.bundles[0].fingerprint: "),
        (with_bundle(not_before="yesterday"), "'yesterday' is not a moment"),
        (with_bundle(not_before="2026-11-22T12:00:00"), "is not a moment with its time zone"),
        (with_bundle(not_before=10**14), "request.bundles[0].not_before: a number"),
        (with_bundle(facts={}), "request.bundles[0].facts.issued_at: is missing"),
        (with_bundle(pem=["x"]), "request.bundles[0].pem: is not a string"),
        (with_bundle(file="x"), '"file" is not an option here'),
    ],
)
def test_a_shape_that_is_not_spoken_is_refused(value: object, fault: str) -> None:
    """With the path of what is wrong."""
    with pytest.raises(InvalidInput) as caught:
        parse_request(json.dumps(value))
    assert fault in str(caught.value)


@pytest.mark.parametrize("letter", ["x", "ä"], ids=["in characters", "in bytes"])
def test_a_text_over_the_limit_is_not_even_read(letter: str) -> None:
    """8 MiB and no more."""
    text = letter * (8 * 1024 * 1024 // len(letter.encode()) + 1)
    for parse in (parse_request, parse_reply):
        with pytest.raises(InvalidInput, match="is longer than 8388608 bytes"):
            parse(text)


def test_a_reply_that_is_not_one_is_refused() -> None:
    """A login banner before it, for example."""
    with pytest.raises(InvalidInput, match="reply: is not the JSON"):
        parse_reply("Welcome!\n" + render_reply(Reply("lb1")))
