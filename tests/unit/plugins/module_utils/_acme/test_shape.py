# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a CA answers: a value or an error with words, never a traceback."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from acme_issuer import Issuer, actions, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.answer import Answer, usable_nonce
from ansible_collections.hitless.edge.plugins.module_utils._acme.ari import read_window
from ansible_collections.hitless.edge.plugins.module_utils._acme.ca_order import Seen
from ansible_collections.hitless.edge.plugins.module_utils._acme.challenges.http01 import (
    Authorization,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.directory import Directory
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import Malformed, Problem
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import AccountKey
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import parse_retry_after
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType, generate_key
from fake_ca import FakeCa, Reply, running
from fakes import NOON, FakeHost
from hypothesis import given
from hypothesis import strategies as st

KEY = AccountKey(generate_key(KeyType.ECDSA).encode())
FIELDS = [
    "status",
    "authorizations",
    "finalize",
    "certificate",
    "error",
    "challenges",
    "identifier",
    "value",
    "type",
    "url",
    "detail",
    "validationRecord",
    "addressUsed",
    "subproblems",
    "newNonce",
    "newAccount",
    "newOrder",
    "keyChange",
    "renewalInfo",
    "meta",
    "profiles",
    "caaIdentities",
    "termsOfService",
    "suggestedWindow",
    "start",
    "end",
    "explanationURL",
]
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            *("pending", "valid", "invalid", "http-01", "https://ca/1", "2026-11-22T12:00:00Z"),
            *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
        ]
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    ),
    max_leaves=12,
)
PARSERS: dict[str, Callable[[Any], object]] = {
    "order": lambda value: Seen.read(Answer(200, {}, json.dumps(value).encode()), "u"),
    "authorization": lambda value: Authorization.from_json(_document(value), url="u"),
    "directory": lambda value: Directory.from_json(_document(value), url="u"),
    "window": lambda value: read_window(_document(value), retry_at=None, now=NOON),
    "problem": lambda value: str(Problem.from_json(value, 400)),
}


def _document(value: Any) -> Any:
    return Answer(200, {}, json.dumps(value).encode()).document()


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@given(value=st.one_of(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=10)))
def test_any_json_is_a_value_or_an_error(parser: Callable[[Any], object], value: Any) -> None:
    """No other exception comes out of what a CA says."""
    with contextlib.suppress(EdgeError):
        assert parser(value) is not None


@given(st.one_of(st.text(), st.from_regex(r"\A\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4}\Z")))
def test_any_retry_after_is_a_moment_or_none(text: str) -> None:
    """Never one that is over."""
    moment = parse_retry_after(text, NOON)
    assert moment is None or moment >= NOON


def test_a_moment_beyond_the_calendar_is_none() -> None:
    """As UTC it would be of the year 10000, or of the year 0."""
    assert parse_retry_after("Fri, 31 Dec 9999 23:59:59 -1200", NOON) is None
    start, end = "0001-01-01T00:00:00+14:00", "2026-11-22T12:00:00Z"
    document = {"suggestedWindow": {"start": start, "end": end}}
    assert read_window(document, retry_at=None, now=NOON).start is None


@given(st.one_of(st.text(), st.from_regex(r"\A[A-Za-z0-9_-]{1,9}\Z")))
def test_a_nonce_that_is_used_can_be_signed(text: str) -> None:
    """Any other is passed over."""
    nonce = usable_nonce({"replay-nonce": text})
    if nonce is not None:
        assert KEY.sign(b"", url="u", nonce=nonce, account=None)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"subproblems":[' * 100_000])
def test_deep_nesting_is_no_traceback(body: bytes) -> None:
    """The parser of Python gives up with an exception of its own."""
    assert Problem.from_body(body, 400).code == "about:blank"
    with pytest.raises(Malformed, match="no JSON object"):
        Answer(200, {}, body).document()


@pytest.mark.parametrize(
    ("parser", "document", "words"),
    [
        ("order", {"status": "pending", "authorizations": 5}, "not an order: authorizations is 5"),
        ("order", {"status": "pending", "authorizations": [5]}, r"authorizations is \[5\]"),
        ("authorization", {"identifier": "x"}, "not an authorization: identifier is 'x'"),
        ("authorization", {"challenges": 3}, "not an authorization: challenges is 3"),
        ("authorization", {"challenges": [1]}, r"challenges is \[1\]"),
        ("directory", [], "no JSON object"),
    ],
)
def test_the_error_says_what_is_wrong(parser: str, document: Any, words: str) -> None:
    """With the field and what was in it."""
    with pytest.raises(Malformed, match=words):
        PARSERS[parser](document)


@dataclass
class MumblingCa(FakeCa):
    """A CA that says nonsense of the authorizations of one name."""

    nonsense: Any = None

    def handle(self, method: str, path: str, body: bytes) -> Reply | None:
        reply = super().handle(method, path, body)
        if reply is not None and "authz" in path and "bad.test" in json.dumps(reply.document):
            reply.document = self.nonsense
        return reply


@pytest.mark.parametrize("nonsense", [5, [], {"challenges": 3}, {"identifier": "x"}], ids=repr)
def test_nonsense_for_one_order_stops_no_other(host: FakeHost, nonsense: Any) -> None:
    """The others are issued, and the one is told."""
    with running(MumblingCa(now=host.clock.now, nonsense=nonsense)) as ca:
        issuer = Issuer((ca,), host)
        issuer.register()
        result = issuer.run(wished("bad.test"), wished("good.test"))
    assert actions(result) == ["failed", "issued"]
    assert "/authz/1 answered" in result["failures"][0]["error"]
