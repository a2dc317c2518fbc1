# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backends."""

from __future__ import annotations

from typing import Any

import pytest
from wishes import backend, compiled, rich, section

TLS = "ssl verify required ca-file @system-ca sni str(a.test) verifyhost a.test"
RESOLVED = "resolvers edge init-addr last,libc,none"


def lines(**options: Any) -> list[str]:
    """The lines of the one backend."""
    return section(compiled(backend(**options)).config, "backend", "web")


def server(**options: Any) -> str:
    """The line of its one server."""
    (found,) = [line for line in lines(**options) if line.startswith("server ")]
    return found.removeprefix("server ")


def listed(**options: Any) -> list[dict[str, Any]]:
    """One listed server."""
    return [{"name": "s", "address": "10.0.0.1", "port": 80, **options}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"servers": listed()}, "s 10.0.0.1:80 check", id="plain"),
        pytest.param({"servers": listed(), "check": False}, "s 10.0.0.1:80", id="unchecked"),
        pytest.param(
            {"servers": listed(address="fd00::1")}, "s ipv6@[fd00::1]:80 check", id="ipv6"
        ),
        pytest.param(
            {"servers": listed(weight=0, maxconn=9, backup=True)},
            "s 10.0.0.1:80 check weight 0 maxconn 9 backup",
            id="options",
        ),
        pytest.param(
            {"servers": listed(lines=["slowstart 30s", "on-error mark-down"])},
            "s 10.0.0.1:80 check slowstart 30s on-error mark-down",
            id="raw-words",
        ),
        pytest.param(
            {"servers": listed(), "check": {"interval": "2s", "rise": 1, "fall": 4, "port": 81}},
            "s 10.0.0.1:80 check rise 1 fall 4 port 81 inter 2s",
            id="check",
        ),
        pytest.param(
            {"servers": listed(), "stickiness": "cookie"},
            "s 10.0.0.1:80 check cookie s",
            id="cookie",
        ),
        pytest.param(
            {"origin": "https://a.test"},
            f"origin a.test:443 {TLS} {RESOLVED} check check-sni a.test",
            id="origin",
        ),
        pytest.param(
            {"servers": listed(), "server_name": "a.test", "http2": True},
            f"s 10.0.0.1:80 {TLS} alpn h2,http/1.1 check check-sni a.test",
            id="http2",
        ),
        pytest.param(
            {"servers": listed(address="a.test"), "ca_file": "/ca.pem", "check": False},
            f"s a.test:80 {TLS} {RESOLVED}".replace("@system-ca", "/ca.pem"),
            id="own-ca",
        ),
        pytest.param(
            {"servers": listed(), "tls": "insecure_no_verification", "check": False},
            "s 10.0.0.1:80 ssl verify none",
            id="insecure",
        ),
    ],
)
def test_a_server_is_a_line(options: dict[str, Any], expected: str) -> None:
    """Verified, by name, wherever it speaks TLS; resolved while HAProxy runs where it is a name."""
    assert server(**options) == expected


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"servers": listed()}, "localhost"),
        ({"servers": listed(), "server_name": "a.test"}, "a.test"),
        ({"origin": "https://a.test:8443"}, "a.test:8443"),
        ({"servers": listed(), "host_header": "h.test"}, "h.test"),
    ],
)
def test_a_check_with_a_path_asks_by_http(options: dict[str, Any], host: str) -> None:
    """With the Host that requests have."""
    assert [line for line in lines(check={"path": "/x"}, **options) if "http" in line][:3] == [
        "option httpchk",
        f"http-check send meth GET uri /x ver HTTP/1.1 hdr Host {host}",
        "http-check expect status 200-399",
    ]


def test_the_host_is_changed_where_it_is_said() -> None:
    """And nowhere else."""
    assert "http-request set-header Host a.test" in lines(origin="https://a.test")
    assert not [line for line in lines(servers=listed()) if "Host" in line]


@pytest.mark.parametrize(
    ("stickiness", "expected"),
    [
        ("cookie", ["cookie EDGESERVER insert indirect nocache httponly secure"]),
        ({"cookie": "S", "secure": False}, ["cookie S insert indirect nocache httponly"]),
        ("source", ["balance source", "hash-type consistent"]),
    ],
)
def test_clients_are_kept(stickiness: Any, expected: list[str]) -> None:
    """By address, all balancers agree without talking to each other."""
    assert set(expected) < set(lines(servers=listed(), stickiness=stickiness))


def test_only_a_backend_of_ours_sends_again_and_nothing_but_reads() -> None:
    """Whatever frontend sends to it; a raw proxy inherits nothing of it."""
    raw = ["frontend raw\n  bind :1\n  default_backend web\n", "backend other\n"]
    config = compiled({**rich(), "haproxy_sections": raw}).config
    again = [
        one.name for one in config.sections for line in one.lines if line.keyword == "retry-on"
    ]
    assert again == ["web", "ghost", "many"]
    for name in again:
        rules = [line for line in section(config, "backend", name) if "http-request" in line]
        assert rules[0] == "http-request disable-l7-retry unless METH_GET"


def test_raw_lines_stand_before_the_servers_in_order() -> None:
    """HAProxy's phases, then the user's own order."""
    raw = ["http-request set-header A b", "option http-server-close"]
    found = lines(servers=listed(), lines=raw)
    retry = "http-request disable-l7-retry unless METH_GET"
    assert found[-4:] == [raw[1], retry, raw[0], "server s 10.0.0.1:80 check"]


def test_a_backend_knows_where_it_comes_from() -> None:
    """Servers of a list, of a group, of an origin."""
    config = compiled(rich()).config
    origins = [line.origin for line in config.lines if line.keyword == "server"]
    assert origins == [
        "haproxy_backends[0].servers_from_group",
        "haproxy_backends[0].servers_from_group",
        "haproxy_backends[1].origin",
        "haproxy_backends[2].servers[0].lines[0]",
        "haproxy_backends[2].servers[1]",
    ]
