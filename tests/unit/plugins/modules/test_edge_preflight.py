# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module gives orders for what is fit and reasons for the rest, and changes nothing."""

from __future__ import annotations

from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._core.ports import HttpAnswer
from ansible_collections.hitless.edge.plugins.modules.edge_preflight import ensure, spec
from fakes import FakeHost

TOKEN = "t" * 43


def params(**changed: Any) -> dict[str, Any]:
    """The options, with their defaults."""
    return {
        **{name: option.get("default") for name, option in spec().options.items()},
        "certificates": [
            {"name": "shop", "domains": ["shop.test"], "key_types": ["rsa"], "covered": []},
            {"name": "else", "domains": ["else.test"]},
        ],
        "balancers": [{"name": "lb1", "addresses": ["192.0.2.1"]}],
        "thumbprint": "thumb",
        **changed,
    }


def host() -> FakeHost:
    """A balancer that answers; one domain leads to it."""
    found = FakeHost()
    found.network.names = {"shop.test": ("192.0.2.1",), "else.test": ("203.0.113.9",)}
    found.network.web["192.0.2.1", 80] = lambda _host, path: HttpAnswer(
        200, {}, f"{path.rsplit('/', 1)[1]}.thumb".encode()
    )
    return found


def test_the_result_parts_what_may_be_ordered_from_what_may_not() -> None:
    """One domain that leads elsewhere does not stop the other."""
    change = ensure(host().ports, params(), TOKEN)
    assert not change.is_needed
    assert change.result["certificates"] == [
        {"name": "shop", "domains": ["shop.test"], "key_types": ["rsa"]}
    ]
    assert [one["name"] for one in change.result["deferred"]] == ["else"]
    assert [(one["domain"], one["ok"]) for one in change.result["domains"]] == [
        ("shop.test", True),
        ("else.test", False),
    ]
    assert "203.0.113.9" in change.result["failures"][0]


def test_a_certificate_of_no_ca_is_not_asked_about() -> None:
    """It passes, and its domain is none of the judged."""
    own = {"name": "own", "domains": ["own.invalid"], "source": "selfsigned"}
    change = ensure(host().ports, params(certificates=[own]), TOKEN)
    assert change.result["certificates"] == [own]
    assert (change.result["domains"], change.result["failures"]) == ([], [])


def test_balancers_are_not_asked_where_that_is_not_wished() -> None:
    """In a first run's check mode nobody listens yet."""
    silent = host()
    silent.network.web.clear()
    asked = ensure(silent.ports, params(), TOKEN)
    unasked = ensure(silent.ports, params(ask_balancers=False), TOKEN)
    assert asked.result["certificates"] == []
    assert [one["name"] for one in unasked.result["certificates"]] == ["shop"]


def test_certbots_certificates_are_asked_for_by_its_own_thumbprint() -> None:
    """Both accounts side by side, each with the answer that its CA has to hear."""
    wishes = [
        {"name": "shop", "domains": ["shop.test"]},
        {"name": "bot", "domains": ["bot.test"], "source": "certbot"},
    ]
    found = host()
    found.network.names["bot.test"] = ("192.0.2.1",)
    answers = {"shop.test": "thumb", "bot.test": "bots"}
    found.network.web["192.0.2.1", 80] = lambda name, path: HttpAnswer(
        200, {}, f"{path.rsplit('/', 1)[1]}.{answers[name]}".encode()
    )
    change = ensure(found.ports, params(certificates=wishes, certbot_thumbprint="bots"), TOKEN)
    assert change.result["certificates"] == wishes
    change = ensure(found.ports, params(certificates=wishes), TOKEN)
    assert change.result["certificates"] == wishes[:1]
    assert "another account key" in change.result["failures"][0]
