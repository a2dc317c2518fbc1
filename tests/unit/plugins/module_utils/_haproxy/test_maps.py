# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes without a reload."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.maps import compile_maps
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.certificate import Source
from wishes import model_of, rich, site

THUMBPRINTS = {Source.ACME: "OURS", Source.CERTBOT: "THEIRS"}


def maps(variables: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The maps as HAProxy reads them: the first value of a key."""
    texts = compile_maps(model_of(variables), THUMBPRINTS)
    return {
        name: dict(line.split(" ") for line in text.splitlines()) for name, text in texts.items()
    }


def target(found: dict[str, dict[str, str]], host: str, path: str) -> str | None:
    """Where a request goes: the look-ups of the frontends."""
    sites, routes = found["sites.map"], found["routes.map"]
    key = sites.get(host) or sites.get("*." + host.partition(".")[2])
    if key is None:
        return None
    matches = [prefix for prefix in routes if f"{key}{path}/".startswith(prefix)]
    return routes[max(matches, key=len)] if matches else ""


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("a.test", "/", "web"),
        ("a.test", "/blog", "ghost"),
        ("a.test", "/blog/x", "ghost"),
        ("a.test", "/blogger", "web"),
        ("a.test", "/api", "web"),
        ("a.test", "/old/x", "301|drop|/new"),
        ("www.a.test", "/api/x", "many"),
        ("www.a.test", "/blog", "ghost"),
        ("www.a.test", "/x", "308|keep|https://a.test"),
        ("b.test", "/", "web"),
        ("x.w.test", "/", "web"),
        ("y.x.w.test", "/", None),
        ("w.test", "/", None),
        ("other.test", "/", None),
    ],
)
def test_the_longest_path_of_the_host_wins(host: str, path: str, expected: str | None) -> None:
    """A host of its own inherits what all hosts of the site have."""
    assert target(maps(rich()), host, path) == expected


def test_a_site_may_have_no_backend_of_its_own() -> None:
    """What no route takes is not found."""
    found = maps(site(backend=None, routes=[{"path": "/a", "backend": "web"}]))
    assert target(found, "a.test", "/a") == "web"
    assert target(found, "a.test", "/b") == ""


@pytest.mark.parametrize(
    ("hsts", "expected"),
    [
        (None, {"a.test": "63072000"}),
        (False, {}),
        ({"max_age": 60, "include_subdomains": True}, {"a.test": "60+sub"}),
        ({"include_subdomains": True, "preload": True}, {"a.test": "63072000+sub+preload"}),
    ],
)
def test_hsts_is_a_value(hsts: Any, expected: dict[str, str]) -> None:
    """Of the site."""
    assert maps(site(hsts=hsts))["hsts.map"] == expected


def test_sites_that_http_serves_are_named() -> None:
    """All others are redirected."""
    assert maps(site())["plain.map"] == {}
    assert maps(site(https_redirect=False))["plain.map"] == {"a.test": "yes"}


def test_challenges_are_answered_for_the_account_that_asks() -> None:
    """For no wildcard, and for no certificate that no CA is asked for."""
    wish = rich()
    wish["certificates_extra"] = [{"domains": ["mail.a.test"]}, {"domains": ["old.a.test"]}]
    model = model_of(wish)
    *ours, theirs = model.certificates
    others = (
        replace(theirs, source=Source.CERTBOT, domains=("old.a.test", "*.old.a.test")),
        replace(theirs, source=Source.PROVIDED, domains=("own.a.test",)),
    )
    found = compile_maps(replace(model, certificates=(*ours, *others)), THUMBPRINTS)["acme.map"]
    assert found.splitlines() == [
        "a.test OURS",
        "www.a.test OURS",
        "mail.a.test OURS",
        "old.a.test THEIRS",
    ]


def test_without_an_account_no_challenge_is_answered() -> None:
    """The first run of a fleet."""
    assert compile_maps(model_of(site()), {})["acme.map"] == ""
