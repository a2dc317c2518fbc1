# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger keeps the CA's weekly limit."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.ledger import (
    EXEMPT_PER_WEEK,
    WEEK,
    Entry,
    Ledger,
    Outcome,
    read_entries,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import RateLimited
from fakes import NOON, FakeHost
from hypothesis import given
from hypothesis import strategies as st

PATH = "/issuer/ledger.jsonl"
CA = Authority("ca", "https://ca.test/directory")
NAMES = ("a.test", "b.test")


def ledger(host: FakeHost) -> Ledger:
    return Ledger.load(host.files, PATH, host.clock.now())


def spend(host: FakeHost, times: int, authority: Authority = CA) -> None:
    """Spend in runs of their own, a day apart."""
    for _unused in range(times):
        one = ledger(host)
        one.spend(one.claim(authority, NAMES, host.clock.now()))
        host.clock.sleep(86400)


def test_the_last_of_five_is_never_spent(host: FakeHost) -> None:
    """Four certificates for the same names in a week, and the moment of the next is told."""
    spend(host, 4)
    with pytest.raises(RateLimited, match="the last is kept for an emergency") as caught:
        ledger(host).claim(CA, NAMES, host.clock.now())
    assert caught.value.retry_at == NOON + WEEK


def test_a_week_later_there_is_one_again(host: FakeHost) -> None:
    """What is older than seven days does not count, and is forgotten."""
    spend(host, 4)
    host.clock.time = NOON + WEEK
    ledger(host).claim(CA, NAMES, host.clock.now())


def test_what_another_issuer_ordered_counts_and_stays_where_it_is(host: FakeHost) -> None:
    """The limit is the account's; the file of those orders is somebody else's to write."""
    received = "/issuer/received.jsonl"
    lines = [Entry(NOON, CA.directory, NAMES, Outcome.ISSUED, url=url) for url in "abc"]
    content = "".join(f"{line.to_line()}\n" for line in lines).encode() + b"broken\n"
    host.files.write(received, content)
    both = Ledger.load(host.files, PATH, NOON, received=received)
    both.spend(both.claim(CA, NAMES, NOON))
    with pytest.raises(RateLimited):
        both.claim(CA, NAMES, NOON)
    assert [entry.url for entry in read_entries(host.files, PATH, NOON)] == [""]
    assert host.files.read(received) == content


def test_the_order_of_the_names_is_of_no_meaning(host: FakeHost) -> None:
    """The exact set counts, as the CA counts it."""
    spend(host, 4)
    with pytest.raises(RateLimited):
        ledger(host).claim(CA, ("b.test", "a.test", "a.test"), host.clock.now())


@pytest.mark.parametrize(
    ("authority", "names"),
    [
        (Authority("other", "https://other.test/"), NAMES),
        (CA, ("a.test",)),
        (Authority("ca", CA.directory, weekly_limit=0), NAMES),
        (Authority("ca", CA.directory, weekly_limit=50), NAMES),
    ],
    ids=["other-ca", "other-names", "no-limit", "higher-limit"],
)
def test_what_the_ca_does_not_count_is_not_refused(
    host: FakeHost, authority: Authority, names: tuple[str, ...]
) -> None:
    """The limit is per CA and exact set."""
    spend(host, 4)
    assert ledger(host).claim(authority, names, host.clock.now())


def test_reservations_of_one_run_count_together(host: FakeHost) -> None:
    """Orders for the same names under way at the same time are five, not one."""
    one = ledger(host)
    for _unused in range(4):
        one.claim(CA, NAMES, NOON)
    with pytest.raises(RateLimited):
        one.claim(CA, NAMES, NOON)


def test_a_released_reservation_is_given_back(host: FakeHost) -> None:
    """What was never spent leaves no trace."""
    one = ledger(host)
    for _unused in range(10):
        one.release(one.claim(CA, NAMES, NOON))
    one.commit()
    assert host.files.read(PATH) is None


def test_what_is_spent_cannot_be_released(host: FakeHost) -> None:
    """Its line stays."""
    one = ledger(host)
    claim = one.claim(CA, NAMES, NOON)
    one.spend(claim)
    one.release(claim)
    one.commit()
    assert len((host.files.read(PATH) or b"").splitlines()) == 1


def test_a_failed_order_does_not_count(host: FakeHost) -> None:
    """The CA gave no certificate."""
    one = ledger(host)
    for _unused in range(10):
        claim = one.claim(CA, NAMES, NOON)
        one.spend(claim)
        one.settle(claim, Outcome.FAILED)
    one.commit()
    assert ledger(host).claim(CA, NAMES, NOON)


def test_an_exempt_order_does_not_count(host: FakeHost) -> None:
    """Renewals in the window are written down, and spend nothing."""
    one = ledger(host)
    for _unused in range(10):
        one.spend(one.note(CA, NAMES, NOON))
    assert ledger(host).claim(CA, NAMES, NOON)


def note(host: FakeHost, times: int, authority: Authority = CA) -> None:
    """Order what is exempt, in runs of their own."""
    for _unused in range(times):
        one = ledger(host)
        one.spend(one.note(authority, NAMES, host.clock.now()))
        host.clock.sleep(60)


def test_a_loop_of_exempt_orders_is_stopped(host: FakeHost) -> None:
    """A CA whose window never closes gets ten orders a week; the moment of the next is told."""
    note(host, EXEMPT_PER_WEEK)
    with pytest.raises(RateLimited, match="renewal information or the clock") as caught:
        ledger(host).note(CA, NAMES, host.clock.now())
    assert caught.value.retry_at == NOON + WEEK
    host.clock.time = NOON + WEEK
    assert ledger(host).note(CA, NAMES, host.clock.now())


@pytest.mark.parametrize(
    ("weekly_limit", "times"), [(0, 80), (50, 50)], ids=["no limit", "a higher one"]
)
def test_a_ca_that_allows_more_has_no_lower_brake(
    host: FakeHost, weekly_limit: int, times: int
) -> None:
    """Test CAs renew the same name over and over."""
    authority = Authority("ca", CA.directory, weekly_limit=weekly_limit)
    note(host, times, authority)
    if weekly_limit:
        with pytest.raises(RateLimited):
            ledger(host).note(authority, NAMES, host.clock.now())
    else:
        assert ledger(host).note(authority, NAMES, host.clock.now())


def test_certificates_of_160_hours_never_meet_the_brake(host: FakeHost) -> None:
    """Both key types, renewed by the CA's window at half of their life, for half a year."""
    for _unused in range(26 * WEEK // timedelta(hours=80)):
        for _kind in ("ecdsa", "rsa"):
            one = ledger(host)
            one.spend(one.note(CA, NAMES, host.clock.now()))
        host.clock.sleep(80 * 3600)


def test_an_order_is_found_by_its_url(host: FakeHost) -> None:
    """So that a resumed order is not counted twice."""
    one = ledger(host)
    claim = one.claim(CA, NAMES, NOON)
    one.name(claim, "https://ca.test/order/1")
    one.spend(claim)
    assert ledger(host).find("https://ca.test/order/1") is not None
    assert ledger(host).find("https://ca.test/order/2") is None


def test_broken_lines_are_passed_over(host: FakeHost) -> None:
    """A ledger that somebody edited still counts the rest."""
    good = Entry(NOON, CA.directory, NAMES).to_line()
    text = "\n".join(["{", "[]", "[" * 100_000, '{"time": 3}', good, good, good, good, "\x00"])
    host.files.write(PATH, text.encode())
    with pytest.raises(RateLimited):
        ledger(host).claim(CA, NAMES, NOON)


def test_many_threads_lose_no_line(host: FakeHost) -> None:
    """Every spent reservation is on disk when `spend` returns."""
    one = ledger(host)
    missing = []

    def work(number: int) -> None:
        claim = one.claim(CA, (f"{number}.test",), NOON)
        one.spend(claim)
        names = [json.loads(line)["names"] for line in (host.files.read(PATH) or b"").splitlines()]
        if [f"{number}.test"] not in names:
            missing.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []


@given(
    st.lists(st.text(), max_size=3),
    st.sampled_from(Outcome),
    st.booleans(),
    st.text(),
    st.integers(-(10**6), 10**6),
)
def test_lines_are_written_and_read(
    names: list[str], outcome: Outcome, exempt: bool, url: str, seconds: int
) -> None:
    """What is written is what is read, whatever the names."""
    moment = NOON + timedelta(seconds=seconds)
    entry = Entry(moment, "https://ca", tuple(names), outcome, exempt, url)
    assert "\n" not in entry.to_line()
    assert Entry.from_line(entry.to_line()) == entry
