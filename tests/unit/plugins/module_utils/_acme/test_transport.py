# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests: nonces, limits, server errors, broken connections, trust."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from ansible_collections.hitless.edge.plugins.module_utils._acme.answer import Answer
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import (
    AcmeRefused,
    RateLimited,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import (
    AccountKey,
    Session,
    Signer,
    first_bundle,
    open_http,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType, generate_key
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fake_ca import FakeCa, Fault, running
from fakes import FakeHost

KEY = AccountKey(generate_key(KeyType.ECDSA).encode())


def session(ca: FakeCa, host: FakeHost, seconds: float = 600, bundle: str | None = None) -> Session:
    authority = Authority("test", ca.directory_url, ca_bundle=bundle)
    return Session(authority, Budget.of(host.clock, seconds), open_http(1))


def register(ca: FakeCa, host: FakeHost, seconds: float = 600, key: AccountKey = KEY) -> Answer:
    signer = Signer(key, f"{ca.base}/newNonce")
    payload = {"termsOfServiceAgreed": True}
    return session(ca, host, seconds).post(signer, f"{ca.base}/newAccount", payload)


def test_a_nonce_is_asked_for_once_and_then_comes_with_the_answers(
    ca: FakeCa, host: FakeHost
) -> None:
    """Ten requests need one newNonce."""
    signer = Signer(KEY, f"{ca.base}/newNonce")
    one = session(ca, host)
    for _unused in range(10):
        one.post(signer, f"{ca.base}/newAccount", {"termsOfServiceAgreed": True})
    assert [asked.resource for asked in ca.asked].count("newNonce") == 1


def test_a_ca_without_nonces_in_its_answers_works(ca: FakeCa, host: FakeHost) -> None:
    """A success without Replay-Nonce is a success."""
    ca.gives_nonces = False
    assert register(ca, host).status == 201


def test_bad_nonces_do_not_fail_a_request(ca: FakeCa, host: FakeHost) -> None:
    """With 15 % of the nonces refused, 100 requests succeed."""
    ca.bad_nonce_share = 0.15
    assert {register(ca, host).status for _unused in range(100)} == {200, 201}


def test_a_ca_that_refuses_every_nonce_is_given_up(ca: FakeCa, host: FakeHost) -> None:
    """After ten more tries badNonce is the CA's last word."""
    ca.bad_nonce_share = 1.0
    with pytest.raises(AcmeRefused) as caught:
        register(ca, host)
    assert caught.value.problem.code == "badNonce"
    assert [asked.resource for asked in ca.asked].count("newAccount") == 11


@pytest.mark.parametrize("kind", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_is_waited_for(ca: FakeCa, host: FakeHost, status: int, kind: str) -> None:
    """Both forms, to the second, with a clock that only moves by waiting."""
    moment = host.clock.now() + timedelta(seconds=37)
    value = "37" if kind == "seconds" else moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    fault = Fault(status, "rateLimited", headers=(("Retry-After", value),))
    ca.script = lambda asked: fault if asked.number == 2 else None
    assert register(ca, host).status == 201
    assert host.clock.slept == [37.0]


def test_retry_after_beyond_the_budget_is_told_at_once(ca: FakeCa, host: FakeHost) -> None:
    """No waiting for what comes too late."""
    fault = Fault(429, "rateLimited", "slow down", headers=(("Retry-After", "3600"),))
    ca.script = lambda asked: fault if asked.resource == "newAccount" else None
    with pytest.raises(RateLimited, match="slow down") as caught:
        register(ca, host, seconds=60)
    assert caught.value.retry_at == host.clock.now() + timedelta(hours=1)
    assert host.clock.slept == []


@pytest.mark.parametrize("status", [0, 500, 502, 503])
def test_a_ca_that_stays_broken_is_unreachable(ca: FakeCa, host: FakeHost, status: int) -> None:
    """Five tries with growing pauses, then the cause is told."""
    ca.script = lambda _asked: Fault(status, "serverInternal")
    with pytest.raises(Unreachable, match="does not answer after 5 tries"):
        register(ca, host)
    assert host.clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_a_ca_that_is_not_there_is_unreachable(host: FakeHost) -> None:
    """Nobody listens: the same."""
    nobody = FakeCa()
    nobody.base = "http://127.0.0.1:1"
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        session(nobody, host).get(nobody.directory_url)


def test_a_conflict_keeps_its_problem_document(ca: FakeCa, host: FakeHost) -> None:
    """HTTP 409 is told in the CA's words."""
    ca.script = lambda asked: (
        Fault(409, "alreadyReplaced", "was replaced") if asked.number == 2 else None
    )
    with pytest.raises(AcmeRefused, match="alreadyReplaced: was replaced") as caught:
        register(ca, host)
    assert caught.value.problem.status == 409


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_keys_of_all_curves_sign(ca: FakeCa, host: FakeHost, curve: ec.EllipticCurve) -> None:
    """The algorithm follows from the key; the CA checks the signature."""
    pem = ec.generate_private_key(curve).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert register(ca, host, key=AccountKey(pem)).status == 201


def test_rsa_keys_sign(ca: FakeCa, host: FakeHost) -> None:
    """An account key brought from elsewhere may be RSA."""
    assert register(ca, host, key=AccountKey(generate_key(KeyType.RSA).encode())).status == 201


def test_what_is_no_key_is_told_with_its_path() -> None:
    """The file is named; its content is not."""
    with pytest.raises(InvalidInput, match=r"/x/key\.pem: ") as caught:
        AccountKey(b"secret words", "/x/key.pem")
    assert "secret words" not in str(caught.value)


def test_a_private_ca_is_trusted_by_its_bundle_only(tmp_path: Path, host: FakeHost) -> None:
    """Without the bundle the error names the option; with it the connection is made."""
    private = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    private.cert_pem.write_to_path(str(bundle))
    with running(FakeCa(), context) as ca:
        with pytest.raises(Unreachable, match="ca_bundle"):
            session(ca, host).get(ca.directory_url)
        answered = session(ca, host, bundle=str(bundle)).get(ca.directory_url)
        assert "newOrder" in answered.document()


def test_without_a_bundle_the_host_is_asked(tmp_path: Path) -> None:
    """The first file that it has; the library's own list if there is none."""
    there = tmp_path / "ca.pem"
    there.touch()
    assert first_bundle([None, "/no/such", str(there), "/"]) == str(there)
    assert first_bundle([None, "", "/no/such"]) is True


def test_a_bundle_that_is_not_there_is_told(host: FakeHost) -> None:
    """A missing file is no traceback."""
    ca = FakeCa()
    ca.base = "https://127.0.0.1:1"
    with pytest.raises(Unreachable, match=r"/no/such\.pem"):
        session(ca, host, bundle="/no/such.pem").get(ca.directory_url)
