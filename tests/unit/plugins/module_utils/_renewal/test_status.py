# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a host: all that a person needs, whatever is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._renewal.records import record_path
from ansible_collections.hitless.edge.plugins.module_utils._renewal.status import status
from ansible_collections.hitless.edge.plugins.module_utils._renewal.sync import sync
from fake_ca import Asked, Fault
from fakes import FakeHost
from renewing import DAY, HOME, HOUR, Fleet, SickFiles


def renewed(fleet: Fleet, name: str = "lb1") -> None:
    """A run of both timers on a host."""
    fleet.renew(name)
    sync(fleet.members[name].host.ports, fleet.settings_of(name))


def test_a_fleet_that_is_well_has_no_problem(fleet: Fleet) -> None:
    """On the first issuer, and on a standby as soon as its timers have run."""
    renewed(fleet)
    renewed(fleet, "lb2")
    for name in ("lb1", "lb2"):
        found = fleet.status(name)
        assert (found.ok, found.problems) == (True, ())
    assert fleet.status("lb2").rank == 1


def test_a_host_on_which_nothing_was_done_is_told(fleet: Fleet) -> None:
    """Nothing is there, which is what is wrong."""
    found = status(FakeHost(clock=fleet.clock).ports, fleet.settings)
    assert [one.state.value for one in found.certificates] == ["absent"]
    assert len(found.problems) == 4
    assert found.to_json()["sync"] is None


def test_a_push_that_fails_is_told_with_since_when(fleet: Fleet) -> None:
    """Once, though the run told it as well."""
    renewed(fleet)
    fleet.kill("lb3")
    since = f"{fleet.clock.now():%F %R}"
    fleet.renew()
    fleet.wait(HOUR)
    renewed(fleet)
    assert fleet.status().problems == (
        f"lb3 takes nothing from this host since {since} UTC: lb3 does not answer",
    )
    fleet.revive("lb3")
    fleet.renew()
    assert fleet.status().ok


def test_a_renewal_that_fails_is_told(fleet: Fleet) -> None:
    """In the CA's words, and with the moment to try again for programs."""
    renewed(fleet)
    fleet.wait(timedelta(days=62))
    limited = Fault(429, "rateLimited", "too many", headers=(("Retry-After", "90000"),))

    def script(asked: Asked) -> Fault | None:
        return limited if asked.resource == "newOrder" else None

    fleet.ca.script = script
    renewed(fleet)
    found = fleet.status()
    (problem,) = found.problems
    assert problem.startswith("renew: a.test (ecdsa) could not be renewed: ca1 limits us")
    told = found.to_json()
    assert told["renew"]["retry_at"]["a.test (ecdsa)"].startswith("2027-01-24T13:00")
    assert told["renew"]["ok"] is False
    assert told["certificates"][0]["state"] == "due"


def test_timers_that_do_not_run_are_told(fleet: Fleet) -> None:
    """Before an expiry is the only sign of it."""
    assert [line.partition(" has ")[0] for line in fleet.status().problems[1:]] == ["renew", "sync"]
    renewed(fleet)
    fleet.wait(2 * DAY)
    told = [line.partition(":")[2] for line in fleet.status().problems]
    assert told == [
        "00 UTC: is hitless-edge-renew.timer active?",
        "00 UTC: is hitless-edge-sync.timer active?",
    ]


def test_a_host_is_told_only_of_its_own_timers(fleet: Fleet) -> None:
    """A balancer that is no issuer does not renew, an issuer that does not serve does not sync."""
    fleet.settings = replace(
        fleet.settings, issuers=("lb1",), balancers=fleet.settings.balancers[1:]
    )
    fleet.renew()
    assert fleet.status("lb1").ok
    (problem,) = fleet.status("lb3").problems
    assert "sync has never run here" in problem
    assert fleet.status("lb3").to_json()["renew"] is None


def test_a_process_that_could_not_be_brought_in_line_is_told(fleet: Fleet) -> None:
    """By the words of sync."""
    renewed(fleet)
    files, path = fleet.members["lb1"].files, record_path(HOME, "sync")
    record = json.loads(files.content[path])
    record |= {"ok": False, "hot": False, "reasons": ["the bundle\nis too large"]}
    files.write(path, json.dumps(record).encode())
    assert fleet.status().problems == ("sync: the bundle is too large",)


@pytest.mark.parametrize("name", ["renew", "push", "sync"])
@pytest.mark.parametrize("content", [b"", b"[", b"[]", b'{"finished": 3, "hosts": [], "ok": []}'])
def test_a_broken_record_is_none(fleet: Fleet, name: str, content: bytes) -> None:
    """The rest is told all the same."""
    renewed(fleet)
    fleet.members["lb1"].files.write(record_path(HOME, name), content)
    found = fleet.status()
    assert found.certificates[0].state.value == "ok"
    json.dumps(found.to_json())


def test_a_user_who_may_read_nothing_is_told_so(fleet: Fleet) -> None:
    """The status of a host whose files are all closed to this user, and without HAProxy."""

    class Closed(SickFiles):
        def read(self, path: str) -> bytes | None:
            raise PermissionError(13, "Permission denied", path)

    host = FakeHost(clock=fleet.clock)
    host.files = Closed(fleet.clock)
    found = status(host.ports, fleet.settings)
    assert not found.ok
    assert any("permission denied; run this as root" in line for line in found.problems)
    assert [one.state.value for one in found.certificates] == ["absent"]


def test_programs_get_all_of_it(fleet: Fleet) -> None:
    """And never a key."""
    renewed(fleet)
    told = json.dumps(fleet.status().to_json())
    assert "PRIVATE" not in told
    read = json.loads(told)
    assert set(read["hosts"]) == {"lb1", "lb2", "lb3"}
    assert read["hosts"]["lb2"]["ok"] is True
    assert (read["host"], read["rank"], read["balancer"], read["ok"]) == ("lb1", 0, True, True)
