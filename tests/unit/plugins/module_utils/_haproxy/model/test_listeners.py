# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where balancers listen."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.listeners import (
    UnknownHost,
)
from wishes import faults_of, model_of


def binds(options: Any, name: str) -> list[str]:
    """The binds of a listener."""
    listeners = model_of({"haproxy_listeners": options}).listeners
    return [str(bind) for bind in getattr(listeners, name).binds]


def test_operators_are_served_on_loopback_and_ipv4_is_always_there() -> None:
    """A host without IPv6 must start as well."""
    assert binds(None, "http") == [":80"]
    assert binds(None, "https") == [":443"]
    assert binds(None, "ops") == ["127.0.0.1:8404"]


def test_ipv6_has_sockets_of_its_own() -> None:
    """Not one socket of both families."""
    assert binds({"ipv6": True}, "https") == [":443", "[::]:443"]
    assert binds({"ipv6": True, "https": {"binds": ["*:8443"]}}, "https") == ["*:8443"]


@pytest.mark.parametrize(
    ("options", "port"),
    [({}, 443), ({"https": {"binds": [":8443"]}}, 8443), ({"public_port": 444}, 444)],
)
def test_redirects_lead_to_where_clients_reach_https(options: Any, port: int) -> None:
    """Where it listens, unless something stands before it."""
    assert model_of({"haproxy_listeners": options}).listeners.public_port == port


def test_unknown_hosts_get_nothing() -> None:
    """No site is a default site unless one is named."""
    listeners = model_of({}).listeners
    assert (listeners.unknown_host.status, listeners.default_site) == (404, None)
    assert UnknownHost.MISDIRECTED.status == 421


@pytest.mark.parametrize(
    ("options", "path", "cause"),
    [
        ({"http": {"binds": ["80"]}}, ".http.binds[0]", '":443"'),
        ({"http": {"binds": [":0"]}}, ".http.binds[0]", '":443"'),
        ({"http": {"binds": [":70000"]}}, ".http.binds[0]", '":443"'),
        ({"http": {"binds": ["10.0.0.256:80"]}}, ".http.binds[0]", "not an IP address"),
        ({"http": {"binds": [":80 ssl crt x"]}}, ".http.binds[0]", '":443"'),
        ({"http": {"binds": [":443"]}}, ".https", "where http listens"),
        ({"https": {"options": "accept-proxy\nmode tcp"}}, ".https.options", "control character"),
        ({"default_site": "a.test"}, ".default_site", "no site"),
        ({"unknown_host": "teapot"}, ".unknown_host", "one of not_found, misdirected"),
        ({"default_certificate": "x.pem"}, ".default_certificate", "absolute"),
    ],
)
def test_a_fault_has_its_path(options: Any, path: str, cause: str) -> None:
    """And its remedy."""
    found = faults_of({"haproxy_listeners": options})
    assert list(found) == [f"haproxy_listeners{path}"]
    assert cause in found[f"haproxy_listeners{path}"]
