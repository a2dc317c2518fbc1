# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How certificates stand: in one word, with a sentence for those that need a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Source, Wished
from ansible_collections.hitless.edge.plugins.module_utils._renewal.standing import (
    Sight,
    Standing,
    State,
    look_at,
)
from delivering import LAYOUT, path_of
from minted import mint
from renewing import HOME, SITE, Fleet


def sight(fleet: Fleet, name: str = "lb1") -> Sight:
    return look_at(fleet.members[name].host.ports, fleet.settings_of(name), LAYOUT)


def standing(fleet: Fleet, name: str = "lb1") -> Standing:
    (one,) = sight(fleet, name).certificates
    return one


@pytest.mark.parametrize("name", ["lb1", "lb3"], ids=["issuer", "balancer"])
@pytest.mark.parametrize(
    ("days", "state", "is_problem"),
    [
        pytest.param(1, State.OK, False, id="young"),
        pytest.param(61, State.DUE, False, id="due"),
        pytest.param(76, State.LATE, True, id="late"),
        pytest.param(91, State.EXPIRED, True, id="expired"),
    ],
)
def test_the_state_follows_from_the_age(
    fleet: Fleet, name: str, days: int, state: State, *, is_problem: bool
) -> None:
    """On an issuer and on a balancer that is none alike."""
    fleet.settings = replace(fleet.settings, issuers=("lb1",))
    fleet.ca.has_renewal_info = False
    fleet.renew()
    fleet.wait(timedelta(days=days))
    one = standing(fleet, name)
    assert one.state is state
    assert (one.problem is not None) is is_problem
    assert one.days_left is not None
    assert 0 <= 90 - days - one.days_left < 0.11
    assert one.served == one.disk == fleet.members["lb1"].held()


def test_the_window_of_the_ca_counts(fleet: Fleet) -> None:
    """What `renew` would do is what `status` says."""
    fleet.ca.window = (timedelta(days=1), timedelta(days=2))
    fleet.renew()
    fleet.renew()
    fleet.wait(timedelta(days=3))
    one = standing(fleet)
    assert one.state is State.DUE
    assert "the CA asks for renewal" in one.reason


def test_what_is_not_there_is_absent(fleet: Fleet) -> None:
    """Before the first order, and where the file cannot be read as a certificate."""
    one = standing(fleet)
    assert (one.state, one.days_left, one.disk, one.served) == (State.ABSENT, None, None, "")
    assert one.problem == "a.test (ecdsa) has no certificate here"
    fleet.members["lb1"].files.write(path_of("a.test"), b"broken")
    assert standing(fleet).state is State.ABSENT


def test_disk_and_process_may_differ(fleet: Fleet) -> None:
    """Written and not taken: the state is drift, until the process has it."""
    fleet.renew()
    first = fleet.members["lb1"]
    content = mint("a.test").pem.encode()
    first.files.write(path_of("a.test"), content)
    first.files.write(f"{HOME}/certificates/a.test/ecdsa.pem", content)
    one = standing(fleet)
    assert (one.state, one.served) == (State.DRIFT, "")
    assert "HAProxy serves another one" in str(one.problem)
    first.process.start()
    assert standing(fleet).served == one.disk


def test_store_and_disk_may_differ(fleet: Fleet) -> None:
    """Renewed and not delivered to itself: drift as well, with the other remedy."""
    fleet.renew()
    first = fleet.members["lb1"]
    first.files.write(f"{HOME}/certificates/a.test/ecdsa.pem", mint("a.test").pem.encode())
    one = standing(fleet)
    assert one.state is State.DRIFT
    assert "another one on disk than in the store" in one.reason
    assert one.wished not in (None, one.disk)


def test_a_haproxy_that_is_down_is_a_fault_of_its_own(fleet: Fleet) -> None:
    """What is served is not known then, which is no drift."""
    fleet.renew()
    fleet.members["lb1"].host.socket.servers.clear()
    seen = sight(fleet)
    assert (seen.certificates[0].state, seen.certificates[0].served) == (State.OK, None)
    assert seen.faults == ["/run/haproxy/admin.sock does not answer: nobody listens"]


def test_a_haproxy_without_our_list_is_told(fleet: Fleet) -> None:
    """It runs, and would serve nothing of ours."""
    fleet.members["lb1"].process.loads_list = False
    assert sight(fleet).faults == [f"the running HAProxy does not load {LAYOUT.crt_list}"]


@pytest.mark.parametrize(
    ("days", "state"), [(30, State.OK), (61, State.ENDING), (91, State.EXPIRED)]
)
def test_what_the_user_provides_is_theirs_to_renew(fleet: Fleet, days: int, state: State) -> None:
    """By the time when others are renewed at the latest, they are told."""
    fleet.ca.has_renewal_info = False
    fleet.renew()
    fleet.settings = replace(fleet.settings, wished=(Wished(Source.PROVIDED, SITE),))
    fleet.wait(timedelta(days=days))
    assert standing(fleet, "lb3").state is state


def test_an_issuer_that_does_not_serve_is_judged_by_its_store(fleet: Fleet) -> None:
    """It asks no HAProxy."""
    fleet.settings = replace(fleet.settings, balancers=fleet.settings.balancers[1:])
    fleet.renew()
    seen = sight(fleet)
    (one,) = seen.certificates
    assert (one.state, one.disk, one.served, seen.faults) == (State.OK, None, None, [])
    assert one.wished == fleet.members["lb1"].held()


def test_what_may_not_be_read_is_told_once(fleet: Fleet) -> None:
    """A user who may read nothing gets a status that says so."""
    fleet.renew()
    first = fleet.members["lb1"]

    def refuse(path: str) -> bytes | None:
        raise PermissionError(13, "Permission denied", path.rpartition("/")[0])

    seen = Sight(first.host.ports, fleet.settings_of("lb1"), LAYOUT)
    for _again in range(3):
        assert seen.tried(lambda: refuse("/etc/x/y"), None) is None
    assert seen.faults == ["/etc/x cannot be read: permission denied; run this as root"]


def test_self_signed_ones_are_judged_as_such(fleet: Fleet) -> None:
    """That nobody signed them is as wished; where a CA is wished it is not."""
    fleet.settings = replace(fleet.settings, wished=(Wished(Source.SELF_SIGNED, SITE),))
    fleet.renew()
    assert standing(fleet).state is State.OK
    fleet.settings = replace(fleet.settings, wished=(Wished(Source.ACME, SITE),))
    one = standing(fleet)
    assert one.state is State.DUE
    assert "self-signed" in one.reason
