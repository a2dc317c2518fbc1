# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A preflight finds what a CA would stumble over, and says it in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import HttpAnswer
from ansible_collections.hitless.edge.plugins.module_utils._edge.fleet import Balancer, Fleet
from ansible_collections.hitless.edge.plugins.module_utils._edge.preflight import (
    Challenge,
    Verdict,
    preflight,
)
from fakes import FakeNetwork

FLEET = Fleet((Balancer("lb1", ("192.0.2.1", "2001:db8::1")), Balancer("lb2", ("192.0.2.2",))))
CHALLENGE = Challenge(token="t" * 43, thumbprint="thumb")


def answering(thumbprint: str, *hosts: str) -> Callable[[str, str], HttpAnswer]:
    """A balancer that knows these hosts."""

    def answer(host: str, path: str) -> HttpAnswer:
        if host not in hosts:
            return HttpAnswer(404, {}, b"")
        token = path.rsplit("/", 1)[1]
        return HttpAnswer(200, {}, f"{token}.{thumbprint}".encode())

    return answer


def judge(network: FakeNetwork, domain: str, challenge: Challenge | None = CHALLENGE) -> Verdict:
    """The verdict of one domain."""
    (verdict,) = preflight([domain], network=network, fleet=FLEET, challenge=challenge)
    return verdict


def test_a_domain_that_every_address_answers_for_is_fit() -> None:
    """Each of its addresses is asked, IPv6 too."""
    asked: list[str] = []

    def watched(address: str) -> Callable[[str, str], HttpAnswer]:
        inner = answering("thumb", "shop.test")

        def answer(host: str, path: str) -> HttpAnswer:
            asked.append(address)
            return inner(host, path)

        return answer

    addresses = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    network = FakeNetwork(
        names={"shop.test": addresses},
        web={(address, 80): watched(address) for address in addresses},
    )
    assert judge(network, "shop.test") == Verdict("shop.test", addresses)
    assert sorted(asked) == sorted(addresses)


def test_a_domain_that_points_elsewhere_is_named_with_the_address() -> None:
    """What to correct, and where, is in the message."""
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "203.0.113.9")})
    verdict = judge(network, "shop.test")
    assert not verdict.ok
    assert verdict.reason == (
        "shop.test resolves to 203.0.113.9, which is none of our balancers "
        "(lb1 192.0.2.1, 2001:db8::1; lb2 192.0.2.2): correct the A record or add the address to "
        "edge_addresses"
    )


def test_a_foreign_ipv6_address_blames_the_aaaa_record() -> None:
    """A CA prefers IPv6, and a forgotten AAAA record is what nobody looks at."""
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "2001:db8::9")})
    assert "correct the AAAA record" in judge(network, "shop.test").reason


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        pytest.param("nowhere.test", "does not resolve: create an A or AAAA", id="no such name"),
        pytest.param("*.shop.test", "wildcard, which HTTP-01 cannot validate", id="wildcard"),
    ],
)
def test_a_domain_without_addresses_says_what_is_missing(domain: str, words: str) -> None:
    """There is nobody to ask."""
    assert words in judge(FakeNetwork(), domain).reason


def test_a_resolver_that_fails_is_not_a_missing_name() -> None:
    """The remedy is another one."""

    class Mute(FakeNetwork):
        def addresses(self, name: str) -> tuple[str, ...]:
            raise Unavailable(f"{name} cannot be resolved now: try again")

    verdict = judge(Mute(), "shop.test")
    assert verdict.reason == "shop.test: shop.test cannot be resolved now: try again"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(None, "lb2 (192.0.2.2) does not answer (no connection to", id="dead"),
        pytest.param(answering("thumb"), "lb2 (192.0.2.2) answers 404", id="unknown host"),
        pytest.param(answering("old", "shop.test"), "another account key", id="other thumbprint"),
        pytest.param(
            lambda _host, _path: HttpAnswer(308, {}, b""), "answers 308 on the", id="redirect"
        ),
        pytest.param(
            lambda _host, _path: HttpAnswer(200, {}, b"hello"), "answers 200 on the", id="page"
        ),
    ],
)
def test_one_balancer_that_answers_wrong_fails_the_domain(
    answer: Callable[[str, str], HttpAnswer] | None, words: str
) -> None:
    """The CA asks from several places and hits it sooner or later; the message names it."""
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "192.0.2.2")})
    network.web["192.0.2.1", 80] = answering("thumb", "shop.test")
    if answer:
        network.web["192.0.2.2", 80] = answer
    reason = judge(network, "shop.test").reason
    assert words in reason
    assert "lb1" not in reason


def test_the_same_complaint_of_several_balancers_is_told_once() -> None:
    """A fleet of ten that knows no such domain is one sentence."""
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "192.0.2.2")})
    for address in ("192.0.2.1", "192.0.2.2"):
        network.web[address, 80] = answering("thumb")
    assert judge(network, "shop.test").reason == (
        "shop.test: lb1 (192.0.2.1), lb2 (192.0.2.2) answers 404 on the challenge path: "
        "its configuration does not know this domain"
    )


def test_a_balancer_that_no_record_leads_to_is_not_asked() -> None:
    """A balancer taken out of DNS for repair does not stop the renewal of the others."""
    network = FakeNetwork(names={"shop.test": ("192.0.2.1",)})
    network.web["192.0.2.1", 80] = answering("thumb", "shop.test")
    assert judge(network, "shop.test").ok


def test_without_a_challenge_only_dns_is_looked_at() -> None:
    """In check mode of a first run there is no HAProxy to ask yet."""
    network = FakeNetwork(names={"shop.test": ("192.0.2.1",), "else.test": ("203.0.113.9",)})
    assert judge(network, "shop.test", None).ok
    assert not judge(network, "else.test", None).ok


@pytest.mark.parametrize(
    ("alive", "thumbprint", "is_fit"),
    [
        pytest.param(("192.0.2.1",), "thumb", True, id="another one answers"),
        pytest.param((), "thumb", False, id="nobody answers"),
        pytest.param(("192.0.2.1",), "other", False, id="another one answers wrongly"),
    ],
)
def test_a_dead_balancer_may_be_passed_over(
    alive: tuple[str, ...], thumbprint: str, *, is_fit: bool
) -> None:
    """Where that is asked for, and as long as an address gives the right answer."""
    web = {(one, 80): answering(thumbprint, "shop.test") for one in alive}
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "192.0.2.2")}, web=web)
    lenient = Challenge(CHALLENGE.token, CHALLENGE.thumbprint, may_be_dead=True)
    assert not judge(network, "shop.test").ok
    assert judge(network, "shop.test", lenient).ok is is_fit


def test_a_balancer_that_answers_nothing_is_not_dead() -> None:
    """It has a connection for the CA, and then no answer: that fails an order."""

    def mute(_host: str, _path: str) -> HttpAnswer:
        raise Unavailable("no answer in time")

    web = {("192.0.2.1", 80): answering("thumb", "shop.test"), ("192.0.2.2", 80): mute}
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "192.0.2.2")}, web=web)
    lenient = Challenge(CHALLENGE.token, CHALLENGE.thumbprint, may_be_dead=True)
    assert not judge(network, "shop.test", lenient).ok


@pytest.mark.parametrize(
    ("alive", "is_silent"),
    [
        pytest.param((), True, id="no connection to any"),
        pytest.param(("192.0.2.1",), False, id="one answers"),
        pytest.param(("192.0.2.1", "192.0.2.2"), False, id="all answer"),
    ],
)
def test_silence_is_told_apart(alive: tuple[str, ...], *, is_silent: bool) -> None:
    """It may be the fault of whoever asks, other than an answer that is wrong."""
    web = {(one, 80): answering("thumb", "shop.test") for one in alive}
    network = FakeNetwork(names={"shop.test": ("192.0.2.1", "192.0.2.2")}, web=web)
    assert judge(network, "shop.test").is_silent is is_silent
    assert not judge(network, "nowhere.test").is_silent
