# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers: listed, of a group, of an origin; verified wherever something points to TLS."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.server import Server, Tls
from wishes import backend, faults_of, model_of


def servers(**options: Any) -> tuple[Server, ...]:
    """The servers of the one backend."""
    return model_of(backend(**options)).backends[0].servers


def faults(**options: Any) -> dict[str, str]:
    """Faults of the one backend, by their path below it."""
    found = faults_of(backend(**options))
    return {path.removeprefix("haproxy_backends[0]"): cause for path, cause in found.items()}


def listed(**options: Any) -> list[dict[str, Any]]:
    """One listed server."""
    return [{"address": "10.0.0.1", "port": 80, **options}]


def test_hosts_of_a_group_are_servers_by_name() -> None:
    """At their addresses, in the order of the inventory."""
    found = servers(servers_from_group="webs", port=8081)
    assert [(one.name, one.address, one.port) for one in found] == [
        ("web1", "10.0.0.1", 8081),
        ("web2", "web2", 8081),
    ]
    assert {one.origin for one in found} == {"haproxy_backends[0].servers_from_group"}


def test_an_origin_is_asked_for_by_its_name() -> None:
    """Verified, with SNI; the port is the scheme's."""
    (found,) = servers(origin="https://Example.ghost.io")
    assert (found.address, found.port, found.tls) == ("example.ghost.io", 443, Tls.VERIFY)
    assert found.server_name == "example.ghost.io"
    assert found.origin == "haproxy_backends[0].origin"
    assert servers(origin="http://a.test:8080/")[0].port == 8080


@pytest.mark.parametrize(
    ("options", "tls"),
    [
        ({"servers": listed()}, Tls.OFF),
        ({"servers": listed(port=443, server_name="a.test")}, Tls.VERIFY),
        ({"servers": listed(address="a.test", port=443)}, Tls.VERIFY),
        ({"servers": listed(port=443), "tls": False}, Tls.OFF),
        ({"servers": listed(port=443), "tls": "off"}, Tls.OFF),
        ({"servers": listed(port=443), "tls": "insecure_no_verification"}, Tls.INSECURE),
        ({"servers": listed(), "server_name": "a.test"}, Tls.VERIFY),
        ({"servers": listed(address="a.test"), "ca_file": "/ca.pem"}, Tls.VERIFY),
        ({"servers": listed(address="a.test"), "tls": "verify"}, Tls.VERIFY),
        ({"origin": "http://a.test"}, Tls.OFF),
    ],
)
def test_tls_is_verified_wherever_something_points_to_it(options: dict[str, Any], tls: Tls) -> None:
    """YAML reads off as false; only the long word leaves verification out."""
    assert servers(**options)[0].tls is tls


@pytest.mark.parametrize(
    ("options", "path", "cause"),
    [
        ({}, "", "exactly one"),
        ({"origin": "http://a.b", "servers_from_group": "webs"}, "", "exactly one"),
        ({"servers": []}, ".servers", "at least one"),
        ({"servers_from_group": "web"}, ".servers_from_group", 'did you mean "webs"?'),
        ({"servers_from_group": "nobody"}, ".servers_from_group", "no hosts"),
        ({"servers": [{"address": "a.b"}]}, ".servers[0].port", "not a whole number"),
        ({"servers": listed(port=70000)}, ".servers[0].port", "out of range (1-65535)"),
        ({"servers": listed(weight=257)}, ".servers[0].weight", "out of range"),
        ({"servers": listed() * 2}, ".servers[1]", "own name"),
        ({"servers": listed(address="a b")}, ".servers[0].address", "letters, digits"),
        ({"servers": listed(port=443)}, "", "server_name"),
        ({"servers": listed(lines=["weight 3\nfrontend x"])}, ".servers[0].lines[0]", "control"),
        ({"origin": "https://a.b/path"}, ".origin", "without path"),
        ({"origin": "https://u@a.b"}, ".origin", "without path"),
        ({"origin": "ftp://a.b"}, ".origin", "without path"),
        ({"origin": "https://a.b:0"}, ".origin", "without path"),
        ({"origin": "https://a.b:99999"}, ".origin", "without path"),
        ({"origin": "https://a.b", "tls": False}, ".origin", "tls is off"),
        ({"origin": "https://a.b", "tls": "none"}, ".tls", "not a choice"),
    ],
)
def test_a_fault_has_its_path(options: dict[str, Any], path: str, cause: str) -> None:
    """And its remedy."""
    found = faults(**options)
    assert list(found) == [path]
    assert cause in found[path]


def test_listed_servers_share_the_port_of_the_backend() -> None:
    """Unless they have their own; a fault of it is its own."""
    both = [{"address": "10.0.0.1"}, {"address": "::1", "port": 81}]
    assert [one.port for one in servers(servers=both, port=80)] == [80, 81]
    assert list(faults(servers=both, port=0)) == [".port"]


def test_a_server_is_named_by_its_address() -> None:
    """With letters that a name may have."""
    assert servers(servers=[{"address": "fd00::1", "port": 80}])[0].name == "fd00--1"
