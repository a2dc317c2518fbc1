# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All wished certificates in one go: reasons, fallback, windows, the ledger, results."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from acme_issuer import HOME, Issuer, actions, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.ledger import EXEMPT_PER_WEEK
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage, parse_wish
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    InvalidInput,
    Refused,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_ca import Asked, FakeCa, Fault, running
from fakes import NOON, FakeHost


@pytest.fixture
def other(host: FakeHost) -> Iterator[FakeCa]:
    with running(FakeCa(now=host.clock.now)) as other:
        yield other


@pytest.fixture
def both(ca: FakeCa, other: FakeCa, host: FakeHost) -> Issuer:
    """An issuer with two CAs, and accounts at both."""
    issuer = Issuer((ca, other), host)
    issuer.register()
    return issuer


def limit(retry_after: str = "86400") -> Fault:
    return Fault(429, "rateLimited", headers=(("Retry-After", retry_after),))


def down(_asked: Asked) -> Fault:
    return Fault(0)


def test_the_plan_says_what_would_be_issued_and_why(issuer: Issuer, ca: FakeCa) -> None:
    """Check mode: reasons, a diff, and no order."""
    change = issuer.plan(wished("a.test", "b.test"))
    (found,) = change.result["certificates"]
    assert (found["action"], found["reason"], found["ca"]) == ("would_issue", "absent", "ca1")
    assert change.diff() == [
        {
            "before_header": "a.test (ecdsa)",
            "after_header": "a.test (ecdsa)",
            "before": "",
            "after": {"domains": ["a.test", "b.test"], "ca": "ca1", "reason": "absent"},
        }
    ]
    assert ca.asked == []


def test_the_result_says_what_was_done(issuer: Issuer) -> None:
    """Fingerprint and dates are those of the new certificate."""
    (found,) = issuer.run(wished("a.test"))["certificates"]
    assert found["action"] == "issued"
    assert len(found["fingerprint"]) == 64
    assert datetime.fromisoformat(found["not_after"]) - NOON > timedelta(days=89)
    assert (found["error"], found["retry_at"], found["ca"]) == (None, None, "ca1")


def test_an_added_name_is_a_reason(issuer: Issuer) -> None:
    """The certificate is got again, and the diff shows both sets of names."""
    issuer.run(wished("a.test"))
    change = issuer.plan(wished("a.test", "b.test"))
    assert change.result["certificates"][0]["reason"] == "names differ: b.test is new"
    (entry,) = change.diff()
    assert entry["before"]["domains"] == ["a.test"]
    assert entry["after"]["domains"] == ["a.test", "b.test"]
    assert actions(issuer.run(wished("a.test", "b.test"))) == ["renewed"]


def test_progress_is_shown(issuer: Issuer, host: FakeHost) -> None:
    """One line for each certificate."""
    issuer.run(*(wished(f"{n}.test") for n in range(3)))
    assert host.progress.lines == ["1 of 3 issued", "2 of 3 issued", "3 of 3 issued"]


def test_a_deferred_certificate_is_never_ordered(issuer: Issuer, ca: FakeCa) -> None:
    """It is reported with its reason where it is due, and not mentioned where it is not."""
    issuer.run(wished("b.test"))
    ca.asked.clear()
    deferred = [{"name": name, "reason": "leads to 192.0.2.9"} for name in ("a.test", "b.test")]
    result = issuer.run(wished("a.test"), wished("b.test"), deferred=deferred)
    assert actions(result) == ["deferred", "valid"]
    assert result["certificates"][0]["reason"] == "absent; leads to 192.0.2.9"
    assert result["changed"] is False
    assert "newOrder" not in ca.resources


def test_failures_are_fatal_after_all_are_done(issuer: Issuer, ca: FakeCa) -> None:
    """The others are issued, and the failure carries the results of all."""
    ca.judge = lambda name: {"type": "x", "detail": "no"} if name == "bad.test" else None
    with pytest.raises(Refused, match="1 certificate could not be had, 1 were") as caught:
        issuer.run(wished("bad.test"), wished("good.test"), failures="fatal")
    assert [item["action"] for item in caught.value.details["certificates"]] == ["failed", "issued"]
    assert ca.issued == [("good.test",)]


def test_a_failed_renewal_keeps_what_works(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """The bundle is the same, byte for byte."""
    issuer.run(wished("a.test"))
    path = f"{HOME}/certificates/a.test/ecdsa.pem"
    before = host.files.content[path]
    ca.judge = lambda _name: {"type": "x", "detail": "no"}
    result = issuer.run(wished("a.test", "b.test"))
    assert actions(result) == ["failed"]
    assert result["changed"] is False
    assert host.files.content[path] == before


def test_a_window_that_opens_is_a_reason(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """The CA asks for renewal; it is exempt, so the ledger does not count it."""
    issuer.weekly_limit = 2
    ca.window = (timedelta(days=1), timedelta(days=3))
    issuer.run(wished("a.test"))
    assert actions(issuer.run(wished("a.test"))) == ["valid"]
    host.clock.sleep(2.999 * 86400)
    result = issuer.run(wished("a.test"))
    assert actions(result) == ["renewed"]
    assert result["certificates"][0]["reason"].startswith("the CA asks for renewal since")
    assert b'"exempt": true' in host.files.content[f"{HOME}/ledger.jsonl"]


def test_a_ca_that_does_not_tell_is_asked_once_an_hour(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """Renewal information that fails stops nothing."""
    issuer.run(wished("a.test"))
    ca.script = lambda asked: Fault(404, "malformed") if asked.resource == "renewalInfo" else None
    ca.asked.clear()
    assert actions(issuer.run(wished("a.test"))) == ["valid"]
    issuer.run(wished("a.test"))
    assert ca.resources.count("renewalInfo") == 1
    host.clock.sleep(3700)
    issuer.run(wished("a.test"))
    assert ca.resources.count("renewalInfo") == 2


def test_a_window_that_never_closes_is_no_loop(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Each new certificate is due at once; after ten more it is told when to go on."""
    issuer.weekly_limit = 5
    ca.window = (timedelta(days=-80), timedelta(minutes=5))
    for _unused in range(20):
        result = issuer.run(wished("a.test"))
        host.clock.sleep(30)
    assert len(ca.issued) == 1 + EXEMPT_PER_WEEK
    assert actions(result) == ["failed"]
    assert result["failures"][0]["retry_at"] is not None


def test_a_certificate_without_facts_is_of_the_ca_that_knows_it(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """So its renewal in the window is exempt, as of any other."""
    issuer.weekly_limit = 2
    ca.window = (timedelta(days=1), timedelta(days=3))
    issuer.run(wished("a.test"))
    host.files.remove(f"{HOME}/certificates/a.test/ecdsa.json")
    host.clock.sleep(2.999 * 86400)
    assert actions(issuer.run(wished("a.test"))) == ["renewed"]
    assert ca.orders[2]["replaces"] is not None
    held = issuer.store.held(Lineage("a.test", KeyType.ECDSA, ("a.test",)))
    assert held is not None
    assert held.facts is not None


def test_a_certificate_without_facts_that_the_ca_does_not_know_is_not_its_own(
    both: Issuer, ca: FakeCa
) -> None:
    """The first one is asked, and has no window for it."""
    ca.script = down
    both.run(wished("a.test"))
    ca.script = lambda _asked: None
    both.host.files.remove(f"{HOME}/certificates/a.test/ecdsa.json")
    assert actions(both.run(wished("a.test"), force=True)) == ["renewed"]
    assert "renewalInfo" in ca.resources
    assert ca.orders[1]["replaces"] is None


def test_a_ca_without_renewal_information_gets_no_replaces(issuer: Issuer, ca: FakeCa) -> None:
    """It would not know the field."""
    ca.has_renewal_info = False
    issuer.run(wished("a.test"))
    assert actions(issuer.run(wished("a.test"), force=True)) == ["renewed"]
    assert ca.orders[2]["replaces"] is None


def test_the_ledger_refuses_before_the_ca_does(issuer: Issuer, ca: FakeCa) -> None:
    """Four of five, both key types counted; then a result with the moment to try again."""
    ca.has_renewal_info = False
    issuer.weekly_limit = 5
    pair = wished("a.test", key_types=["ecdsa", "rsa"])
    issuer.run(pair)
    issuer.run(pair, force=True)
    assert actions(issuer.run(pair, force=True)) == ["failed", "failed"]
    assert len(ca.issued) == 4


@pytest.mark.parametrize("fault", [limit(), Fault(500), Fault(0)], ids=["limited", "500", "drop"])
def test_the_next_ca_is_asked_for_what_is_absent(
    both: Issuer, ca: FakeCa, other: FakeCa, fault: Fault
) -> None:
    """A CA that is down or limits us stops no first certificate."""
    ca.script = lambda asked: fault if asked.resource == "newOrder" else None
    result = both.run(wished("a.test"))
    assert actions(result) == ["issued"]
    assert result["certificates"][0]["ca"] == "ca2"
    assert other.issued == [("a.test",)]


def test_a_certificate_of_the_second_ca_is_not_due_for_that(
    both: Issuer, ca: FakeCa, other: FakeCa
) -> None:
    """It stays until its renewal; then the first CA is asked first, without replaces."""
    ca.script = down
    both.run(wished("a.test"))
    ca.script = lambda _asked: None
    assert actions(both.run(wished("a.test"))) == ["valid"]
    assert actions(both.run(wished("a.test"), force=True)) == ["renewed"]
    assert ca.orders[1]["replaces"] is None
    assert len(other.issued) == 1


def test_a_renewal_that_has_time_waits_for_its_ca(both: Issuer, ca: FakeCa, other: FakeCa) -> None:
    """It fails with the moment to try again; what is near its end goes to the next CA."""
    both.run(wished("a.test"))
    ca.script = lambda asked: limit() if asked.resource == "newOrder" else None
    result = both.run(wished("a.test"), force=True)
    assert actions(result) == ["failed"]
    assert result["failures"][0]["retry_at"] is not None
    both.host.clock.sleep(80 * 86400)
    assert actions(both.run(wished("a.test"))) == ["renewed"]
    assert other.issued == [("a.test",)]


def test_when_no_ca_helps_all_are_told(both: Issuer, ca: FakeCa, other: FakeCa) -> None:
    """Each CA's words, and the earliest moment."""
    ca.script = lambda asked: limit("7200") if asked.resource == "newOrder" else None
    date = format_datetime(NOON + timedelta(hours=1), usegmt=True)
    other.script = lambda asked: limit(date) if asked.resource == "newOrder" else None
    (failure,) = both.run(wished("a.test"))["failures"]
    assert "ca1 limits us" in failure["error"]
    assert "ca2 limits us" in failure["error"]
    assert failure["retry_at"] == "2026-11-22T13:00:00+00:00"


def test_what_the_ca_forbids_is_not_asked_of_another(
    both: Issuer, ca: FakeCa, other: FakeCa
) -> None:
    """A failed validation would fail there as well."""
    ca.judge = lambda _name: {"type": "x", "detail": "no"}
    assert actions(both.run(wished("a.test"))) == ["failed"]
    assert "newOrder" not in other.resources


def test_an_order_under_way_is_gone_on_with_at_its_ca(
    both: Issuer, ca: FakeCa, other: FakeCa
) -> None:
    """Not placed again at the first one."""
    ca.script = down
    other.processing_looks = 5
    both.budget_seconds = 12
    assert actions(both.run(wished("a.test"))) == ["failed"]
    ca.script = lambda _asked: None
    both.budget_seconds = 600
    assert actions(both.run(wished("a.test"))) == ["issued"]
    assert (ca.issued, other.issued) == ([], [("a.test",)])


def test_two_runs_do_not_mix(issuer: Issuer, host: FakeHost) -> None:
    """One of them waits for the lock, and then sees what the other did."""
    change = issuer.plan(wished("a.test"))
    host.files.locked.add(f"{HOME}/lock")
    with pytest.raises(Busy):
        change.apply()
    host.files.locked.clear()
    issuer.run(wished("a.test"))
    assert change.apply()["changed"] is False


def test_all_faults_of_a_wish_are_told_together() -> None:
    """CAs, certificates and deferrals."""
    value = {"home": "/x", "authorities": [], "certificates": [{}], "deferred": [{"nam": 1}]}
    with pytest.raises(InvalidInput) as caught:
        parse(value, "", parse_wish)
    text = str(caught.value)
    for path in (
        "authorities",
        "certificates[0].name",
        "certificates[0].domains",
        "deferred[0].nam",
    ):
        assert f"  {path}: " in text
