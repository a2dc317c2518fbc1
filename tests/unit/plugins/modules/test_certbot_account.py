# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module gives certbot the account that its options wish."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
    Refused,
)
from ansible_collections.hitless.edge.plugins.modules.certbot_account import ensure, spec
from fake_ca import FakeCa, running
from fakes import FakeHost


def params(*directories: str, **changed: Any) -> dict[str, Any]:
    """The options, with their defaults."""
    defaults = {name: option.get("default") for name, option in spec().options.items()}
    authorities = [{"name": "ca", "directory": url} for url in directories]
    return {**defaults, "home": "/issuer", "authorities": authorities, **changed}


def test_an_account_is_registered() -> None:
    """The options arrive at the CA; the second run has nothing to do."""
    host = FakeHost()
    with running(FakeCa(now=host.clock.now)) as ca:
        wish = params(ca.directory_url, contact=["a@b.test"], terms_agreed=True)
        result = ensure(host.ports, wish).apply()
        (account,) = ca.accounts.values()
        assert account["contact"] == ["mailto:a@b.test"]
        assert result["account"] in ca.accounts
        assert not ensure(host.ports, wish).is_needed


def test_terms_and_a_ca_are_demanded() -> None:
    """By default nothing is agreed to, and no CA is asked."""
    with pytest.raises(Refused, match="terms_agreed"):
        ensure(FakeHost().ports, params("https://ca.test/dir"))
    with pytest.raises(InvalidInput, match="there is no CA"):
        ensure(FakeHost().ports, params())
