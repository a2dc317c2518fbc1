# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module certificate_bundles."""

from __future__ import annotations

from typing import Any

import yaml
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import parse_wish
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.modules import certificate_bundles
from delivering import Balancer, actions, path_of
from minted import Minted, mint

A, NEW = mint("a.test"), mint("a.test", serial=2)


def option(made: Minted, *, pem: bool = True) -> dict[str, Any]:
    """One item of the option `bundles`."""
    return {
        "name": "a.test",
        "key_type": "ecdsa",
        "domains": ["a.test"],
        "fingerprint": made.fingerprint,
        "pem": made.pem if pem else None,
    }


def ensure(balancer: Balancer, *bundles: dict[str, Any]) -> Change:
    """What the module finds, with all other options at their defaults."""
    options = certificate_bundles.spec().options.items()
    defaults = {name: option["default"] for name, option in options if "default" in option}
    wish = parse({**defaults, "bundles": list(bundles)}, "", parse_wish)
    return certificate_bundles.ensure(balancer.host.ports, wish)


def test_a_bundle_is_delivered_and_then_nothing_is_to_do() -> None:
    """The second run changes nothing, with the PEM and without."""
    balancer = Balancer()
    change = ensure(balancer, option(A))
    assert change.is_needed
    assert change.result["would_change"] is True
    assert change.apply()["changed"] is True
    assert balancer.serves("a.test") == A.fingerprint
    for pem in (True, False):
        again = ensure(balancer, option(A, pem=pem))
        assert not again.is_needed
        assert again.result["lacking"] == []
        assert again.result["would_change"] is False


def test_looking_changes_nothing() -> None:
    """`ensure` is all that check mode runs."""
    balancer = Balancer()
    ensure(balancer, option(A))
    assert balancer.files.writes == []
    assert balancer.process.stores == {}


def test_delivery_in_three_steps() -> None:
    """Look without PEM, fetch what is lacking, deliver with it."""
    balancer = Balancer()
    ensure(balancer, option(A)).apply()
    seen = ensure(balancer, option(NEW, pem=False))
    assert seen.result["lacking"] == [["a.test", "ecdsa"]]
    assert seen.result["would_change"] is True
    result = dict(ensure(balancer, option(NEW)).apply())
    assert actions(result) == [("a.test", "swapped")]
    assert balancer.serves("a.test") == NEW.fingerprint


def test_what_is_lacking_without_a_remedy_is_no_change() -> None:
    """Foretold by check mode; a run without PEM admits that it did nothing."""
    balancer = Balancer()
    ensure(balancer).apply()
    change = ensure(balancer, option(A, pem=False))
    assert change.is_needed
    assert change.apply()["changed"] is False


def test_a_faulty_bundle_fails_in_check_mode_too() -> None:
    """With the words of the run, and the results of all."""
    balancer = Balancer()
    change = ensure(balancer, option(Minted(NEW.key, A.chain)))
    assert change.failure is not None
    assert "bundles[0] (a.test): the key does not match" in change.failure.message
    assert actions(dict(change.failure.details)) == [("a.test", "refused")]


def test_no_key_is_in_a_diff() -> None:
    """Nor in the result."""
    balancer = Balancer()
    ensure(balancer, option(A)).apply()
    change = ensure(balancer, option(NEW))
    shown = yaml.safe_dump([change.diff(), dict(change.result), dict(change.apply())])
    assert "PRIVATE" not in shown
    assert NEW.key.splitlines()[1] not in shown
    assert path_of("a.test") in shown


def test_the_defaults_are_those_of_the_layout() -> None:
    """One place says where things are."""
    options = certificate_bundles.spec().options
    assert options["directory"]["default"] == Layout().certificates
    assert options["runtime_socket"]["default"] == Layout().runtime_socket
    assert options["master_socket"]["default"] == Layout().master_socket


def test_the_pem_is_never_logged() -> None:
    """It holds the private key."""
    assert certificate_bundles.spec().options["bundles"]["options"]["pem"]["no_log"] is True
