# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A redirect that leads back to itself is a fault; one that leads elsewhere is none."""

from __future__ import annotations

from typing import Any

import pytest
from wishes import faults_of, site

A, WWW = "https://a.test", "https://www.a.test"


def faults(redirect: dict[str, Any], **options: Any) -> list[str]:
    """Where a site of a.test, www.a.test and *.w.test with this redirect is wrong."""
    listeners = options.pop("listeners", {})
    wish = site(
        domains=["a.test", "www.a.test", "*.w.test"],
        certificate=False,
        redirects=[redirect],
        **options,
    )
    wish["haproxy_sites"].append(
        {"domains": ["own.w.test"], "backend": "web", "certificate": False}
    )
    return list(faults_of({**wish, "haproxy_listeners": listeners}))


@pytest.mark.parametrize(
    "redirect",
    [
        pytest.param({"host": "a.test", "to": A}, id="host"),
        pytest.param({"host": "a.test", "to": "http://A.test.:80/"}, id="however-written"),
        pytest.param({"host": "a.test", "to": "/"}, id="same-host"),
        pytest.param({"host": "a.test", "to": f"{A}/x"}, id="longer-each-round"),
        pytest.param({"host": "a.test", "to": f"{A}/x", "keep_path": False}, id="into-itself"),
        pytest.param({"path": "/", "to": A}, id="one-of-all-hosts"),
        pytest.param({"path": "/a", "to": "/a?x=1"}, id="query"),
        pytest.param({"path": "/a", "to": "/a/b"}, id="below-itself"),
        pytest.param({"path": "/a", "to": A, "keep_path": True}, id="path-kept"),
        pytest.param({"host": "*.w.test", "to": "https://x.w.test"}, id="wildcard"),
    ],
)
def test_a_redirect_to_itself_is_a_fault(redirect: dict[str, Any]) -> None:
    """By its target; a browser would go round until it gives up."""
    assert faults(redirect) == ["haproxy_sites[0].redirects[0].to"]


@pytest.mark.parametrize(
    "redirect",
    [
        pytest.param({"host": "www.a.test", "to": A}, id="another-host"),
        pytest.param({"host": "a.test", "to": f"{A}:8443"}, id="another-port"),
        pytest.param({"path": "/a", "to": "/b"}, id="another-path"),
        pytest.param({"path": "/a", "to": "/ab"}, id="not-below-itself"),
        pytest.param({"path": "/", "to": "/app"}, id="routed-on"),
        pytest.param({"host": "*.w.test", "to": "https://own.w.test"}, id="anothers-own-host"),
        pytest.param({"host": "a.test", "to": "https://[2001:db8::1]"}, id="address"),
    ],
)
def test_a_redirect_elsewhere_is_none(redirect: dict[str, Any]) -> None:
    """A longer path, or a host of its own, takes the request from there."""
    assert faults(redirect, routes=[{"path": "/app", "backend": "web"}]) == []


@pytest.mark.parametrize(("to", "is_itself"), [(A, False), (f"{A}:8443", True)])
def test_the_port_of_clients_counts(to: str, is_itself: bool) -> None:
    """Another one may be another server."""
    found = faults({"host": "a.test", "to": to}, listeners={"public_port": 8443})
    assert bool(found) is is_itself
