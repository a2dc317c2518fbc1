# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a config binds against what a host has."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused, Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.master import Processes
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.validation_binds import (
    Ours,
    demand_bindable,
    parse_binds,
    parse_held,
)
from fakes import FakeHost

PATH = "/etc/haproxy/haproxy.cfg"
HAPROXY = Processes(master=10, reloads=0, failed=0, current=(11,), old=(9,))
SS_TCP = """\
LISTEN 0 128         0.0.0.0:22   0.0.0.0:*  users:(("sshd",pid=77,fd=3))
LISTEN 0 511       127.0.0.1:8080 0.0.0.0:*  users:(("nginx",pid=81,fd=6),("nginx",pid=80,fd=6))
LISTEN 0 4096  127.0.0.53%lo:53   0.0.0.0:*  users:(("systemd-resolve",pid=60,fd=17))
LISTEN 0 128            [::]:25      [::]:*  users:(("master",pid=90,fd=13))
LISTEN 0 511               *:9000       *:*  users:(("node",pid=95,fd=6))
LISTEN 0 128 [::ffff:127.0.0.1]:9100  *:*    users:(("java",pid=96,fd=6))
LISTEN 0 4096        0.0.0.0:80   0.0.0.0:*  users:(("haproxy",pid=11,fd=6))
LISTEN 0 4096        0.0.0.0:443  0.0.0.0:*
"""
SS_UDP = 'UNCONN 0 0 0.0.0.0:443 0.0.0.0:* users:(("caddy",pid=99,fd=3))\n'
IP = [
    {
        "flags": ["LOOPBACK", "UP"],
        "addr_info": [
            {"local": "127.0.0.1", "prefixlen": 8},
            {"local": "::1", "prefixlen": 128},
        ],
    },
    {"flags": ["UP"], "addr_info": [{"local": "10.0.0.7", "prefixlen": 24}]},
]


def host_with(tcp: str = SS_TCP) -> FakeHost:
    """A host with these listeners."""

    def answer(argv: Sequence[str]) -> Completed:
        if argv[0] == "ip":
            return Completed(0, json.dumps(IP), "")
        return Completed(0, tcp if "-ltnp" in argv else SS_UDP, "")

    host = FakeHost()
    host.runner.answer = answer
    return host


def config(bind: str) -> str:
    """A frontend with one line."""
    return f"frontend web\n    {bind}\n"


def refused(bind: str, known: tuple[str, ...] = ()) -> str:
    """What is wrong with a bind; nothing if it can be had."""
    texts = [config(one) for one in known]
    try:
        demand_bindable(host_with().ports, config(bind), Ours.of(HAPROXY, texts), path=PATH)
    except Refused as error:
        assert error.details["lines"] == [2]
        return error.words
    return ""


@pytest.mark.parametrize(
    ("bind", "owner"),
    [
        ("bind :22", "sshd (pid 77)"),
        ("bind 10.0.0.7:22", "sshd"),
        ("bind 127.0.0.1:22 transparent", "sshd"),
        ("bind *:8080", "nginx (pid 81), nginx (pid 80)"),
        ("bind :::8080", "nginx"),
        ("bind :20-23", "sshd"),
        ("bind 127.0.0.53:53", "systemd-resolve"),
        ("bind [::]:25 v6only", "master"),
        ("bind :9000", "node"),
        ("bind 127.0.0.1:9100", "java"),
        ("bind :81,:22", "sshd"),
        ("bind quic4@:443", "caddy"),
        ("stats socket ipv4@127.0.0.1:22", "sshd"),
        ("bind :443", "a process that the host does not show"),
    ],
)
def test_a_port_of_somebody_else_is_refused(bind: str, owner: str) -> None:
    """In HAProxy's words, with the line and who holds it."""
    words = refused(bind)
    assert words.startswith(f"[{PATH}:2] : '{bind}' in frontend web : cannot bind socket (Address")
    assert owner in words


@pytest.mark.parametrize(
    "bind",
    [
        "bind :80",
        "bind :81",
        "bind [::]:22 v6only",
        "bind [::]:8080 v6only",
        "bind 10.0.0.7:8080",
        "bind quic4@:80",
        "bind /run/haproxy/a.sock",
        "bind abns@x",
        "bind fd@${FD}",
        'bind "${ADDRESS}:22"',
        "server web 10.0.0.9:22",
    ],
)
def test_what_can_be_had_is_not_refused(bind: str) -> None:
    """Our own listeners, other families and protocols, and what only HAProxy can tell."""
    assert refused(bind) == ""


def test_an_unknown_holder_is_us_where_our_config_says_so() -> None:
    """A container does not show who holds a socket."""
    assert refused("bind :443", known=("bind :443",)) == ""
    assert refused("bind :443", known=("bind 10.0.0.7:443",)) != ""


def test_nothing_is_ours_while_haproxy_does_not_run() -> None:
    """Then whoever holds the port is not us."""
    ours = Ours.of(None, [config("bind :443")])
    with pytest.raises(Refused, match="port 443"):
        demand_bindable(host_with().ports, config("bind :443"), ours, path=PATH)


@pytest.mark.parametrize("bind", ["bind 10.0.0.8:81", "bind [2001:db8::1]:81"])
def test_an_address_of_another_host_is_refused(bind: str) -> None:
    """Such as a virtual one on a standby; two remedies are named."""
    words = refused(bind)
    assert "Cannot assign requested address" in words
    assert "ip_nonlocal_bind=1" in words


@pytest.mark.parametrize(
    "bind",
    ["bind 10.0.0.7:81", "bind 127.0.0.2:81", "bind [::1]:81", "bind 10.0.0.8:81 transparent"],
)
def test_an_address_of_this_host_is_not_refused(bind: str) -> None:
    """All of 127/8 is."""
    assert refused(bind) == ""


def test_foreign_addresses_may_be_allowed() -> None:
    """By a sysctl, for their family alone."""
    host = host_with()
    host.files.content["/proc/sys/net/ipv4/ip_nonlocal_bind"] = b"1\n"
    assert demand_bindable(host.ports, config("bind 10.0.0.8:81"), Ours(), path=PATH) == ()
    with pytest.raises(Refused, match=r"net\.ipv6"):
        demand_bindable(host.ports, config("bind [2001:db8::1]:81"), Ours(), path=PATH)


def test_all_faults_are_told_at_once() -> None:
    """Each with its line."""
    text = config("bind :22\n    bind 10.0.0.8:81")
    with pytest.raises(Refused) as caught:
        demand_bindable(host_with().ports, text, Ours(), path=PATH)
    assert caught.value.details["lines"] == [2, 3]


def test_a_host_without_the_tools_is_warned_about() -> None:
    """The check is left out, not the config."""

    def no_command(argv: Sequence[str]) -> Completed:
        raise Unavailable(f"there is no command {argv[0]} on this host")

    host = FakeHost()
    host.runner.answer = no_command
    (warning,) = demand_bindable(host.ports, config("bind :22"), Ours(), path=PATH)
    assert "no command ss" in warning


@pytest.mark.parametrize("text", ["", "State Recv-Q\n", "LISTEN 0 1 garbage:x y\n", "a b c d:1\n"])
def test_odd_answers_hold_nothing(text: str) -> None:
    """They are not ours to judge."""
    assert list(parse_held(text, datagram=False)) == []


def test_a_range_is_as_many_listeners() -> None:
    """First and last included."""
    ports = [bind.listener.port for bind in parse_binds(config("bind :8000-8002"))]
    assert ports == [8000, 8001, 8002]
