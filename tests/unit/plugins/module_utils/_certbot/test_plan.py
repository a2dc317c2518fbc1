# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is due is had by certbot, what is there is taken over, the rest is left to the timer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.lineages import Lineages
from ansible_collections.hitless.edge.plugins.module_utils._certbot.plan import (
    parse_certbot_wish,
    plan_certificates,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_certbot import (
    CONFIG,
    DIRECTORY,
    HOME,
    FakeCertbot,
    options,
    place_lineage,
    register,
    wished,
)
from fakes import NOON, FakeHost
from minted import Minted, mint

DAY = timedelta(days=1)
A = Lineage("a.test", KeyType.ECDSA, ("a.test",))
YOUNG = mint("a.test", serial=31, not_before=NOON - DAY, not_after=NOON + 89 * DAY)
DUE = mint("a.test", serial=32, not_before=NOON - 65 * DAY, not_after=NOON + 25 * DAY)
ENDING = mint("a.test", serial=33, not_before=NOON - 80 * DAY, not_after=NOON + 10 * DAY)
FACTS = Facts("ca1", DIRECTORY, None, None, NOON)
TUTORIAL = {
    "authenticator": "standalone",
    "server": DIRECTORY,
    "account": "0123",
    "pre_hook": "service haproxy stop",
    "post_hook": "service haproxy start",
}


@pytest.fixture
def host() -> FakeHost:
    """An issuer whose certbot has an account."""
    host = FakeHost()
    register(host)
    return host


@pytest.fixture
def certbot(host: FakeHost) -> FakeCertbot:
    return FakeCertbot(host)


def plan(host: FakeHost, *certificates: dict[str, Any], **changed: Any) -> Change:
    """The plan of a run."""
    wish = options(*certificates, **changed)
    return plan_certificates(host.ports, parse(wish, "", parse_certbot_wish))


def run(host: FakeHost, *certificates: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
    """A run as `run()` of _core/module.py makes it; its results."""
    change = plan(host, *certificates, **changed)
    told = change.apply() if change.is_needed else change.result
    return list(told["certificates"])


def keep(host: FakeHost, made: Minted, facts: Facts | None = FACTS) -> None:
    """Put a certificate for a.test into the store."""
    found = bundle.parse(made.pem, name="a.test", path="minted")
    Store(host.files, HOME).save(A, found, facts)


def stored(host: FakeHost) -> str:
    """The fingerprint of what the store has."""
    held = Store(host.files, HOME).held(A)
    assert held is not None
    return held.leaf.fingerprint


def test_what_is_absent_is_had_once(host: FakeHost, certbot: FakeCertbot) -> None:
    """Foretold, had, in the store with its facts; the second run asks nobody."""
    (foretold,) = plan(host, wished("a.test")).result["certificates"]
    assert (foretold["action"], foretold["reason"]) == ("would_issue", "absent")
    assert certbot.orders == []
    (result,) = run(host, wished("a.test"))
    assert (result["action"], result["ca"], result["covered"]) == ("issued", "ca1", ["a.test"])
    assert stored(host) == result["fingerprint"]
    held = Store(host.files, HOME).held(A)
    assert held is not None
    assert held.facts is not None
    assert held.facts.directory == DIRECTORY
    again = plan(host, wished("a.test"))
    assert not again.is_needed
    assert again.result["certificates"][0]["reason"].endswith("renewed by certbot's timer")
    assert len(certbot.orders) == 1


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (wished("a.test"), wished("a.test", "b.test"), "names differ: b.test is new"),
        (
            wished("a.test", "b.test"),
            wished("a.test"),
            "names differ: b.test is no longer wished",
        ),
        (
            wished("a.test"),
            wished("a.test", profile="shortlived"),
            "profile differs: the default -> shortlived",
        ),
        (wished("a.test"), wished("a.test", key_types=["rsa"]), "absent"),
    ],
    ids=["added", "removed", "profile", "key type"],
)
def test_what_differs_is_had_anew(
    host: FakeHost,
    certbot: FakeCertbot,
    first: dict[str, Any],
    second: dict[str, Any],
    reason: str,
) -> None:
    """In the same lineage of certbot's, with one order; then there is nothing to do."""
    run(host, first)
    host.clock.sleep(3600)
    (result,) = run(host, second)
    assert (result["action"] in ("issued", "renewed"), result["reason"]) == (True, reason)
    assert result["covered"] == second["domains"]
    assert Lineages(host.files).names() == ("a.test",)
    assert not plan(host, second).is_needed
    assert len(certbot.orders) == 2


@pytest.mark.parametrize(
    ("made", "action", "orders"), [(DUE, "valid", 0), (ENDING, "renewed", 1)], ids=["due", "late"]
)
def test_renewal_is_left_to_the_timer_until_it_is_urgent(
    host: FakeHost, certbot: FakeCertbot, made: Minted, action: str, orders: int
) -> None:
    """Due for our own client is not due here; half of that time later it is."""
    keep(host, made)
    (result,) = run(host, wished("a.test"))
    assert (result["action"], len(certbot.orders)) == (action, orders)


@pytest.mark.parametrize("parameters", [TUTORIAL, {"authenticator": "webroot"}, None])
def test_a_lineage_made_by_hand_is_taken_over(
    host: FakeHost, certbot: FakeCertbot, parameters: dict[str, str] | None
) -> None:
    """Without an order; renewed through HAProxy from then on, without stopping it."""
    place_lineage(host, "a.test", YOUNG, parameters)
    (foretold,) = plan(host, wished("a.test")).result["certificates"]
    assert (foretold["action"], foretold["fingerprint"]) == ("would_adopt", YOUNG.fingerprint)
    (result,) = run(host, wished("a.test"))
    assert (result["action"], result["fingerprint"]) == ("adopted", YOUNG.fingerprint)
    assert result["reason"] == f"taken over from {CONFIG}/live/a.test"
    assert stored(host) == YOUNG.fingerprint
    conf = Lineages(host.files).conf("a.test")
    assert conf is not None
    assert conf.is_ours
    assert "pre_hook" not in conf.parameters
    assert certbot.orders == []
    assert not plan(host, wished("a.test")).is_needed


def test_a_lineage_of_another_ca_is_had_anew(host: FakeHost, certbot: FakeCertbot) -> None:
    """From staging, say; in the same lineage."""
    place_lineage(host, "a.test", YOUNG, {**TUTORIAL, "server": "https://staging.test/dir"})
    (result,) = run(host, wished("a.test"))
    assert (result["action"], len(certbot.orders)) == ("renewed", 1)
    assert result["reason"] == "its CA https://staging.test/dir is no longer listed"


def test_a_lineage_under_another_name_is_found(host: FakeHost, certbot: FakeCertbot) -> None:
    """In the folders that are looked through; a copy is renewed from then on."""
    place_lineage(host, "a.test-0001", YOUNG, TUTORIAL)
    host.files.modes[f"{CONFIG}/live/a.test-0001"] = 0o755
    folders = [f"{CONFIG}/live"]
    (result,) = run(host, wished("a.test"), adopt=folders)
    assert (result["action"], result["fingerprint"]) == ("adopted", YOUNG.fingerprint)
    assert result["reason"] == f"taken over from {CONFIG}/live/a.test-0001"
    assert certbot.orders == []
    assert Lineages(host.files).read("a.test") is not None
    assert not plan(host, wished("a.test"), adopt=folders).is_needed


def test_a_certificate_of_another_source_stays(host: FakeHost, certbot: FakeCertbot) -> None:
    """When the source is changed to certbot: given to it, and valid."""
    keep(host, YOUNG)
    change = plan(host, wished("a.test"))
    assert change.result["certificates"][0]["action"] == "valid"
    assert change.diff()[0]["after"] == "given to certbot, renewed through HAProxy"
    (result,) = change.apply()["certificates"]
    assert (result["action"], result["fingerprint"]) == ("valid", YOUNG.fingerprint)
    found = Lineages(host.files).read("a.test")
    assert found is not None
    assert found.leaf.fingerprint == YOUNG.fingerprint
    assert certbot.orders == []


def test_what_the_timer_renewed_is_taken(host: FakeHost, certbot: FakeCertbot) -> None:
    """Although its deploy hook failed."""
    run(host, wished("a.test"))
    host.clock.sleep(3600)
    newer = mint(
        "a.test", serial=34, not_before=host.clock.now(), not_after=host.clock.now() + 90 * DAY
    )
    place_lineage(host, "a.test", newer)
    (result,) = run(host, wished("a.test"))
    assert (result["action"], result["fingerprint"]) == ("adopted", newer.fingerprint)
    assert len(certbot.orders) == 1


def test_deferred_ones_wait(host: FakeHost, certbot: FakeCertbot) -> None:
    """With the reason."""
    deferred = [{"name": "a.test", "reason": "a.test leads elsewhere"}]
    (result,) = run(host, wished("a.test"), deferred=deferred)
    assert (result["action"], result["reason"]) == ("deferred", "absent; a.test leads elsewhere")
    assert certbot.orders == []


def test_force_gets_new_ones(host: FakeHost, certbot: FakeCertbot) -> None:
    """Also of what is young."""
    keep(host, YOUNG)
    (result,) = run(host, wished("a.test"), force=True)
    assert (result["action"], result["reason"]) == ("renewed", "forced")
    assert len(certbot.orders) == 1


def test_a_wish_beyond_its_version_is_refused(host: FakeHost, certbot: FakeCertbot) -> None:
    """Before anything is changed."""
    certbot.version = "2.1.0"
    before = dict(host.files.content)
    with pytest.raises(InvalidInput, match=r"has no profiles \(shortlived\)"):
        plan(host, wished("a.test", profile="shortlived"))
    assert host.files.content == before


def test_hooks_that_stop_haproxy_are_refused(host: FakeHost, certbot: FakeCertbot) -> None:
    """Before anything is changed; they would run at each renewal by the timer."""
    host.files.write(f"{CONFIG}/renewal-hooks/pre/stop", b"systemctl stop haproxy\n")
    with pytest.raises(InvalidInput, match=r"renewal-hooks/pre/stop: stops HAProxy"):
        plan(host, wished("a.test"))
    assert certbot.orders == []


def test_settings_that_go_over_ours_are_refused(host: FakeHost, certbot: FakeCertbot) -> None:
    """Before anything is changed; what says the same as we do may stay."""
    host.files.write(f"{CONFIG}/cli.ini", f"server = {DIRECTORY}\nkey-type = ecdsa\n".encode())
    plan(host, wished("a.test"))
    with pytest.raises(InvalidInput, match=r"cli.ini:2: key-type goes over"):
        plan(host, wished("a.test", key_types=["ecdsa", "rsa"]))
    host.files.write(f"{CONFIG}/cli.ini", b"authenticator = standalone\n")
    with pytest.raises(InvalidInput, match=r"cli.ini:1: authenticator goes over"):
        plan(host, wished("a.test"))
    assert certbot.orders == []


@pytest.mark.parametrize("where", ["store", "certbot"])
def test_an_old_version_is_refused_for_short_lives(
    host: FakeHost, certbot: FakeCertbot, where: str
) -> None:
    """Held in the store or by certbot alone; the distribution's package is no exception."""
    brief = mint("a.test", serial=35, not_before=NOON - DAY, not_after=NOON + 6 * DAY)
    if where == "store":
        keep(host, brief)
    else:
        place_lineage(host, "a.test", brief, TUTORIAL)
    certbot.version = "4.0.0"
    plan(host, wished("a.test"))
    certbot.version = "2.1.0"
    with pytest.raises(InvalidInput, match=r"a.test \(ecdsa\): it lives 7 days, and certbot 2.1"):
        plan(host, wished("a.test"))
    assert certbot.orders == []


def test_before_certbot_is_there_it_is_foretold(host: FakeHost) -> None:
    """In check mode on a fresh host."""
    (result,) = plan(host, wished("a.test")).result["certificates"]
    assert result["action"] == "would_issue"
    assert host.runner.runs == []


def test_other_sources_are_passed_over(host: FakeHost, certbot: FakeCertbot) -> None:
    """Their certificates are no business of certbot's."""
    assert run(host, wished("a.test", source="acme")) == []
    assert certbot.orders == []


def test_both_kinds_of_keys_are_lineages(host: FakeHost, certbot: FakeCertbot) -> None:
    """Two of certbot's, two of the store."""
    results = run(host, wished("a.test", key_types=["ecdsa", "rsa"]))
    assert [one["key_type"] for one in results] == ["ecdsa", "rsa"]
    assert Lineages(host.files).names() == ("a.test", "a.test-rsa")
    assert len({one["fingerprint"] for one in results}) == certbot.issued == 2


def test_without_a_ca_there_is_nothing_to_ask(host: FakeHost) -> None:
    """A fault with its path."""
    with pytest.raises(InvalidInput, match="authorities: there is no CA"):
        plan(host, wished("a.test"), authorities=[])
