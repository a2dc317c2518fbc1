# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the hosts of a fleet trust over SSH."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._edge.ssh_trust import (
    authorized_keys,
    known_hosts,
)

HOSTS = {
    "lb1": {"address": "192.0.2.11", "port": 22},
    "lb2": {"address": "2001:db8::12", "port": 2222},
}
TOLD = {
    "lb1": [
        "ii openssh-server",
        "hostkey ssh-rsa BBBB root@lb1",
        "hostkey ssh-ed25519 AAAA root@lb1",
    ],
    "lb2": ["hostkey ssh-ed25519 CCCC", "pushkey ssh-ed25519 DDDD hitless-edge@lb2"],
}
FORCED = 'restrict,command="hitless-edge receive"'


def behind(word: str, text: str) -> list[str]:
    """The lines of a file as the role reports them."""
    return [f"{word} {line}" for line in text.splitlines()]


def test_every_key_of_every_host_is_known_at_its_place() -> None:
    """Sorted, so that two runs give the same; a port that is not 22 is a part of the place."""
    assert known_hosts(HOSTS, TOLD, []).splitlines() == [
        "192.0.2.11 ssh-ed25519 AAAA lb1",
        "192.0.2.11 ssh-rsa BBBB lb1",
        "[2001:db8::12]:2222 ssh-ed25519 CCCC lb2",
    ]


def test_a_host_that_was_not_asked_stays_known() -> None:
    """At its present address, even if the file has another one."""
    before = known_hosts(HOSTS, TOLD, [])
    moved = {**HOSTS, "lb1": {"address": "192.0.2.99", "port": 22}}
    after = known_hosts(moved, {"lb2": TOLD["lb2"]}, behind("known", before))
    assert after.splitlines() == [
        "192.0.2.99 ssh-ed25519 AAAA lb1",
        "192.0.2.99 ssh-rsa BBBB lb1",
        "[2001:db8::12]:2222 ssh-ed25519 CCCC lb2",
    ]


def test_a_new_host_key_takes_the_place_of_the_old_one() -> None:
    """A host that was asked is known by what it told, and by nothing else."""
    before = behind("known", "192.0.2.11 ssh-ed25519 OOOO lb1\n")
    assert known_hosts(HOSTS, TOLD, before) == known_hosts(HOSTS, TOLD, [])


def test_a_host_that_left_is_not_known_any_more() -> None:
    """Nor may its key deliver."""
    assert known_hosts({}, {}, behind("known", known_hosts(HOSTS, TOLD, []))) == ""
    assert authorized_keys([], TOLD, behind("authorized", authorized_keys(["lb2"], TOLD, []))) == ""


def test_a_push_key_may_only_deliver() -> None:
    """Whatever its comment says; an issuer that has no key yet has no line."""
    assert authorized_keys(["lb1", "lb2"], TOLD, []).splitlines() == [
        f"{FORCED} ssh-ed25519 DDDD hitless-edge@lb2"
    ]


def test_an_issuer_that_was_not_asked_may_still_deliver() -> None:
    """It is down, or the run is limited to others."""
    present = behind("authorized", authorized_keys(["lb2"], TOLD, []))
    assert authorized_keys(["lb2"], {}, present) == authorized_keys(["lb2"], TOLD, [])


@pytest.mark.parametrize(
    "line",
    [
        "ssh-ed25519 EEEE hitless-edge@lb2",
        'command="/bin/sh" ssh-ed25519 EEEE hitless-edge@lb2',
        f"{FORCED},pty ssh-ed25519 EEEE x hitless-edge@lb2",
        f"# {FORCED} ssh-ed25519 EEEE hitless-edge@lb2",
        "",
    ],
)
def test_a_line_of_another_form_is_not_kept(line: str) -> None:
    """What somebody wrote beside ours ends with the next run."""
    assert authorized_keys(["lb2"], {}, [f"authorized {line}"]) == ""


@pytest.mark.parametrize(
    "key",
    ["ssh-ed25519", 'ssh-ed25519 AAAA"B', "ssh-ed25519 AA,AA", "* AAAA", "", "ssh-ed25519  AAAA"],
)
def test_what_is_no_key_is_passed_over(key: str) -> None:
    """A damaged file of one host gives no line that another host would misread."""
    told = {"lb1": [f"hostkey {key}", f"pushkey {key}"]}
    assert known_hosts(HOSTS, told, []) == ""
    assert authorized_keys(["lb1"], told, []) == ""
