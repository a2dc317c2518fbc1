# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module makes the account that its options wish."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.modules.acme_account import ensure, spec
from fake_ca import FakeCa, running
from fakes import FakeHost


def params(**changed: Any) -> dict[str, Any]:
    """The options, with their defaults."""
    defaults = {name: option.get("default") for name, option in spec().options.items()}
    return {**defaults, "home": "/issuer", **changed}


def test_the_defaults_make_just_a_key() -> None:
    """Without any network."""
    host = FakeHost()
    result = ensure(host.ports, params()).apply()
    assert result["accounts"] == []
    assert not ensure(host.ports, params()).is_needed


def test_an_account_is_registered() -> None:
    """The options arrive at the CA."""
    host = FakeHost()
    with running(FakeCa(now=host.clock.now)) as ca:
        wish = params(
            authorities=[{"name": "ca", "directory": ca.directory_url, "eab": None}],
            contact=["a@b.test"],
            terms_agreed=True,
        )
        result = ensure(host.ports, wish).apply()
        assert ca.accounts[result["accounts"][0]["url"]]["contact"] == ["mailto:a@b.test"]
        assert not ensure(host.ports, wish).is_needed


def test_faults_have_paths() -> None:
    """All of them in one error."""
    with pytest.raises(InvalidInput, match=r"authorities\[0\]\.directory"):
        ensure(FakeHost().ports, params(authorities=[{"name": "x", "directory": "ftp://x"}]))
