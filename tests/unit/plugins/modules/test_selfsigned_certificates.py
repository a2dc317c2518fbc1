# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module makes the self-signed certificates that its options wish."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.modules import acme_certificates
from ansible_collections.hitless.edge.plugins.modules.selfsigned_certificates import ensure, spec
from fakes import FakeHost


def params(*certificates: dict[str, Any]) -> dict[str, Any]:
    """The options, with their defaults."""
    defaults = {name: option.get("default") for name, option in spec().options.items()}
    return {**defaults, "home": "/issuer", "certificates": list(certificates)}


def test_what_is_wished_is_made_and_then_valid() -> None:
    """The second run has nothing to do."""
    host = FakeHost()
    wished = params({"name": "a", "domains": ["a"], "source": "selfsigned"})
    assert ensure(host.ports, wished).apply()["certificates"][0]["action"] == "issued"
    assert not ensure(host.ports, wished).is_needed


def test_faults_have_paths() -> None:
    """All of them in one error."""
    wrong = {"name": "/", "domains": ["A B"], "source": "selfsigned"}
    with pytest.raises(InvalidInput, match="2 faults") as caught:
        ensure(FakeHost().ports, params(wrong))
    assert "certificates[0].domains[0]" in str(caught.value)


def test_its_wishes_are_those_of_the_other_sources() -> None:
    """One list for all."""
    others = acme_certificates.spec().options
    assert spec().options["certificates"] == others["certificates"]
