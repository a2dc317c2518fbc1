# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pushes: each host gets what it lacks, and no host stops another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Lineage,
    Source,
    Wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Refused,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.push import Post, push
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Answer,
    KeyState,
    Reply,
    Request,
    parse_request,
    render_reply,
)
from fake_ca import FakeCa
from fakes import FakeClock
from renewing import HOME, SITE, Fleet


class Recorder:
    """Hosts that answer by a function, and what they were asked."""

    def __init__(self, answer: Callable[[str, Request], Reply]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, Request]] = []

    def exchange(self, host: str, request: str) -> str:
        read = parse_request(request)
        self.requests.append((host, read))
        return render_reply(self.answer(host, read))

    def of(self, host: str) -> list[Request]:
        return [request for name, request in self.requests if name == host]


def lacking(host: str, request: Request) -> Reply:
    """A host that has nothing, and takes everything."""
    done = {True: Action.LACKING, False: Action.ADDED}
    answers = tuple(
        Answer(one.name, one.key_type, done[one.pem is None], "", one.fingerprint)
        for one in request.bundles
    )
    is_delivery = any(one.pem for one in request.bundles)
    return Reply(host, answers, changed=is_delivery)


def holding(host: str, request: Request) -> Reply:
    """A host that has everything."""
    held = (Answer(one.name, one.key_type, Action.HELD) for one in request.bundles)
    return Reply(host, tuple(held))


def pushed(fleet: Fleet, answer: Callable[[str, Request], Reply]) -> Recorder:
    recorder = Recorder(answer)
    push(fleet.members["lb1"].host.ports, fleet.settings_of("lb1"), recorder)
    return recorder


def test_only_what_is_lacking_is_sent(fleet: Fleet) -> None:
    """A key leaves this host only for one that asks for it."""
    fleet.renew()
    for request in pushed(fleet, holding).requests:
        assert all(one.pem is None for one in request[1].bundles)
    question, delivery = pushed(fleet, lacking).of("lb2")
    assert [one.pem for one in question.bundles] == [None]
    assert [one.fingerprint for one in delivery.bundles] == [fleet.members["lb1"].held()]
    assert "PRIVATE KEY" in (delivery.bundles[0].pem or "")


def test_the_second_push_changes_nothing(fleet: Fleet) -> None:
    """As the play shows it."""
    fleet.renew()
    for member in ("lb2", "lb3"):
        fleet.members[member].files.remove(f"{HOME}/certificates")
    assert [one.changed for one in fleet.push()] == [False, True, True]
    assert [(one.ok, one.changed) for one in fleet.push()] == [(True, False)] * 3


def test_the_account_key_goes_only_to_who_wants_it(fleet: Fleet) -> None:
    """And only on request, once."""
    fleet.renew()

    def answer(host: str, request: Request) -> Reply:
        is_wanted = host == "lb2" and request.account_key is None
        state = KeyState.WANTED if is_wanted else KeyState.HELD
        return replace(holding(host, request), account=state)

    recorder = pushed(fleet, answer)
    assert [bool(one.account_key) for one in recorder.of("lb2")] == [False, True]
    assert [bool(one.account_key) for one in recorder.of("lb3")] == [False]


def test_another_key_than_the_pinned_one_is_not_given_away(fleet: Fleet) -> None:
    """Whatever is asked for."""
    fleet.renew()
    account = fleet.settings.account
    assert account is not None
    other = replace(account, thumbprint="x" * 43)
    fleet.settings = replace(fleet.settings, account=other)
    recorder = pushed(fleet, lambda h, r: replace(holding(h, r), account=KeyState.WANTED))
    assert not [one for _host, one in recorder.requests if one.account_key]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            lambda host, _request: Reply(host, error="another run holds the lock"),
            "lb2 refused: another run holds the lock",
            id="an error",
        ),
        pytest.param(
            lambda _host, request: holding("lb9", request),
            "lb2 calls itself lb9",
            id="another host",
        ),
        pytest.param(
            lambda host, request: replace(
                holding(host, request),
                bundles=(Answer("a.test", SITE.key_type, Action.REFUSED, "the chain is bad"),),
            ),
            "lb2 refused a.test \\(ecdsa\\): the chain is bad",
            id="a refused bundle",
        ),
    ],
)
def test_a_host_that_refuses_stops_no_other(
    fleet: Fleet, answer: Callable[[str, Request], Reply], words: str
) -> None:
    """It is told of, with its words; the others have theirs."""
    fleet.renew()
    recorder = Recorder(lambda h, r: answer(h, r) if h == "lb2" else lacking(h, r))
    post = Post(fleet.members["lb1"].host.ports, fleet.settings_of("lb1"), recorder)
    first, second, third = post.deliver(post.ask())
    assert (first.ok, second.ok, third.ok, third.changed) == (True, False, True, True)
    with pytest.raises(Refused, match=words):
        raise Refused(second.error or "")


def test_an_answer_that_is_none_is_told(fleet: Fleet) -> None:
    """As a fault of that host."""

    class Babble:
        def exchange(self, host: str, _request: str) -> str:
            return '{"format": 1, "host": 3}' if host == "lb2" else "<html>"

    fleet.renew()
    found = push(fleet.members["lb1"].host.ports, fleet.settings_of("lb1"), Babble())
    assert [one.ok for one in found] == [True, False, False]
    assert all("gave a reply that cannot be read" in str(one.error) for one in found[1:])


def test_a_host_that_dies_between_asking_and_delivering_is_told(fleet: Fleet) -> None:
    """What it said before it died does not count as success."""
    fleet.renew()

    def die(host: str, request: Request) -> Reply:
        if any(one.pem for one in request.bundles):
            raise Unavailable(f"{host} broke the connection off")
        return lacking(host, request)

    found = push(fleet.members["lb1"].host.ports, fleet.settings_of("lb1"), Recorder(die))
    assert [(one.ok, one.error) for one in found[1:]] == [
        (False, f"{host} broke the connection off") for host in ("lb2", "lb3")
    ]


def test_what_is_new_since_the_question_is_pushed_too(fleet: Fleet) -> None:
    """Without another question to those that answered; with one to those that did not."""
    ports, settings = fleet.members["lb1"].host.ports, fleet.settings_of("lb1")
    recorder = Recorder(holding)
    down = Post(ports, settings, fleet.reach("lb1"))
    fleet.dead |= {"lb2", "lb3"}
    silent = down.ask()[1:]
    fleet.dead.clear()
    post = Post(ports, settings, recorder)
    asked = (*post.ask()[:2], silent[1])
    fleet.renew()
    recorder.answer = lacking
    recorder.requests.clear()
    assert all(one.ok for one in post.deliver(asked))
    kinds = {host: [bool(r.bundles[0].pem) for r in recorder.of(host)] for host in ("lb2", "lb3")}
    assert kinds == {"lb2": [True], "lb3": [False, True]}


def test_a_host_that_was_silent_is_not_asked_again_without_need(fleet: Fleet) -> None:
    """Its ten seconds are spent once a run."""
    fleet.renew()
    ports, settings = fleet.members["lb1"].host.ports, fleet.settings_of("lb1")
    asks: list[str] = []

    class Down:
        def exchange(self, host: str, _request: str) -> str:
            asks.append(host)
            raise Unavailable(f"{host} does not answer")

    post = Post(ports, settings, Down())
    assert [one.ok for one in post.deliver(post.ask())] == [True, False, False]
    assert sorted(asks) == ["lb2", "lb3"]


def test_an_issuer_that_does_not_serve_is_not_pushed_to_by_itself(
    ca: FakeCa, clock: FakeClock
) -> None:
    """It has what it has."""
    fleet = Fleet.made(ca, clock, issuers=2)
    fleet.settings = replace(fleet.settings, balancers=fleet.settings.balancers[1:])
    fleet.renew()
    assert [one.host for one in fleet.push()] == ["lb2", "lb3"]
    assert fleet.members["lb1"].serves() == ""
    assert fleet.members["lb3"].serves() == fleet.members["lb1"].held()


def test_a_host_that_is_no_issuer_does_not_push(fleet: Fleet) -> None:
    """It has nothing that others should get from it."""
    fleet.settings = replace(fleet.settings, issuers=("lb1",))
    with pytest.raises(Refused, match="lb3 is no issuer"):
        fleet.push("lb3")


def test_many_are_delivered_in_parts(ca: FakeCa, clock: FakeClock) -> None:
    """So many that the receiver is done in time; the keys go with the first part."""
    wished = tuple(
        Wished(Source.SELF_SIGNED, Lineage(f"{n}.test", KeyType.ECDSA, (f"{n}.test",)))
        for n in range(5)
    )
    fleet = Fleet.made(ca, clock, wished=wished)
    fleet.renew()
    wants = Recorder(lambda h, r: replace(lacking(h, r), account=KeyState.WANTED))
    post = Post(fleet.members["lb1"].host.ports, fleet.settings_of("lb1"), wants, at_once=2)
    post.deliver(post.ask())
    question, *deliveries = wants.of("lb2")
    assert len(question.bundles) == 5
    assert [len(one.bundles) for one in deliveries] == [2, 2, 1]
    assert [bool(one.account_key) for one in deliveries] == [True, False, False]


def test_what_is_told_leaves_out_what_is_as_it_was(fleet: Fleet) -> None:
    """And never holds a key."""
    fleet.renew()
    fleet.members["lb2"].files.remove(f"{HOME}/certificates")
    _first, second, third = (one.to_json() for one in fleet.push())
    assert [one["name"] for one in second["bundles"]] == ["a.test"]
    assert third["bundles"] == []
    assert "PRIVATE" not in str(second)
