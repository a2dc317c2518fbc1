# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated year: what must hold holds, and what is broken on purpose is found.

The whole year is `make simulate-year`; here are short spans of it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from year.fleet import BEGIN, HOSTS, LAYOUT, SITES
from year.limits import PER_SET
from year.machine import Machine
from year.plan import Plan
from year.run import Failure, Year
from year.trouble import PAIRS, Kind, Trouble

DAY = timedelta(days=1)
CALM: tuple[Trouble, ...] = ()
FIRST_IS_GONE = (Trouble(Kind.HOST_DOWN, BEGIN + DAY, BEGIN + 30 * DAY, "lb1"),)
SHORT = (SITES[0],)
FINGERPRINT = re.compile(r"[0-9A-F]{16,}")
"""Of certificates: keys are made as in real life."""


def lived(**plan: Any) -> Year:
    """A year that came to its end."""
    year = Year(Plan(**{"sites": SHORT, "troubles": CALM, **plan}))
    year.run()
    return year


def broken(**plan: Any) -> str:
    """Why a year did not."""
    with pytest.raises(Failure) as caught:
        lived(**plan)
    return str(caught.value)


def test_bad_luck_does_no_harm() -> None:
    """Ten days with every kind of trouble, at a pace that no year has."""
    year = lived(seed=4, days=10, sites=SITES, troubles=None)
    assert set(year.disasters.struck) >= {Kind.HOST_DOWN, Kind.CA_DOWN, Kind.LINK_CUT}
    assert year.checks.extremes.looks > len(HOSTS) * 24 * 10, "hourly at least"
    assert "10 days, 3 hosts, seed 4" in year.figures()


def test_a_seed_tells_the_whole_story() -> None:
    """So that a failure can be looked at again."""
    stories = []
    for _unused in range(2):
        year = lived(seed=5, days=2, troubles=None)
        lines = [line for one in year.world.machines.values() for line in one.journal]
        stories.append([FINGERPRINT.sub("", line) for line in lines])
    assert stories[0] == stories[1]


def test_nothing_is_ordered_that_is_not_due() -> None:
    """In a calm week a certificate of 160 hours is renewed twice, by the first host."""
    year = lived(days=7)
    limits = year.world.ca.limits
    assert (len(limits.issued), len(limits.orders), limits.failed_validations) == (3, 3, 0)
    assert year.world.ca.limits.most.per_set == 1, "renewals in their window are exempt"


def test_a_fleet_that_does_not_renew_is_found() -> None:
    """The certificates expire while they are served; the failure tells seed, time and events."""
    words = broken(seed=9, days=10, renewing=())
    assert "which expired at 2028-01-07" in words
    assert "with seed 9" in words
    assert "broken at 2028-01-07" in words
    assert "lb1: renew: short.test (ecdsa) issued" in words


def test_a_fleet_without_standbys_is_found() -> None:
    """While the first host is gone for a month, nobody renews."""
    assert "which expired at" in broken(days=10, renewing=("lb1",), troubles=FIRST_IS_GONE)


def test_standbys_take_over() -> None:
    """The same with standbys: the second renews in time, and the third never acts."""
    year = lived(days=10, troubles=FIRST_IS_GONE)
    assert len(year.world.ca.limits.issued) == 3
    assert year.checks.extremes.least["shortlived"] > timedelta(hours=60)


def test_a_split_fleet_comes_together() -> None:
    """Each for itself for eight days, with one account; then all serve the newest, and go on."""
    cuts = tuple(
        Trouble(Kind.LINK_CUT, BEGIN + DAY, BEGIN + 9 * DAY, one, other) for one, other in PAIRS
    )
    year = lived(days=13, troubles=cuts)
    served = [machine.served() for machine in year.world.machines.values()]
    assert served[0] == served[1] == served[2]
    assert year.world.ca.limits.most.per_set < PER_SET
    assert year.checks.extremes.most_per_lifetime <= 2 * len(HOSTS)


def test_a_loop_is_stopped_by_the_ledger() -> None:
    """Even if every run of every host orders everything: the last of the week is never spent."""
    limits = lived(days=2, forces=True).world.ca.limits
    assert limits.most.per_set == 4
    assert limits.hits == []


def test_a_loop_that_nothing_stops_is_found() -> None:
    """The same without the ledger's limit."""
    authority = {"name": "ca", "directory": "https://ca.test/directory", "weekly_limit": 0}
    authority |= {"roots": "/etc/hitless-edge/roots.pem"}
    words = broken(days=2, forces=True, settings={"authorities": [authority]})
    assert "too many certificates for the same names" in words


def test_a_host_that_stays_behind_is_found() -> None:
    """Here one that trusts no root, and so refuses what it is brought."""
    cut = Trouble(Kind.LINK_CUT, BEGIN + DAY, BEGIN + 10 * DAY, "lb2", "lb3")
    year = Year(Plan(days=10, sites=SHORT, troubles=(cut,), renewing=("lb1", "lb2")))
    year.world.start()
    year.world.machines["lb3"].files.remove("/etc/hitless-edge/roots.pem")
    with pytest.raises(Failure, match="lb3: it is behind since"):
        year.run()


def damage_disk(machine: Machine) -> None:
    """Half a bundle."""
    path = f"{LAYOUT.certificates}/short.test.ecdsa.pem"
    machine.files.write(path, (machine.files.read(path) or b"")[:600])


def serve_other_names(machine: Machine) -> None:
    """The certificate of another site."""
    stores = machine.haproxy.stores
    first, second = stores
    stores[first] = stores[second]
    machine.haproxy.changes += 1


def serve_nothing(machine: Machine) -> None:
    """An empty crt-list."""
    machine.haproxy.entries.clear()
    machine.haproxy.changes += 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damage_disk, "HAProxy would not start with"),
        (serve_other_names, "it serves one for"),
        (serve_nothing, "it serves nothing as"),
    ],
    ids=["half a bundle", "other names", "nothing"],
)
def test_what_is_wrong_on_a_host_is_found(damage: Any, words: str) -> None:
    """Whatever came to it."""
    sites = SITES[:2]
    year = Year(Plan(days=1, sites=sites, troubles=CALM))
    year.world.start()
    year.checks.look(year.world.clock.now())
    damage(year.world.machines["lb2"])
    with pytest.raises(AssertionError, match=words):
        year.checks.look(year.world.clock.now())


def test_hosts_that_differ_are_found_when_all_is_well() -> None:
    """One fingerprint everywhere."""
    year = lived(days=4)
    machines = [year.world.machines[name] for name in HOSTS]
    path = next(iter(machines[0].haproxy.stores))
    before = machines[2].haproxy.stores[path]
    year.world.machines["lb1"].renew(force_all=True)
    year.checks.look(year.world.clock.now())
    machines[2].haproxy.stores[path] = before
    machines[2].haproxy.changes += 1
    with pytest.raises(AssertionError, match="all is well, and short"):
        year.checks.look(year.world.clock.now())
