# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites, with every fault at its path."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.site import (
    Hsts,
    Redirect,
    Route,
    Site,
)
from wishes import faults_of, model_of, site


def parsed(**options: Any) -> Site:
    """The one site of this wish."""
    return model_of(site(**options)).sites[0]


def faults(**options: Any) -> dict[str, str]:
    """Faults of the one site, by their path below it."""
    found = faults_of(site(**options))
    return {path.removeprefix("haproxy_sites[0]"): cause for path, cause in found.items()}


def test_a_domain_and_a_backend_are_enough() -> None:
    """The rest is what an expert would choose."""
    found = parsed()
    assert (found.name, found.backend) == ("a.test", "web")
    assert found.https_redirect
    assert found.hsts == Hsts(63072000, include_subdomains=False, preload=False)
    assert found.certificate is not None


@pytest.mark.parametrize("path", ["/blog", "/blog/", "/blog//"])
def test_a_path_ends_with_one_slash(path: str) -> None:
    """So /blog is no prefix of /blogger."""
    assert parsed(routes=[{"path": path, "backend": "web"}]).routes == (
        Route("/blog/", None, "web"),
    )


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        pytest.param(
            {"host": "a.test", "to": "https://b.test/"},
            Redirect("/", "a.test", "https://b.test", 308, keeps_path=True),
            id="host-keeps-path",
        ),
        pytest.param(
            {"path": "/a", "to": "/b/", "code": 301},
            Redirect("/a/", None, "/b/", 301, keeps_path=False),
            id="path-is-replaced",
        ),
        pytest.param(
            {"path": "/a", "to": "https://b.test:8443/x", "keep_path": True},
            Redirect("/a/", None, "https://b.test:8443/x", 308, keeps_path=True),
            id="path-kept-on-wish",
        ),
    ],
)
def test_a_redirect_says_whether_the_path_goes_along(
    redirect: dict[str, Any], expected: Redirect
) -> None:
    """A host moves as a whole, a path is replaced."""
    assert parsed(redirects=[redirect]).redirects == (expected,)


@pytest.mark.parametrize(
    ("options", "path", "cause"),
    [
        ({"backend": "wb"}, ".backend", 'did you mean "web"?'),
        ({"backend": None}, "", "nowhere"),
        ({"domains": []}, ".domains", "at least one"),
        ({"domains": "a.test"}, ".domains", "not a list"),
        ({"domains": ["a.test", "A.test."]}, ".domains[1]", "here twice"),
        ({"domain": ["a.test"]}, ".domain", 'did you mean "domains"?'),
        ({"routes": [{"backend": "web"}]}, ".routes[0]", "neither path nor host"),
        ({"routes": [{"path": "/a", "backend": "x"}]}, ".routes[0].backend", "no backend"),
        ({"routes": [{"host": "b.test", "backend": "web"}]}, ".routes[0].host", "none of"),
        ({"routes": [{"path": "/a", "backend": "web"}] * 2}, ".routes[1]", "here twice"),
        ({"redirects": [{"path": "/a"}]}, ".redirects[0].to", "nothing"),
        ({"redirects": [{"path": "/a", "to": "//evil"}]}, ".redirects[0].to", "not a URL"),
        ({"redirects": [{"path": "/a", "to": "javascript:x"}]}, ".redirects[0].to", "not a URL"),
        ({"redirects": [{"path": "/a", "to": "/b c"}]}, ".redirects[0].to", "not a URL"),
        ({"redirects": [{"path": "/a", "to": "/b", "code": 304}]}, ".redirects[0].code", "304"),
        ({"redirects": [{"host": "a.test", "to": "/"}]}, ".redirects[0].to", "itself"),
        ({"hsts": {"preload": True}}, ".hsts", "include_subdomains"),
        ({"hsts": "yes"}, ".hsts", "not a mapping"),
        ({"https_redirect": "no"}, ".https_redirect", "true or false"),
        ({"headers": {"Request": {}}}, ".headers.Request", 'did you mean "request"?'),
        ({"headers": {"request": {"A B": "x"}}}, ".headers.request.A B", "name of a header"),
        ({"headers": {"request": {"A": "x\ny: z"}}}, ".headers.request.A", "control character"),
        ({"headers": {"request": {"A": {"log": "x"}}}}, ".headers.request.A.log", "not an option"),
        ({"lines": ["option httplog"]}, ".lines[0]", "cannot be held"),
        ({"lines": ["acl a path /", "backend x"]}, ".lines[1]", "begins a section"),
        ({"lines": ["http-request deny if " + "a " * 57]}, ".lines[0]", "held to its site"),
    ],
)  # fmt: skip
def test_a_fault_has_its_path(options: dict[str, Any], path: str, cause: str) -> None:
    """And says what is wrong."""
    found = faults(**options)
    assert path in found
    assert cause in found[path]


def test_a_path_goes_one_way() -> None:
    """Routed or redirected."""
    route = {"path": "/a", "backend": "web"}
    redirect = {"path": "/a/", "to": "/b"}
    assert "both" in faults(routes=[route], redirects=[redirect])[".redirects[0]"]


def test_hsts_can_be_dropped() -> None:
    """By false."""
    assert parsed(hsts=False).hsts is None
    assert parsed(hsts={"max_age": 60}).hsts == Hsts(max_age=60)


@pytest.mark.parametrize(("hsts", "expected"), [(None, None), (True, Hsts()), ({}, Hsts())])
def test_a_site_of_http_has_hsts_only_if_it_says_so(hsts: Any, expected: Hsts | None) -> None:
    """It binds browsers to https for two years."""
    assert parsed(https_redirect=False, hsts=hsts).hsts == expected
