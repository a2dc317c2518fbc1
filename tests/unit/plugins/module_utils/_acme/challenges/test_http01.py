# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorizations and their challenge."""

from __future__ import annotations

from typing import Any

import pytest
from acme_issuer import Issuer
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.challenges.http01 import (
    Authorization,
    answer,
    fetch_authorization,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.client import Client, Desk
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import (
    AcmeRefused,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from fake_ca import Asked, FakeCa, Fault, running
from fakes import FakeHost


def document(**challenge: Any) -> dict[str, Any]:
    ours = {"type": "http-01", "url": "https://ca/chall/1", "status": "pending", **challenge}
    return {
        "status": "pending",
        "identifier": {"type": "dns", "value": "a.test"},
        "challenges": [{"type": "dns-01", "url": "x", "status": "pending"}, ours],
    }


def test_the_challenge_is_found_among_others() -> None:
    """Only HTTP-01 is ours."""
    found = Authorization.from_json(document(), url="u")
    assert found.challenge_url == "https://ca/chall/1"
    assert found.waits_for_us


@pytest.mark.parametrize("status", ["processing", "valid", "invalid"])
def test_what_is_under_way_does_not_wait_for_us(status: str) -> None:
    """It is not answered again."""
    assert not Authorization.from_json(document(status=status), url="u").waits_for_us


def test_a_failure_has_the_words_and_all_addresses() -> None:
    """As a person needs them to find the balancer."""
    records = [
        {"url": "http://a.test/x", "addressUsed": "192.0.2.1", "port": "80"},
        {"url": "https://a.test/x", "addressUsed": "2001:db8::1", "port": "443"},
        {"url": "http://a.test/x"},
    ]
    error = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "404"}
    found = Authorization.from_json(document(error=error, validationRecord=records), url="u")
    (words,) = found.failures
    assert words == (
        "a.test: unauthorized: 404 (tried 192.0.2.1 port 80 for http://a.test/x; "
        "2001:db8::1 port 443 for https://a.test/x)"
    )


@pytest.mark.parametrize("value", [{}, {"challenges": []}, {"identifier": None}])
def test_any_document_is_read(value: dict[str, Any]) -> None:
    """What is missing is empty."""
    assert Authorization.from_json(value, url="u").challenge_url == ""


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


def _client(ca: FakeCa, host: FakeHost) -> Client:
    Issuer((ca,), host).register()
    desk = Desk(Accounts(host.files, "/issuer"), Budget.of(host.clock, 600), open_http)
    return desk.client(Authority("ca", ca.directory_url))


@pytest.mark.parametrize("acts", [False, True], ids=["lost-request", "lost-answer"])
def test_a_lost_answer_is_not_sent_again_if_it_arrived(host: FakeHost, acts: bool) -> None:
    """The authorization tells; then the challenge is answered once in the end."""
    with running(FakeCa(now=host.clock.now)) as ca:
        client = _client(ca, host)
        payload = {"identifiers": [{"type": "dns", "value": "a.test"}]}
        client.post(client.directory.new_order, payload)
        lost: list[Asked] = []

        def lose_first(asked: Asked) -> Fault | None:
            if asked.resource == "chall" and not lost:
                lost.append(asked)
                return Fault(0, acts=acts)
            return None

        ca.script = lose_first
        answer(client, fetch_authorization(client, f"{ca.base}/authz/1"))
        assert ca.answers == {1: 1}


def test_a_challenge_that_never_arrives_is_given_up(host: FakeHost) -> None:
    """After three tries."""
    with running(FakeCa(now=host.clock.now)) as ca:
        client = _client(ca, host)
        client.post(
            client.directory.new_order, {"identifiers": [{"type": "dns", "value": "a.test"}]}
        )
        ca.script = lambda asked: Fault(0) if asked.resource == "chall" else None
        with pytest.raises(Unreachable):
            answer(client, fetch_authorization(client, f"{ca.base}/authz/1"))
        assert ca.resources.count("chall") == 3


def test_without_the_challenge_the_name_is_told(host: FakeHost) -> None:
    """A CA that offers only DNS."""
    with running(FakeCa(now=host.clock.now, offers="dns-01")) as ca:
        client = _client(ca, host)
        with pytest.raises(AcmeRefused, match=r"a\.test: unsupported: no http-01"):
            answer(client, Authorization("u", "a.test", "pending", "", "", ()))
