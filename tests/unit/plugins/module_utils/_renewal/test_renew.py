# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of issuers, alone and together: who orders, who serves what, how often."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Lineage,
    Source,
    Wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    EdgeError,
    InvalidInput,
    Refused,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.records import (
    load_pushes,
    load_record,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.report import Report
from delivering import Killed
from fake_ca import Asked, FakeCa, Fault
from fakes import FakeClock
from renewing import DAY, HOME, HOUR, SITE, Fleet, SickFiles

DUE = timedelta(days=62)
"""After this the CA's window is over: whoever looks finds the certificate due."""

DELAY = timedelta(days=90) / 60


def down(_asked: Asked) -> Fault:
    return Fault(0)


def actions(report: Report) -> list[str]:
    return [outcome.action for outcome in report.outcomes]


def test_what_is_absent_is_ordered_and_served_everywhere(fleet: Fleet) -> None:
    """One order, the same certificate on all hosts, and all issuers have it in store."""
    report = fleet.renew()
    assert (report.ok, report.changed, actions(report)) == (True, True, ["issued"])
    held = fleet.members["lb1"].held()
    assert fleet.served() == {held}
    assert {one.held() for one in fleet.members.values()} == {held}
    assert fleet.orders == 1


def test_what_is_not_due_is_left_alone(fleet: Fleet) -> None:
    """Many runs of all issuers ask the CA at most for its renewal information."""
    fleet.renew()
    for _run in range(5):
        fleet.wait(12 * HOUR)
        for name in fleet.members:
            report = fleet.renew(name)
            assert (actions(report), report.changed) == (["valid"], False)
    assert fleet.orders == 1


def test_what_is_due_is_renewed_by_the_first(fleet: Fleet) -> None:
    """The standbys look first, and wait; in the end all serve the first one's."""
    fleet.renew()
    fleet.wait(DUE)
    for name in ("lb3", "lb2"):
        report = fleet.renew(name)
        assert (actions(report), report.ok) == (["waits"], True)
    assert actions(fleet.renew("lb1")) == ["renewed"]
    assert fleet.served() == {fleet.members["lb1"].held()}
    assert fleet.orders == 2


def test_the_second_takes_over_from_a_dead_first(fleet: Fleet) -> None:
    """After one delay and not before; the third, which has two, never comes to it."""
    fleet.renew()
    fleet.wait(DUE)
    fleet.kill("lb1")
    assert actions(fleet.renew("lb2")) == actions(fleet.renew("lb3")) == ["waits"]
    fleet.wait(DELAY - HOUR)
    assert actions(fleet.renew("lb2")) == ["waits"]
    fleet.wait(HOUR)
    report = fleet.renew("lb2")
    assert actions(report) == ["renewed"]
    assert report.problems == ("lb1 does not answer",)
    assert fleet.served() == {fleet.members["lb2"].held()}
    fleet.wait(2 * DELAY)
    assert actions(fleet.renew("lb3")) == ["valid"]
    assert fleet.orders == 2


def test_a_first_that_returns_orders_nothing(fleet: Fleet) -> None:
    """It asks before it orders; what the second has comes with that one's next push."""
    test_the_second_takes_over_from_a_dead_first(fleet)
    fleet.revive("lb1")
    assert actions(fleet.renew("lb1")) == ["waits"]
    fleet.renew("lb2")
    assert fleet.served() == {fleet.members["lb2"].held()}
    assert actions(fleet.renew("lb1")) == ["valid"]
    assert fleet.orders == 2


def test_a_first_that_returns_with_an_empty_disk_waits_for_the_push(fleet: Fleet) -> None:
    """Whoever has lost everything does not order what another issuer has."""
    fleet.renew()
    first = fleet.members["lb1"]
    first.files.remove(f"{HOME}/certificates")
    report = fleet.renew("lb1")
    assert actions(report) == ["waits"]
    assert "lb2 holds a newer one" in report.outcomes[0].result.reason
    fleet.renew("lb2")
    assert first.held() == fleet.members["lb2"].held()
    assert fleet.orders == 1


def test_a_push_that_never_comes_is_waited_for_a_day(fleet: Fleet) -> None:
    """An issuer that answers but cannot push must not keep another from ordering for ever."""
    fleet.renew()
    fleet.members["lb1"].files.remove(f"{HOME}/certificates")
    fleet.renew("lb1")
    fleet.wait(DAY)
    assert actions(fleet.renew("lb1")) == ["issued"]
    assert fleet.orders == 2


def test_a_split_does_no_harm(fleet: Fleet) -> None:
    """Both order; when they see each other again the newer one wins everywhere, without a loop."""
    fleet.renew()
    fleet.wait(DUE)
    fleet.cut |= {("lb1", "lb2"), ("lb2", "lb3")}  # the third hears only the first
    fleet.renew("lb2")
    fleet.renew("lb1")
    fleet.wait(DELAY)
    assert actions(fleet.renew("lb2")) == ["renewed"]
    assert len(fleet.served()) == 2
    fleet.cut.clear()
    fleet.renew("lb1")
    assert fleet.members["lb2"].held() != fleet.members["lb1"].held()
    fleet.renew("lb2")
    assert fleet.served() == {fleet.members["lb2"].held()}
    for _run in range(20):
        fleet.wait(12 * HOUR)
        assert [actions(fleet.renew(name)) for name in fleet.members] == [["valid"]] * 3
    assert fleet.orders == 3


def test_two_at_the_same_second_agree(fleet: Fleet) -> None:
    """Of two certificates that begin together one is the newer for all, by its fingerprint."""
    fleet.cut |= {("lb1", "lb2"), ("lb1", "lb3"), ("lb2", "lb3")}
    fleet.settings = replace(fleet.settings, standby_delay_seconds=0)
    for name in fleet.members:
        assert actions(fleet.renew(name)) == ["issued"]
    assert len(fleet.served()) == 3
    fleet.cut.clear()
    for name in fleet.members:
        fleet.renew(name)
    held = {one.held() for one in fleet.members.values()}
    assert held == fleet.served() == {max(str(one) for one in held)}
    assert fleet.orders == 3


def test_a_balancer_that_was_down_catches_up(fleet: Fleet) -> None:
    """It is told of by the run that missed it, with since when; the next run brings it."""
    fleet.renew()
    fleet.wait(DUE)
    fleet.kill("lb3")
    report = fleet.renew()
    since = fleet.clock.now().replace(microsecond=0)
    assert report.problems == ("lb3 does not answer",)
    assert report.has_renewed
    fleet.wait(12 * HOUR)
    fleet.renew()
    assert load_pushes(fleet.members["lb1"].files, HOME)["lb3"].failing_since == since
    fleet.revive("lb3")
    assert len(fleet.served()) == 2
    report = fleet.renew()
    assert (report.ok, report.changed, len(fleet.served())) == (True, True, 1)
    assert load_pushes(fleet.members["lb1"].files, HOME)["lb3"].failing_since is None
    assert fleet.orders == 2


def test_a_ca_that_is_down_for_days_costs_nothing(fleet: Fleet) -> None:
    """The old certificate is served, others still catch up, the first run after it renews."""
    fleet.renew()
    before = fleet.served()
    fleet.wait(DUE)
    fleet.ca.script = down
    fleet.members["lb3"].files.remove(f"{HOME}/certificates")
    for _run in range(6):
        report = fleet.renew()
        assert actions(report) == ["failed"]
        assert "does not answer" in report.problems[0]
        assert fleet.served() == before
        fleet.wait(12 * HOUR)
    assert fleet.members["lb3"].held() == fleet.members["lb1"].held()
    fleet.ca.script = lambda _asked: None
    assert actions(fleet.renew()) == ["renewed"]
    assert fleet.served() == {fleet.members["lb1"].held()} != before


def test_a_pause_that_the_ca_asked_for_is_kept(fleet: Fleet) -> None:
    """The runs in between do not ask, and tell why; the one after does."""
    fleet.renew()
    fleet.wait(DUE)
    limited = Fault(429, "rateLimited", headers=(("Retry-After", "90000"),))
    fleet.ca.script = lambda asked: limited if asked.resource == "newOrder" else None
    assert actions(fleet.renew()) == ["failed"]
    asked = fleet.ca.resources.count("newOrder")
    fleet.wait(24 * HOUR)
    report = fleet.renew()
    assert actions(report) == ["deferred"]
    assert report.problems[0].count("try again at 2027-01-24 13:00") == 1
    assert fleet.ca.resources.count("newOrder") == asked
    assert actions(fleet.renew()) == ["deferred"]  # it is remembered from run to run
    fleet.ca.script = lambda _asked: None
    fleet.wait(2 * HOUR)
    assert actions(fleet.renew()) == ["renewed"]


def test_a_pause_is_not_kept_to_the_end(fleet: Fleet) -> None:
    """Once a certificate is near its end the CA is asked whatever it said."""
    fleet.renew()
    fleet.wait(timedelta(days=76))
    limited = Fault(429, "rateLimited", headers=(("Retry-After", "9000000"),))
    fleet.ca.script = lambda asked: limited if asked.resource == "newOrder" else None
    fleet.renew()
    fleet.ca.script = lambda _asked: None
    assert actions(fleet.renew()) == ["renewed"]


@pytest.mark.parametrize("first_run", [True, False], ids=["absent", "due"])
def test_a_run_killed_at_any_write_is_finished_by_the_next(
    ca: FakeCa, clock: FakeClock, *, first_run: bool
) -> None:
    """Whatever was not written, the next run ends with one certificate more, on all hosts.

    Orders of a killed run are gone on with; what served before serves until then.
    """
    kills = 0
    while True:
        fleet = Fleet.made(ca, clock)
        if not first_run:
            fleet.renew()
            fleet.wait(DUE)
        before, ordered = fleet.served(), len(ca.issued)
        files = fleet.members["lb1"].files
        files.left = kills
        try:
            fleet.renew()
        except Killed:
            kills += 1
        else:
            break
        for member in fleet.members.values():
            member.host.files.locked.clear()
        files.left = None
        assert fleet.served() <= before | {fleet.members["lb1"].held()}
        assert fleet.renew().ok
        assert fleet.served() == {fleet.members["lb1"].held()}
        assert len(ca.issued) == ordered + 1
        assert {one.held() for one in fleet.members.values()} == fleet.served()
    assert kills > 10


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_stops_orders_not_pushes(fleet: Fleet, code: int) -> None:
    """No CA is asked for what could not be kept; the words name path and remedy."""
    fleet.renew()
    fleet.wait(DUE)
    fleet.members["lb3"].files.remove(f"{HOME}/certificates")
    first, before = fleet.members["lb1"].files, fleet.served()
    first.fault = lambda path: OSError(code, "No", path) if path.startswith(HOME) else None
    report = fleet.renew()
    assert actions(report) == ["failed"]
    assert len(report.problems) == 1
    assert f"{HOME}/" in report.problems[0]
    assert "belongs to hitless" in report.problems[0]
    assert fleet.ca.resources.count("newOrder") == 1
    assert fleet.members["lb3"].held() is not None
    assert fleet.served() == before
    first.fault = lambda _path: None
    assert actions(fleet.renew()) == ["renewed"]


def test_a_store_that_cannot_be_written_in_the_middle_is_told(fleet: Fleet) -> None:
    """The order under way is there for the next run, which ends it with one certificate."""
    first = fleet.members["lb1"].files
    full = OSError(errno.ENOSPC, "No space left on device", f"{HOME}/certificates")
    first.fault = lambda path: full if path.startswith(f"{HOME}/certificates") else None
    report = fleet.renew()
    assert actions(report) == ["failed"]
    assert "no space left on device" in report.problems[0]
    first.fault = lambda _path: None
    assert actions(fleet.renew()) == ["issued"]
    assert fleet.orders == 1


def test_a_busy_store_ends_in_busy_after_the_push(fleet: Fleet) -> None:
    """Another run is at it: what there is, is pushed all the same."""
    fleet.renew()
    fleet.wait(DUE)
    fleet.members["lb3"].files.remove(f"{HOME}/certificates")
    fleet.members["lb1"].files.locked.add(f"{HOME}/lock")
    with pytest.raises(Busy):
        fleet.renew()
    assert fleet.members["lb3"].held() == fleet.members["lb1"].held()
    assert fleet.orders == 1


def test_only_issuers_renew(fleet: Fleet) -> None:
    """A balancer that is no issuer has nothing to order with."""
    fleet.settings = replace(fleet.settings, issuers=("lb1",))
    with pytest.raises(Refused, match="lb2 is no issuer"):
        fleet.renew("lb2")


def test_what_is_forced_is_ordered_on_any_rank(fleet: Fleet) -> None:
    """A person who asks for it gets it, due or not, whoever's turn it is."""
    fleet.renew()
    fleet.wait(HOUR)
    report = fleet.renew("lb2", force=("a.test",))
    assert (actions(report), report.outcomes[0].result.reason) == (["renewed"], "forced")
    assert fleet.served() == {fleet.members["lb2"].held()}
    fleet.wait(HOUR)
    assert actions(fleet.renew("lb3", force_all=True)) == ["renewed"]
    assert fleet.orders == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("a.tset", "no certificate is named so.*did you mean", id="misspelt"),
        pytest.param("c.test", "is renewed by certbot; certbot renew", id="certbot"),
        pytest.param("p.test", "is provided by the user", id="provided"),
    ],
)
def test_what_cannot_be_forced_is_refused(fleet: Fleet, name: str, words: str) -> None:
    """Before anything is asked or ordered."""
    others = {Source.CERTBOT: "c.test", Source.PROVIDED: "p.test"}
    wished = tuple(
        Wished(source, Lineage(one, KeyType.ECDSA, (one,))) for source, one in others.items()
    )
    fleet.settings = replace(fleet.settings, wished=(*fleet.settings.wished, *wished))
    with pytest.raises(InvalidInput, match=words):
        fleet.renew(force=(name,))
    assert fleet.orders == 0


def test_certificates_of_other_sources_are_not_ordered(fleet: Fleet) -> None:
    """What certbot orders and what the user provides is nobody's here."""
    others = (Wished(Source.CERTBOT, SITE), Wished(Source.PROVIDED, replace(SITE, name="p.test")))
    fleet.settings = replace(fleet.settings, wished=others)
    report = fleet.renew()
    assert (report.outcomes, report.ok, fleet.orders) == ((), True, 0)


def test_self_signed_ones_are_made_and_pushed(fleet: Fleet) -> None:
    """Without a CA, by the same rules: at once, again with a third left, by the first alone."""
    fleet.settings = replace(
        fleet.settings, wished=(Wished(Source.SELF_SIGNED, SITE),), authorities=(), account=None
    )
    assert actions(fleet.renew()) == ["issued"]
    assert fleet.served() == {fleet.members["lb1"].held()}
    before = fleet.served()
    fleet.wait(timedelta(days=61))
    assert actions(fleet.renew("lb2")) == ["waits"]
    assert actions(fleet.renew("lb1")) == ["renewed"]
    assert fleet.served() == {fleet.members["lb1"].held()} != before
    assert actions(fleet.renew("lb1", force=("a.test",))) == ["renewed"]


def test_an_issuer_without_the_key_orders_nothing(fleet: Fleet) -> None:
    """It says how the key gets there, and takes it from the first push."""
    fleet.members["lb2"].files.remove(f"{HOME}/account")
    fleet.kill("lb1")
    fleet.renew("lb2")
    fleet.wait(2 * HOUR)
    report = fleet.renew("lb2")
    assert actions(report) == ["failed"]
    assert "is not here: another issuer that has it brings it" in report.problems[0]
    fleet.revive("lb1")
    fleet.renew("lb1")
    assert f"{HOME}/account/key.pem" in fleet.members["lb2"].files.content
    assert actions(fleet.renew("lb2", force_all=True)) == ["renewed"]


def test_a_broken_account_key_is_told_in_one_line(fleet: Fleet) -> None:
    """With its path; nothing else of the run suffers."""
    fleet.renew()
    fleet.wait(DUE)
    fleet.members["lb1"].files.write(f"{HOME}/account/key.pem", b"broken")
    (problem,) = fleet.renew().problems
    assert problem == f"{HOME}/account/key.pem: is neither an RSA nor an EC key in PEM"


def test_a_run_is_recorded(fleet: Fleet) -> None:
    """With the last success, which a failure after it does not touch."""
    fleet.renew()
    files = fleet.members["lb1"].files
    success = load_record(files, HOME, "renew")["last_success"]
    fleet.wait(DUE)
    fleet.ca.script = down
    fleet.renew()
    record = load_record(files, HOME, "renew")
    assert (record["ok"], record["last_success"]) == (False, success)
    assert record["finished"] > success


def test_a_dead_balancer_does_not_stop_a_renewal(fleet: Fleet) -> None:
    """The preflight passes over it as long as another answers for the name."""
    fleet.settings = replace(fleet.settings, preflight=True)
    fleet.kill("lb3")
    assert actions(fleet.renew()) == ["issued"]


def test_what_a_ca_would_not_validate_is_not_ordered(fleet: Fleet) -> None:
    """The reason is told, and no attempt is spent."""
    fleet.settings = replace(fleet.settings, preflight=True)
    fleet.network.names["a.test"] = ("198.51.100.7",)
    report = fleet.renew()
    assert actions(report) == ["deferred"]
    assert "which is none of our balancers" in report.problems[0]
    assert "newOrder" not in fleet.ca.resources


def test_a_store_that_may_not_be_read_is_told(fleet: Fleet) -> None:
    """As what it is, by whoever runs the command as another user."""

    class Closed(SickFiles):
        def read(self, path: str) -> bytes | None:
            if path.startswith(f"{HOME}/certificates"):
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return super().read(path)

    first = fleet.members["lb1"]
    first.host.files = Closed(fleet.clock, first.files.content, first.files.modes)
    with pytest.raises(EdgeError, match="permission denied; see that there is space and that"):
        fleet.renew()


def test_records_that_may_not_be_read_stop_nothing(fleet: Fleet) -> None:
    """They only tell."""

    class Closed(SickFiles):
        def read(self, path: str) -> bytes | None:
            if path.startswith(f"{HOME}/status"):
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return super().read(path)

    first = fleet.members["lb1"]
    first.host.files = Closed(fleet.clock, first.files.content, first.files.modes)
    first.host.socket.servers.clear()
    assert actions(fleet.renew()) == ["issued"]


def test_a_name_that_moved_away_takes_no_other_down(fleet: Fleet) -> None:
    """It is given up in the last sixth of the certificate's life, on all hosts; not before."""
    both = replace(SITE, domains=("a.test", "b.test"))
    fleet.settings = replace(fleet.settings, preflight=True, wished=(Wished(Source.ACME, both),))
    fleet.network.names["b.test"] = fleet.network.names["a.test"]
    fleet.renew()
    before = fleet.served()
    fleet.network.names["b.test"] = ("198.51.100.7",)
    fleet.wait(timedelta(days=70))
    report = fleet.renew()
    assert (actions(report), fleet.served()) == (["deferred"], before)
    fleet.wait(timedelta(days=6))
    report = fleet.renew()
    assert actions(report) == ["renewed"]
    assert [line for line in report.problems if "refused" in line] == []
    assert fleet.served() == {fleet.members["lb1"].held()} != before
    fleet.wait(HOUR)
    assert actions(fleet.renew()) == ["valid"]
    assert fleet.ca.issued == [("a.test", "b.test"), ("a.test",)]
