# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backends: checks, choice of server, stickiness, Host."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.backend import (
    Backend,
    Balance,
    Check,
    Cookie,
)
from wishes import backend, faults_of, model_of

SERVERS = [{"address": "10.0.0.1", "port": 80}]


def parsed(**options: Any) -> Backend:
    """The one backend."""
    return model_of(backend(**{"servers": SERVERS, **options})).backends[0]


def faults(**options: Any) -> dict[str, str]:
    """Faults of the one backend, by their path below it."""
    found = faults_of(backend(**{"servers": SERVERS, **options}))
    return {path.removeprefix("haproxy_backends[0]"): cause for path, cause in found.items()}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Check()),
        (True, Check()),
        (False, None),
        ({"path": "/healthz"}, Check(path="/healthz")),
        ({"path": "/", "status": 204}, Check(path="/", status="204")),
        ({"path": "/", "status": "200-299,401"}, Check(path="/", status="200-299,401")),
        ({"interval": "1s", "fall": 2}, Check(interval=timedelta(seconds=1), fall=2)),
    ],
)
def test_servers_are_checked_unless_told_not_to(value: Any, expected: Check | None) -> None:
    """By a connection; by HTTP where there is a path."""
    assert parsed(check=value).check == expected


@pytest.mark.parametrize(
    ("options", "balance", "cookie"),
    [
        ({}, Balance.ROUNDROBIN, None),
        ({"balance": "leastconn", "stickiness": False}, Balance.LEASTCONN, None),
        ({"stickiness": "cookie"}, Balance.ROUNDROBIN, Cookie()),
        ({"stickiness": {"cookie": "S", "secure": False}}, Balance.ROUNDROBIN, Cookie("S", False)),
        ({"stickiness": "source"}, Balance.SOURCE, None),
    ],
)
def test_a_client_can_be_kept_at_a_server(
    options: dict[str, Any], balance: Balance, cookie: Cookie | None
) -> None:
    """By a cookie, or by its address."""
    found = parsed(**options)
    assert (found.balance, found.cookie) == (balance, cookie)


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"servers": SERVERS}, None),
        ({"servers": SERVERS, "host_header": "a.test"}, "a.test"),
        ({"origin": "https://a.test"}, "a.test"),
        ({"origin": "https://a.test:8443"}, "a.test:8443"),
        ({"origin": "http://a.test:80"}, "a.test"),
        ({"origin": "http://[fd00::1]:81"}, "[fd00::1]:81"),
        ({"origin": "https://a.test", "host_header": False}, None),
        ({"origin": "https://a.test", "host_header": "b.test"}, "b.test"),
    ],
)
def test_an_origin_sees_its_own_name_as_host(options: dict[str, Any], host: str | None) -> None:
    """Servers of ours see what the client sent, unless told otherwise."""
    assert model_of(backend(**options)).backends[0].host_header == host


@pytest.mark.parametrize(
    ("options", "path", "cause"),
    [
        ({"balance": "rondrobin"}, ".balance", 'did you mean "roundrobin"?'),
        ({"stickiness": "cokie"}, ".stickiness", "one of cookie"),
        ({"stickiness": "source", "balance": "leastconn"}, ".stickiness", "drop balance"),
        ({"stickiness": {"cookie": "a b"}}, ".stickiness.cookie", "name of a header"),
        ({"check": {"path": "healthz"}}, ".check.path", "not a path"),
        ({"check": {"status": "2xx"}}, ".check.status", "not a status"),
        ({"check": {"status": 99}}, ".check.status", "out of range"),
        ({"check": {"method": "PO ST"}}, ".check.method", "GET"),
        ({"check": "yes"}, ".check", "not a mapping"),
        ({"timeouts": {"server": 5}}, ".timeouts.server", '"15s"'),
        ({"timeouts": {"client": "5s"}}, ".timeouts.client", "not an option"),
        ({"ca_file": "ca.pem"}, ".ca_file", "absolute"),
        ({"host_header": "a b"}, ".host_header", "letters, digits"),
        ({"lines": ["frontend x"]}, ".lines[0]", "begins a section"),
        ({"name": "edge_https"}, ".name", "the collection's own"),
        ({"retry": 3}, ".retry", 'did you mean "retries"?'),
    ],
)
def test_a_fault_has_its_path(options: dict[str, Any], path: str, cause: str) -> None:
    """And its remedy."""
    found = faults(**options)
    assert path in found
    assert cause in found[path]
