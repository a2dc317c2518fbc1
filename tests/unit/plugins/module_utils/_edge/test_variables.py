# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names of variables are taken for a misspelt one of ours."""

from __future__ import annotations

import re

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._edge.variables import KNOWN, misspelt

from meta import tree


def test_the_known_names_are_all_that_there_are() -> None:
    """The options of every role, and what docs/playbooks.md lists beside them."""
    of_roles = {
        name
        for role in tree.roles()
        for options in tree.role_specs(role).values()
        for name in options
    }
    text = (tree.ROOT / "docs/playbooks.md").read_text(encoding="utf-8")
    of_playbooks = set(re.findall(r"^\| `(edge_\w+)`", text, re.MULTILINE))
    assert of_playbooks
    assert of_roles | of_playbooks == KNOWN


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("haproxy_site", "haproxy_sites"),
        ("haproxy_backend", "haproxy_backends"),
        ("haproxy_listners", "haproxy_listeners"),
        ("issuer_contacts", "issuer_contact"),
        ("issuer_authorites", "issuer_authorities"),
        ("certificates_default", "certificates_defaults"),
        ("edge_adress", "edge_address"),
        ("edge_balancer_group", "edge_balancers_group"),
    ],
)
def test_a_misspelt_name_is_found(name: str, near: str) -> None:
    """Among right ones, with what was meant."""
    (fault,) = misspelt(["ansible_host", name, "haproxy_global"])
    assert str(fault) == (
        f'{name}: "{name}" is not a variable of this collection; did you mean "{near}"?'
    )


@pytest.mark.parametrize(
    "name",
    [
        *sorted(KNOWN),
        "haproxy_exporter_port",
        "haproxy_sites_internal",
        "haproxy_sites_a",
        "haproxy_sites2",
        "haproxy_stats_password",
        "haproxy_version",
        "issuer_country",
        "certificates_path",
        "edge_router",
        "edge_balancers",
        "__haproxy_site",
        "sites",
    ],
)
def test_a_name_of_somebody_else_is_none_of_our_business(name: str) -> None:
    """Users and other roles have variables that begin alike, and parts that make up a list."""
    assert misspelt([name]) == ()
