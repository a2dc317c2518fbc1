# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wish is parsed on the controller; no host is asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.action.edge_wish import ActionModule
from minted import mint
from tasks import played

PLAY = {
    "groups": {"webs": ["web1", "web2"]},
    "hostvars": {"web1": {"edge_address": "10.0.0.1"}, "web2": {}},
}
SITES = [{"domains": ["a.test", "www.a.test"], "backend": "web"}]
BACKENDS = [{"name": "web", "servers_from_group": "webs"}]


def test_a_right_wish_is_counted() -> None:
    """With the inventory of the play."""
    arguments = {"sites": SITES, "backends": BACKENDS}
    result, asked = played(ActionModule, arguments, task_vars=PLAY)
    assert result == {
        "changed": False, "sites": 1, "domains": 2, "backends": 1, "servers": 2, "certificates": 1,
    }  # fmt: skip
    assert asked == {}


@pytest.mark.parametrize("task_vars", [None, {"groups": {}, "hostvars": {}}])
def test_every_fault_is_in_the_message(task_vars: dict[str, Any] | None) -> None:
    """And in the result, as fields."""
    arguments = {"sites": [{**SITES[0], "backend": "wb"}], "backends": BACKENDS}
    result, _asked = played(ActionModule, arguments, task_vars=task_vars)
    assert result["failed"]
    assert [fault["path"] for fault in result["faults"]] == [
        "haproxy_backends[0].servers_from_group",
        "haproxy_sites[0].backend",
    ]
    assert all(fault["path"] in result["msg"] for fault in result["faults"])


@pytest.mark.parametrize("sites", [{}, {"sites": None}], ids=["absent", "null"])
def test_sites_that_are_not_defined_are_a_fault(sites: dict[str, Any]) -> None:
    """A forgotten file of variables would empty the whole fleet; the likely cause is told too."""
    result, _asked = played(ActionModule, sites, task_vars={**PLAY, "haproxy_site": SITES})
    assert [fault["path"] for fault in result["faults"]] == ["haproxy_site", "haproxy_sites"]
    assert 'did you mean "haproxy_sites"?' in result["msg"]


def test_no_sites_on_purpose_are_a_wish() -> None:
    """An explicit empty list."""
    result, _asked = played(ActionModule, {"sites": []}, task_vars=PLAY)
    assert not result.get("failed")
    assert result["sites"] == 0


def provided(**pems: str) -> dict[str, Any]:
    """The arguments of a site whose certificate is brought, and what is brought."""
    sites = [{**SITES[0], "certificate": {"name": "shop", "source": "provided"}}]
    return {"sites": sites, "backends": BACKENDS, "certificates_provided": pems}


def test_a_certificate_that_is_brought_is_judged_against_its_wish() -> None:
    """A misspelt name is told, as is the wish that goes without; no key is in the result."""
    made = mint("a.test", "www.a.test")
    result, _asked = played(ActionModule, provided(shop=made.pem), task_vars=PLAY)
    assert not result.get("failed")
    assert "warnings" not in result
    result, _asked = played(ActionModule, provided(shp=made.pem), task_vars=PLAY)
    assert [fault["path"] for fault in result["faults"]] == [
        "certificates_provided",
        "certificates_provided.shp",
    ]
    assert 'did you mean "shop"?' in result["msg"]
    assert "PRIVATE" not in str(result)


def test_one_that_ends_soon_is_a_warning() -> None:
    """The run goes on."""
    soon = datetime.now(timezone.utc) + timedelta(days=3, hours=1)
    made = mint("a.test", "www.a.test", not_after=soon)
    result, _asked = played(ActionModule, provided(shop=made.pem), task_vars=PLAY)
    (warning,) = result["warnings"]
    assert "shop (ecdsa): provided, valid until" in warning
    assert "3 days left" in warning


def test_faults_of_the_model_and_of_what_is_brought_come_together() -> None:
    """In one message."""
    arguments = {**provided(shop="no PEM"), "backends": []}
    result, _asked = played(ActionModule, arguments, task_vars=PLAY)
    assert [fault["path"] for fault in result["faults"]] == [
        "haproxy_sites[0].backend",
        "certificates_provided.shop",
    ]


def test_faults_of_names_and_of_values_come_together() -> None:
    """In one message."""
    arguments = {"sites": [{"domains": ["a.test"], "backend": "web"}]}
    result, _asked = played(ActionModule, arguments, task_vars={"haproxy_backend": BACKENDS})
    assert [fault["path"] for fault in result["faults"]] == [
        "haproxy_backend",
        "haproxy_sites[0].backend",
    ]
