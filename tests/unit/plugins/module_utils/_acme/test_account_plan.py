# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: one key, registered, bound, rolled over, ended."""

from __future__ import annotations

import base64
import json

import pytest
from acme_issuer import HOME, Issuer, actions, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
    Refused,
)
from fake_ca import Asked, FakeCa, Fault, running
from fakes import FakeHost

SECRET = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")


@pytest.fixture
def new(ca: FakeCa, host: FakeHost) -> Issuer:
    """An issuer without any account."""
    return Issuer((ca,), host)


def test_without_cas_there_is_just_a_key(host: FakeHost) -> None:
    """No network, a key for its owner only, and the same thumbprint ever after."""
    issuer = Issuer((), host)
    first = issuer.register(terms_agreed=False)
    assert host.files.modes[f"{HOME}/account/key.pem"] == 0o600
    again = issuer.plan_account(terms_agreed=False)
    assert not again.is_needed
    assert again.result["thumbprint"] == first["thumbprint"]
    assert len(first["thumbprint"]) == 43


def test_in_check_mode_there_is_no_thumbprint_yet(new: Issuer, ca: FakeCa) -> None:
    """The plan says what would be made and asks nobody."""
    change = new.plan_account(contact=["ops@a.test"])
    assert change.is_needed
    nothing = {"accounts": [], "registrations": {}, "failures": []}
    assert change.result == {"thumbprint": None, **nothing}
    assert ca.asked == []


def test_an_account_is_made_once(new: Issuer, ca: FakeCa) -> None:
    """The second run asks nobody."""
    result = new.register(contact=["ops@a.test"])
    (account,) = result["accounts"]
    assert ca.accounts[account["url"]]["contact"] == ["mailto:ops@a.test"]
    ca.asked.clear()
    assert not new.plan_account(contact=["ops@a.test"]).is_needed
    assert ca.asked == []


def test_terms_are_agreed_to_by_the_user(new: Issuer, ca: FakeCa) -> None:
    """Without that nobody is asked, and the CA is named."""
    with pytest.raises(Refused, match="needed at ca1; read the terms"):
        new.plan_account(terms_agreed=False)
    assert ca.asked == []


def test_an_account_that_exists_is_found(new: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """A key whose registrations were lost gets its account back, with the wished contacts."""
    first = new.register()
    host.files.remove(f"{HOME}/account/registrations.json")
    second = new.register(contact=["x@a.test"])
    assert first["accounts"][0]["url"] == second["accounts"][0]["url"]
    assert [account["contact"] for account in ca.accounts.values()] == [["mailto:x@a.test"]]


def test_contacts_are_changed(new: Issuer, ca: FakeCa) -> None:
    """A change with a diff, and no second account."""
    new.register(contact=["a@a.test"])
    change = new.plan_account(contact=["b@a.test", "tel:+123"])
    assert [entry["before_header"] for entry in change.diff()] == ["account"]
    change.apply()
    assert [account["contact"] for account in ca.accounts.values()] == [
        ["mailto:b@a.test", "tel:+123"]
    ]


def test_one_key_for_all_cas(ca: FakeCa, host: FakeHost) -> None:
    """Two CAs, one thumbprint."""
    with running(FakeCa(now=host.clock.now)) as other:
        result = Issuer((ca, other), host).register()
        assert len(result["accounts"]) == 2
        keys = [account["key"] for one in (ca, other) for account in one.accounts.values()]
        assert keys[0] == keys[1]


def test_caa_records_are_advised(new: Issuer) -> None:
    """They let only this account issue, only over HTTP-01."""
    (account,) = new.register()["accounts"]
    expected = f'0 issue "ca.test; accounturi={account["url"]}; validationmethods=http-01"'
    assert account["caa"] == [expected]


def _with_eab(issuer: Issuer, **eab: str) -> list[dict[str, object]]:
    return [{**issuer.authorities[0], "eab": eab}]


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_an_external_account_is_bound(new: Issuer, ca: FakeCa, algorithm: str) -> None:
    """With each algorithm."""
    ca.external_keys = {"kid-1": SECRET}
    eab = _with_eab(new, kid="kid-1", hmac_key=SECRET, algorithm=algorithm)
    assert len(new.register(authorities=eab)["accounts"]) == 1


def test_a_demanded_external_account_is_asked_for(new: Issuer, ca: FakeCa) -> None:
    """The error says which option to set."""
    ca.external_keys = {"kid-1": SECRET}
    with pytest.raises(Refused, match=r"ca1 wants an external account: .* set eab"):
        new.register()


def test_a_wrong_external_account_is_told(new: Issuer, ca: FakeCa) -> None:
    """In the CA's words, or ours if the key cannot be one."""
    ca.external_keys = {"kid-1": SECRET}
    with pytest.raises(Refused, match="no account at ca1: ca1 refused:\nunauthorized: the bind"):
        new.register(authorities=_with_eab(new, kid="kid-2", hmac_key=SECRET))
    with pytest.raises(Refused, match=r"eab\.hmac_key: is not base64url"):
        new.register(authorities=_with_eab(new, kid="kid-1", hmac_key="A"))


def test_a_rollover_changes_the_key_and_keeps_the_account(new: Issuer) -> None:
    """The old key is gone afterwards, and certificates are issued with the new one."""
    first = new.register()
    second = new.register(rollover=True)
    assert first["thumbprint"] != second["thumbprint"]
    assert first["accounts"][0]["url"] == second["accounts"][0]["url"]
    assert Accounts(new.host.files, HOME).previous_key() is None
    assert actions(new.run(wished("a.test"))) == ["issued"]


@pytest.mark.parametrize("acts", [False, True], ids=["lost-request", "lost-answer"])
def test_an_interrupted_rollover_is_finished(ca: FakeCa, host: FakeHost, acts: bool) -> None:
    """Both keys are kept while one CA may know only the old one; the next run goes on."""
    with running(FakeCa(now=host.clock.now)) as other:
        issuer = Issuer((ca, other), host)
        issuer.register()
        other.script = lambda asked: Fault(0, acts=acts) if asked.resource == "keyChange" else None
        with pytest.raises(Refused, match="ca2 does not answer"):
            issuer.register(rollover=True)
        accounts = Accounts(host.files, HOME)
        between = accounts.key()
        assert accounts.previous_key() is not None
        assert between is not None
        assert not Issuer((), host).plan_account(terms_agreed=False).is_needed
        other.script = lambda _asked: None
        change = issuer.plan_account(rollover=True)
        assert change.is_needed
        assert change.apply()["thumbprint"] == between.thumbprint
        assert accounts.previous_key() is None
        assert not issuer.plan_account().is_needed


def test_between_the_keys_each_ca_is_asked_with_the_one_it_knows(
    ca: FakeCa, host: FakeHost
) -> None:
    """An interrupted rollover stops no renewal."""
    with running(FakeCa(now=host.clock.now)) as other:
        issuer = Issuer((ca, other), host)
        issuer.register()
        other.script = lambda asked: Fault(0) if asked.resource == "keyChange" else None
        with pytest.raises(Refused, match="ca2 does not answer"):
            issuer.register(rollover=True)
        assert actions(issuer.run(wished("a.test"))) == ["issued"]
        alone = Issuer((other,), host)
        assert actions(alone.run(wished("b.test"))) == ["issued"]


def _refuse(asked: Asked) -> Fault | None:
    return Fault(0) if asked.resource == "directory" else None


@pytest.mark.parametrize("dead", [0, 1], ids=["first", "second"])
def test_a_dead_ca_stops_no_other(ca: FakeCa, host: FakeHost, dead: int) -> None:
    """The others have their accounts and issue; it is named in a warning, and tried again."""
    with running(FakeCa(now=host.clock.now)) as other:
        issuer = Issuer((ca, other), host)
        issuer.cas[dead].script = _refuse
        name, alive = f"ca{dead + 1}", f"ca{2 - dead}"
        result = issuer.register()
        assert [account["ca"] for account in result["accounts"]] == [alive]
        (failure,) = result["failures"]
        assert failure["ca"] == name
        assert result["warnings"] == [f"no account at {name}: {failure['error']}"]
        assert "does not answer" in failure["error"]
        issued = issuer.run(wished("a.test"))
        assert [item["ca"] for item in issued["certificates"]] == [alive]
        renewed = issuer.run(wished("a.test"), force=True)
        assert [item["action"] for item in renewed["certificates"]] == ["renewed"]
        assert issuer.register()["changed"] is False
        issuer.cas[dead].script = lambda _asked: None
        assert len(issuer.register()["accounts"]) == 2
        assert not issuer.plan_account().is_needed


def test_a_wrong_binding_at_one_ca_stops_no_other(ca: FakeCa, host: FakeHost) -> None:
    """Its words are in the result, and certificates come from the next CA of the list."""
    ca.external_keys = {"kid-1": SECRET}
    with running(FakeCa(now=host.clock.now)) as other:
        issuer = Issuer((ca, other), host)
        first, second = issuer.authorities
        eab = {"kid": "kid-2", "hmac_key": SECRET}
        result = issuer.register(authorities=[{**first, "eab": eab}, second])
        assert "the binding is not good" in result["failures"][0]["error"]
        assert [item["ca"] for item in issuer.run(wished("a.test"))["certificates"]] == ["ca2"]


def test_without_any_account_it_fails_with_the_words_of_all(ca: FakeCa, host: FakeHost) -> None:
    """And the key is kept, for the next run."""
    with running(FakeCa(now=host.clock.now)) as other:
        issuer = Issuer((ca, other), host)
        ca.script = other.script = _refuse
        with pytest.raises(Refused, match=r"no account at ca1(.|\n)*no account at ca2") as caught:
            issuer.register()
        assert [item["ca"] for item in caught.value.details["failures"]] == ["ca1", "ca2"]
        assert caught.value.details["thumbprint"] == issuer.plan_account().result["thumbprint"]


def test_accounts_that_could_not_be_ended_are_a_failure(new: Issuer, ca: FakeCa) -> None:
    """They are still there, so nobody is told that they ended."""
    new.register()
    ca.script = _refuse
    with pytest.raises(Refused, match="ca1 does not answer"):
        new.register(state="absent")
    assert len(ca.accounts) == 1


def test_an_account_is_ended(new: Issuer, ca: FakeCa) -> None:
    """Deactivated and forgotten; the key stays, and a second run has nothing to do."""
    first = new.register()
    ended = new.register(state="absent")
    assert ended["accounts"] == []
    assert ended["thumbprint"] == first["thumbprint"]
    assert ca.accounts == {}
    assert not new.plan_account(state="absent").is_needed


def test_without_an_account_nothing_is_ordered(new: Issuer, ca: FakeCa) -> None:
    """The error says which module makes one."""
    result = new.run(wished("a.test"))
    assert (
        "there is no account at ca1; register one with acme_account"
        in (result["failures"][0]["error"])
    )
    assert ca.resources == ["directory"]


def test_an_account_of_a_lost_key_is_told(new: Issuer, host: FakeHost) -> None:
    """Neither key is the one that the CA knows."""
    new.register()
    host.files.remove(f"{HOME}/account/key.pem")
    Issuer((), host).register()
    assert "belongs to a key that is not in" in new.run(wished("a.test"))["failures"][0]["error"]


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"secret: of root",
        b'{"https://ca/": {"x": 1}}',
        b'{"https://ca/": {"url": {}, "contact": [], "thumbprint": "", "caa_identities": []}}',
        b"[" * 100_000,
    ],
    ids=["list", "text", "stranger", "url", "deep"],
)
def test_broken_registrations_are_told(new: Issuer, host: FakeHost, content: bytes) -> None:
    """With the file and what to do; nothing of it goes to other hosts."""
    host.files.write(f"{HOME}/account/registrations.json", content)
    with pytest.raises(
        InvalidInput, match=r"registrations\.json: cannot be read.*remove it"
    ) as told:
        new.plan_account()
    assert "of root" not in str(told.value)


def test_registrations_are_told_to_the_other_issuers(new: Issuer, host: FakeHost) -> None:
    """Just as the store has them; also to who asks for no CA."""
    told = new.register(contact=["ops@a.test"])
    kept = json.loads(host.files.content[f"{HOME}/account/registrations.json"])
    assert told["registrations"] == kept
    assert Issuer((), host).register()["registrations"] == kept
