# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders: from the wish to the certificate, through every fault and every death."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from acme_issuer import HOME, Issuer, Killed, MortalHttp, actions, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import TRIES
from fake_ca import Asked, FakeCa, Fault, running
from fakes import FakeHost

ONE_NAME = ["newOrder", "authz", "chall", "order", "finalize", "cert"]


def test_an_order_takes_no_request_too_many(issuer: Issuer, ca: FakeCa) -> None:
    """One name takes six signed requests and the directory."""
    result = issuer.run(wished("a.test"))
    assert actions(result) == ["issued"]
    assert ca.resources == ["directory", *ONE_NAME]


def test_a_bundle_is_stored_with_key_leaf_and_chain(issuer: Issuer, host: FakeHost) -> None:
    """The bundle has one key and two certificates and only its owner may read it."""
    issuer.run(wished("a.test"))
    path = f"{HOME}/certificates/a.test/ecdsa.pem"
    content = host.files.content[path].decode()
    assert (content.count("PRIVATE KEY-----\n"), content.count("BEGIN CERT")) == (2, 2)
    assert host.files.modes[path] == 0o600
    assert not [name for name in host.files.content if name.startswith(f"{HOME}/orders")]


def test_a_second_run_changes_nothing(issuer: Issuer, ca: FakeCa) -> None:
    """Once the CA's window is known, a run with nothing to do asks nothing."""
    issuer.run(wished("a.test"))
    assert issuer.run(wished("a.test"))["changed"] is False
    ca.asked.clear()
    assert issuer.run(wished("a.test"))["changed"] is False
    assert ca.asked == []


def test_rsa_and_ecdsa_are_two_orders(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Each key type has a certificate of its own, and both count for the same exact names."""
    result = issuer.run(wished("a.test", key_types=["ecdsa", "rsa"]))
    assert [item["key_type"] for item in result["certificates"]] == ["ecdsa", "rsa"]
    assert ca.issued == [("a.test",), ("a.test",)]
    assert len(host.files.content[f"{HOME}/ledger.jsonl"].splitlines()) == 2


def test_a_shared_authorization_is_answered_once(issuer: Issuer, ca: FakeCa) -> None:
    """Several orders for a name that share its authorization answer it once."""
    ca.reuses_authorizations = True
    issuer.workers = 4
    names = [wished(f"{n}.test", "shared.test") for n in range(6)]
    assert actions(issuer.run(*names)) == ["issued"] * 6
    assert set(ca.answers.values()) == {1}
    assert len(ca.answers) == 7


def test_all_orders_are_placed_before_one_is_looked_at(issuer: Issuer, ca: FakeCa) -> None:
    """The CA can validate all of them side by side."""
    issuer.run(*(wished(f"{n}.test") for n in range(5)))
    resources = ca.resources
    assert resources[1:6] == ["newOrder"] * 5
    assert max(i for i, name in enumerate(resources) if name == "chall") < resources.index("order")


def test_a_processing_order_is_looked_at_when_the_ca_says(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """One early look, then as Retry-After says."""
    ca.processing_looks = 3
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert [seconds for seconds in host.clock.slept if seconds > 1] == pytest.approx([3, 3])


def test_an_invalid_authorization_keeps_the_words_of_the_ca(issuer: Issuer, ca: FakeCa) -> None:
    """The error names the domain, the CA's detail and the address that it tried."""
    problem = {"type": "urn:ietf:params:acme:error:connection", "detail": "Timeout during connect"}
    ca.judge = lambda name: problem if name == "bad.test" else None
    result = issuer.run(wished("bad.test", "fine.test"), wished("good.test"))
    assert actions(result) == ["failed", "issued"]
    error = result["failures"][0]["error"]
    assert "bad.test: connection: Timeout during connect" in error
    assert "192.0.2.7 port 80" in error
    assert "fine.test" not in error


def test_a_failed_order_is_not_counted(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """What was never finalized spends nothing, and the next run places a new order."""
    ca.judge = lambda _name: {"type": "urn:ietf:params:acme:error:dns", "detail": "no address"}
    issuer.run(wished("a.test"))
    assert host.files.content.get(f"{HOME}/ledger.jsonl", b"") == b""
    ca.judge = lambda _name: None
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert len(ca.orders) == 2


def test_no_http_challenge_is_a_failure(issuer: Issuer, ca: FakeCa) -> None:
    """A CA that wants another proof is named."""
    ca.offers = "dns-01"
    assert "no http-01 challenge is offered" in issuer.run(wished("a.test"))["failures"][0]["error"]


@pytest.mark.parametrize("acts", [False, True], ids=["lost-request", "lost-answer"])
@pytest.mark.parametrize("status", [0, 500], ids=["dropped", "500"])
@pytest.mark.parametrize("index", range(1, 10))
def test_one_fault_at_any_request_is_survived(
    ca: FakeCa, host: FakeHost, index: int, status: int, acts: bool
) -> None:
    """A fault at any request ends in one certificate, with no challenge answered twice."""
    issuer = Issuer((ca,), host)
    issuer.register()
    start = len(ca.asked)
    fault = Fault(status, "serverInternal" if status else "", acts=acts)
    ca.script = lambda asked: fault if asked.number == start + index else None
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert ca.issued == [("a.test",)]
    assert set(ca.answers.values()) == {1}


@pytest.mark.parametrize("workers", [1, 4])
def test_bad_nonces_and_faults_together(
    issuer: Issuer, ca: FakeCa, host: FakeHost, workers: int
) -> None:
    """With 15 % bad nonces and a fault at every 13th request all are issued."""
    ca.bad_nonce_share = 0.15
    faults = [
        Fault(429, "rateLimited", headers=(("Retry-After", "7"),)),
        Fault(503, headers=(("Retry-After", _http_date(host, 9)),)),
        Fault(500, "serverInternal"),
        Fault(0),
    ]
    ca.script = lambda asked: faults[asked.number // 13 % 4] if asked.number % 13 == 0 else None
    issuer.workers = workers
    result = issuer.run(*(wished(f"{n}.test") for n in range(20)))
    assert actions(result) == ["issued"] * 20
    assert sorted(ca.issued) == sorted((f"{n}.test",) for n in range(20))


def _http_date(host: FakeHost, seconds: int) -> str:
    moment = host.clock.now() + timedelta(seconds=seconds)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize("date", [False, True], ids=["seconds", "http-date"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_limit_beyond_the_budget_is_a_result(
    issuer: Issuer, ca: FakeCa, host: FakeHost, status: int, date: bool
) -> None:
    """A Retry-After that the budget does not cover is not waited for, but returned."""
    value = _http_date(host, 7200) if date else "7200"
    fault = Fault(status, "rateLimited", headers=(("Retry-After", value),))
    ca.script = lambda asked: fault if asked.resource == "newOrder" else None
    result = issuer.run(wished("a.test"))
    assert result["failures"][0]["retry_at"] == "2026-11-22T14:00:00+00:00"
    assert host.clock.slept == []
    assert result["changed"] is False


@pytest.mark.parametrize("acts", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("lives", range(1, 12))
def test_a_killed_run_is_resumed(ca: FakeCa, host: FakeHost, lives: int, acts: bool) -> None:
    """Killed at any request, before or after the CA acts: one certificate in the end."""
    ca.processing_looks = 2
    issuer = Issuer((ca,), host)
    issuer.register()
    ends = _run_mortal(issuer, lambda http: MortalHttp(http, lives, acts))
    assert actions(issuer.run(wished("a.test", "b.test"))) == ["issued" if not ends else "valid"]
    assert ca.issued == [("a.test", "b.test")]
    assert set(ca.answers.values()) == {1}
    lines = host.files.content[f"{HOME}/ledger.jsonl"].splitlines()
    assert len(lines) == 1
    assert not [name for name in host.files.content if name.startswith(f"{HOME}/orders")]


def _run_mortal(issuer: Issuer, mortal: Callable[[Any], Any]) -> bool:
    """Run until it ends or is killed; whether it ended."""
    try:
        issuer.run(wished("a.test", "b.test"), opener=lambda workers: mortal(open_http(workers)))
    except Killed:
        return False
    return True


class MortalFiles:
    """Files of a process that is killed at its n-th write or removal."""

    def __init__(self, real: Any, lives: int) -> None:
        self._real = real
        self._lives = lives

    def __getattr__(self, name: str) -> Any:
        if name in ("write", "remove"):
            self._lives -= 1
            if self._lives <= 0:
                raise Killed
        return getattr(self._real, name)


@pytest.mark.parametrize("lives", range(1, 16))
def test_a_run_killed_between_two_writes_is_resumed(ca: FakeCa, host: FakeHost, lives: int) -> None:
    """Killed at any write, the next run ends with one certificate, and nothing is left to do."""
    issuer = Issuer((ca,), host)
    issuer.register()
    real = host.files
    host.files = cast("Any", MortalFiles(real, lives))
    _run_mortal(issuer, lambda http: http)
    host.files = real
    real.locked.clear()
    issuer.run(wished("a.test", "b.test"))
    assert ca.issued == [("a.test", "b.test")]
    assert issuer.run(wished("a.test", "b.test"))["changed"] is False


def test_many_killed_orders_are_resumed_by_many_workers(ca: FakeCa, host: FakeHost) -> None:
    """Killed in the middle of many orders, the next run ends with one certificate each."""
    issuer = Issuer((ca,), host, workers=4)
    issuer.register()
    wishes = [wished(f"{n}.test") for n in range(12)]
    with pytest.raises(Killed):
        issuer.run(*wishes, opener=lambda n: MortalHttp(open_http(n), 50, acts=True))
    issuer.run(*wishes)
    assert sorted(ca.issued) == sorted((f"{n}.test",) for n in range(12))


def test_an_order_that_the_ca_lost_is_placed_again(issuer: Issuer, ca: FakeCa) -> None:
    """A stored order that the CA answers with 404 is forgotten."""
    with pytest.raises(Killed):
        issuer.run(wished("a.test"), opener=lambda n: MortalHttp(open_http(n), 4, acts=True))
    ca.orders[99] = ca.orders.pop(1)
    assert actions(issuer.run(wished("a.test"))) == ["issued"]


def test_an_order_that_expired_is_placed_again(issuer: Issuer, ca: FakeCa) -> None:
    """A stored order that became invalid meanwhile is forgotten, not reported."""
    with pytest.raises(Killed):
        issuer.run(wished("a.test"), opener=lambda n: MortalHttp(open_http(n), 4, acts=True))
    ca.orders[1]["status"] = "invalid"
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert len(ca.orders) == 2


def test_an_order_for_another_wish_is_not_resumed(issuer: Issuer, ca: FakeCa) -> None:
    """A name added after the kill is in the certificate."""
    with pytest.raises(Killed):
        issuer.run(wished("a.test"), opener=lambda n: MortalHttp(open_http(n), 4, acts=True))
    issuer.run(wished("a.test", "b.test"))
    assert ca.issued == [("a.test", "b.test")]


def test_an_order_beyond_the_budget_is_gone_on_with(issuer: Issuer, ca: FakeCa) -> None:
    """A CA that takes longer than the task may: reported, and finished by the next run."""
    ca.processing_looks = 5
    issuer.budget_seconds = 4
    result = issuer.run(wished("a.test"))
    assert "the next run goes on with it" in result["failures"][0]["error"]
    issuer.budget_seconds = 60
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert ca.issued == [("a.test",)]


@pytest.mark.parametrize("code", ["badCSR", "unauthorized", "malformed"])
def test_a_refused_finalize_ends_the_order(
    issuer: Issuer, ca: FakeCa, host: FakeHost, code: str
) -> None:
    """The next run begins anew, with another key, and is not refused for ever."""
    fault = Fault(400, code, "not this one")
    ca.script = lambda asked: fault if asked.resource == "finalize" else None
    assert "not this one" in issuer.run(wished("a.test"))["failures"][0]["error"]
    assert not [name for name in host.files.content if name.startswith(f"{HOME}/orders")]
    ca.script = lambda _asked: None
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert len(ca.orders) == 2


def test_a_refused_finalize_keeps_the_key_if_the_ca_acts(issuer: Issuer, ca: FakeCa) -> None:
    """A CA that has the order in work and says no is believed in what the order says."""
    fault = Fault(400, "malformed", "finalized already", acts=True)
    ca.script = lambda asked: fault if asked.resource == "finalize" else None
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert ca.issued == [("a.test",)]


def test_the_preferred_chain_is_taken(issuer: Issuer, host: FakeHost) -> None:
    """The chain whose topmost issuer is wished is stored; without such a chain the first one."""
    issuer.run(wished("a.test", preferred_chain="two"), wished("b.test", preferred_chain="three"))
    for name, issuer_of_chain in (("a.test", "two"), ("b.test", "one")):
        content = host.files.content[f"{HOME}/certificates/{name}/ecdsa.pem"].decode()
        assert _topmost_issuer(content) == issuer_of_chain


def _topmost_issuer(pem: str) -> str:
    from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import parse_chain

    return parse_chain(pem, "bundle")[-1].issuer


def test_an_unknown_profile_is_named_with_those_offered(issuer: Issuer, ca: FakeCa) -> None:
    """No order is spent on a profile that the CA does not list."""
    ca.profiles = {"classic": "x", "tlsserver": "y"}
    result = issuer.run(wished("a.test", profile="short"), wished("b.test", profile="tlsserver"))
    assert actions(result) == ["failed", "issued"]
    assert (
        'offers no profile "short"; it offers classic, tlsserver' in result["failures"][0]["error"]
    )
    assert len(ca.orders) == 1


def test_a_renewal_says_what_it_replaces(issuer: Issuer, ca: FakeCa) -> None:
    """The CA learns which certificate the new one replaces."""
    issuer.run(wished("a.test"))
    assert actions(issuer.run(wished("a.test"), force=True)) == ["renewed"]
    assert [order["replaces"] is not None for order in ca.orders.values()] == [False, True]


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "alreadyReplaced"), (400, "malformed"), (403, "unauthorized"), (404, "malformed")],
)
def test_refused_replaces_is_left_out_once(
    issuer: Issuer, ca: FakeCa, status: int, code: str
) -> None:
    """A CA that does not accept the replacement is asked once more without it."""
    issuer.run(wished("a.test"))
    seen: list[Asked] = []

    def refuse_first(asked: Asked) -> Fault | None:
        if asked.resource == "newOrder":
            seen.append(asked)
        return Fault(status, code) if asked.resource == "newOrder" and len(seen) == 1 else None

    ca.script = refuse_first
    assert actions(issuer.run(wished("a.test"), force=True)) == ["renewed"]
    assert len(seen) == 2
    assert ca.orders[2]["replaces"] is None


def test_a_ca_that_errs_over_replaces_is_asked_without(issuer: Issuer, ca: FakeCa) -> None:
    """Once it has had its tries: no error of its own keeps a certificate from being renewed."""
    issuer.run(wished("a.test"))
    seen: list[Asked] = []

    def err(asked: Asked) -> Fault | None:
        if asked.resource == "newOrder":
            seen.append(asked)
        errs = asked.resource == "newOrder" and len(seen) <= TRIES
        return Fault(500, "serverInternal") if errs else None

    ca.script = err
    assert actions(issuer.run(wished("a.test"), force=True)) == ["renewed"]
    assert len(seen) == TRIES + 1
    assert ca.orders[2]["replaces"] is None


def test_a_lost_account_is_registered_again(issuer: Issuer, ca: FakeCa) -> None:
    """A CA that forgot the account gets it again, with the same key."""
    ca.accounts.clear()
    assert actions(issuer.run(wished("a.test"))) == ["issued"]
    assert len(ca.accounts) == 1


def test_another_ca_never_hears_what_it_did_not_issue(ca: FakeCa, host: FakeHost) -> None:
    """A certificate that moves to another CA is ordered without replaces."""
    with running(FakeCa(now=host.clock.now)) as other:
        first = Issuer((ca,), host)
        first.register()
        first.run(wished("a.test"))
        second = Issuer((other,), host)
        second.register()
        result = second.run(wished("a.test"))
        assert result["certificates"][0]["reason"] == "its CA ca1 is no longer listed"
        assert other.orders[1]["replaces"] is None
