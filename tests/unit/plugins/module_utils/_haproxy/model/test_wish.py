# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All variables are one wish, with one report."""

from __future__ import annotations

import re

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.inventory import Inventory
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.wish import (
    OPTIONS,
    parse_certificates,
    parse_options,
)
from wishes import INVENTORY, faults_of, model_of, rich, site


def test_all_faults_of_all_variables_are_one_report() -> None:
    """Each by the path of its variable."""
    wish = site(backend="wb", routes=[{"path": "x", "backend": "web"}])
    wish["haproxy_backends"].append({"name": "e", "servers_from_group": "nobody"})
    wish["haproxy_global"] = {"maxconn": "many"}
    wish["haproxy_sections"] = ["global\n"]
    wish["certificates_defaults"] = {"source": "acm"}
    wish["haproxy_site"] = []
    assert set(faults_of(wish)) == {
        "haproxy_sites[0].backend",
        "haproxy_sites[0].routes[0].path",
        "haproxy_backends[1].servers_from_group",
        "haproxy_global.maxconn",
        "haproxy_sections[0]",
        "certificates_defaults.source",
        "haproxy_site",
    }


@pytest.mark.parametrize(
    ("change", "path", "cause"),
    [
        ({"domains": ["b.test", "A.test"]}, "haproxy_sites[1].domains[1]", "sites[0].domains[0]"),
        ({"domains": ["b.test"], "name": "a.test"}, "haproxy_sites[1].name", "haproxy_sites[0]"),
        (
            {"domains": ["b.test"], "certificate": {"name": "A.test"}},
            "haproxy_sites[1].certificate",
            "name it",
        ),
    ],
)
def test_two_sites_share_nothing(change: dict[str, object], path: str, cause: str) -> None:
    """No domain, no name, no certificate."""
    wish = site()
    wish["haproxy_sites"].append({"backend": "web", **change})
    found = faults_of(wish)
    assert list(found) == [path]
    assert cause in found[path]


@pytest.mark.parametrize("domains", [None, [], "a.test", ["a b", "c d"], [""]], ids=repr)
def test_sites_without_a_domain_are_told_once(domains: object) -> None:
    """What stands in for it is no domain, no name and no certificate of anybody."""
    wish = site(domains=domains, redirects=[{"host": "www.a.test", "to": "https://b.test"}])
    wish["haproxy_sites"] *= 2
    found = faults_of(wish)
    assert all(re.fullmatch(r"haproxy_sites\[\d\]\.domains(\[\d\])?", path) for path in found)
    assert "placeholder" not in str(found)


def test_two_backends_share_no_name() -> None:
    """HAProxy would join or refuse them."""
    wish = site()
    wish["haproxy_backends"] *= 2
    assert list(faults_of(wish)) == ["haproxy_backends[1].name"]


def test_nothing_at_all_is_a_wish() -> None:
    """A balancer may start before its first site."""
    assert model_of({}).summary == {
        "sites": 0, "domains": 0, "backends": 0, "servers": 0, "certificates": 0,
    }  # fmt: skip


def test_the_summary_counts() -> None:
    """Certificates of no site as well."""
    assert model_of(rich()).summary == {
        "sites": 2, "domains": 4, "backends": 3, "servers": 5, "certificates": 2,
    }  # fmt: skip


def test_options_are_variables_by_another_name() -> None:
    """What else a task has is not looked at."""
    options = {name: rich().get(variable) for name, variable in OPTIONS.items()}
    assert parse_options({**options, "template": "x"}, INVENTORY) == model_of(rich())
    with pytest.raises(InvalidInput, match="haproxy_sites"):
        parse_options({"sites": "x"}, Inventory())


def test_certificates_can_be_told_without_the_backends() -> None:
    """The same ones as from the whole."""
    wish = rich()
    found = parse_certificates(
        wish["haproxy_sites"], wish["certificates_defaults"], wish["certificates_extra"]
    )
    assert found == model_of(wish).certificates
    assert [one.name for one in found] == ["shop", "mail"]


def test_faults_of_certificates_have_their_paths() -> None:
    """Those of the sites, and those of no site."""
    with pytest.raises(InvalidInput) as caught:
        parse_certificates([{"domains": ["*.a.test"], "backend": "x"}], None, [{"name": "n"}])
    assert [fault.path for fault in caught.value.faults] == [
        "haproxy_sites[0].certificate",
        "certificates_extra[0].domains",
    ]
