# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose turn it is, as worlds of hosts that wake up at random."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    Certificate,
    parse_chain,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.turns import (
    Watch,
    Watched,
    delay_of,
    key_of,
    watch_after,
)
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st
from minted import mint

HOUR = timedelta(hours=1)
SITE = Lineage("a.test", KeyType.ECDSA, ("a.test",))
OTHER = Lineage("b.test", KeyType.RSA, ("b.test",))


@functools.cache
def leaf(serial: int = 1, days: int = 90) -> Certificate:
    found = parse_chain("".join(mint("a.test", serial=serial).chain), "minted")[0]
    return replace(found, not_before=NOON - timedelta(days=days), not_after=NOON)


@dataclass
class Standby:
    """A host that looks at one lineage from time to time."""

    rank: int
    watch: Watch = field(default_factory=lambda: Watch({}))

    def acts(self, now: datetime, held: Certificate | None) -> bool:
        """One run: whether it would order."""
        turns = self.watch.turns({SITE: held}, rank=self.rank, now=now)
        self.watch = Watch.parse(watch_after(turns).render())
        return turns[SITE].has_come(now)


def test_the_first_acts_at_once() -> None:
    """Rank 0 waits for nobody."""
    assert Standby(0).acts(NOON, leaf())


def test_a_standby_acts_after_its_delays() -> None:
    """Rank 2 waits two delays from its own first look, to the second."""
    standby, wait = Standby(2), 2 * delay_of(leaf())
    assert not standby.acts(NOON, leaf())
    assert not standby.acts(NOON + wait - timedelta(seconds=1), leaf())
    assert standby.acts(NOON + wait, leaf())


def test_another_certificate_starts_the_wait_anew() -> None:
    """What others renewed meanwhile, and is due again, is waited for as at first."""
    standby = Standby(1)
    standby.acts(NOON, leaf(1))
    assert not standby.acts(NOON + timedelta(days=30), leaf(2))


def test_what_is_not_due_any_more_is_forgotten() -> None:
    """What is remembered does not grow, and an old wait does not count years later."""
    turns = Watch({}).turns({SITE: leaf(), OTHER: None}, rank=1, now=NOON)
    watch = watch_after(turns)
    assert set(watch.seen) == {key_of(SITE), key_of(OTHER)}
    later = watch_after(watch.turns({OTHER: None}, rank=1, now=NOON + HOUR))
    assert later.seen == {key_of(OTHER): Watched("", NOON)}


def test_a_clock_set_back_does_not_prolong_the_wait() -> None:
    """From the corrected time on the wait is one delay, however wrong the clock was before."""
    standby = Standby(1)
    standby.acts(NOON + timedelta(days=9000), leaf())
    assert not standby.acts(NOON, leaf())
    assert standby.acts(NOON + delay_of(leaf()), leaf())


@pytest.mark.parametrize(
    ("held", "fixed", "delay"),
    [
        pytest.param(None, None, HOUR, id="absent"),
        pytest.param(90, None, 36 * HOUR, id="of 90 days"),
        pytest.param(6, None, 2.4 * HOUR, id="of 6 days"),
        pytest.param(1, None, HOUR, id="never under an hour"),
        pytest.param(None, timedelta(seconds=5), timedelta(seconds=5), id="as the user chose"),
    ],
)
def test_the_delay_fits_the_lifetime(
    held: int | None, fixed: timedelta | None, delay: timedelta
) -> None:
    """A sixtieth of the lifetime, at least an hour, or what the user says."""
    assert delay_of(leaf(days=held) if held else None, fixed) == delay


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"\x00\xff",
        b"[]",
        b"7",
        b"{}",
        b'{"due": 3}',
        b'{"due": {"a.test/ecdsa": 3}}',
        b'{"due": {"a.test/ecdsa": {"fingerprint": "", "since": "soon"}}}',
        b'{"due": {"a.test/ecdsa": {"fingerprint": "", "since": "2026-11-22T12:00:00"}}}',
        b'{"due": {"a.test/ecdsa": {"since": "2026-11-22T12:00:00Z"}}}',
        b"[" * 100_000,
    ],
    ids=lambda raw: repr(raw)[:40],
)
def test_a_corrupt_file_is_an_empty_one(raw: bytes | None) -> None:
    """It costs a wait, and stops nothing."""
    assert Watch.parse(raw).seen == {}


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reader(raw: bytes) -> None:
    """Whatever a broken disk holds is read as something."""
    assert isinstance(Watch.parse(raw), Watch)


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=NOON.tzinfo)
)
watches = st.dictionaries(st.text(max_size=20), st.builds(Watched, st.text(max_size=9), moments))


@given(watches)
def test_what_is_remembered_survives(seen: dict[str, Watched]) -> None:
    """`parse` is the inverse of `render`."""
    assert Watch.parse(Watch(seen).render()).seen == seen


@dataclass(frozen=True)
class World:
    """Hosts that wake up, some of them dead. ``wakes``: minutes after it became due, and a rank."""

    ranks: int
    dead: frozenset[int]
    wakes: tuple[tuple[int, int], ...]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Every living host wakes up at least each half delay, as timers do, at random minutes."""
    ranks = draw(st.integers(2, 4))
    dead = draw(st.frozensets(st.integers(0, ranks - 1), max_size=ranks - 1))
    wakes = []
    for rank in sorted(set(range(ranks)) - dead):
        minute = draw(st.integers(0, 29))
        while minute < 60 * (ranks + 1):
            wakes.append((minute, rank))
            minute += draw(st.integers(5, 30))
    return World(ranks, dead, tuple(sorted(wakes)))


def orders(world: World, *, is_delivered: bool) -> list[tuple[int, int]]:
    """Who orders when. ``is_delivered``: whether what is ordered reaches all others at once."""
    standbys = {rank: Standby(rank) for rank in range(world.ranks)}
    done: list[tuple[int, int]] = []
    for minute, rank in world.wakes:
        if done and (is_delivered or rank in {who for _unused, who in done}):
            continue
        if standbys[rank].acts(NOON + timedelta(minutes=minute), None):
            done.append((minute, rank))
    return done


@given(worlds())
def test_exactly_one_acts(world: World) -> None:
    """The first that lives orders, in its own slot, and nobody else does."""
    first = min(set(range(world.ranks)) - world.dead)
    ((minute, rank),) = orders(world, is_delivered=True)
    assert rank == first
    assert 60 * first <= minute < 60 * first + 60


@given(worlds())
def test_no_two_act_within_a_delay(world: World) -> None:
    """Even if nothing of what they order reaches the others, they act one after the other."""
    done = orders(world, is_delivered=False)
    slots = [minute // 60 for minute, _rank in done]
    assert [rank for _minute, rank in done] == sorted(set(range(world.ranks)) - world.dead)
    assert len(set(slots)) == len(slots)
