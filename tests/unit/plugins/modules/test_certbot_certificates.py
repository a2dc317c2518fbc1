# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""The module has the certificates that its options wish, by certbot."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.modules.certbot_certificates import ensure, spec
from fake_certbot import FakeCertbot, options, register, wished
from fakes import FakeHost


def params(*certificates: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The options, with their defaults."""
    defaults = {name: option.get("default") for name, option in spec().options.items()}
    return {**defaults, **options(*certificates), **changed}


def test_what_is_wished_is_had_and_then_valid() -> None:
    """The plan says it first; the second run has nothing to do."""
    host = FakeHost()
    register(host)
    FakeCertbot(host)
    change = ensure(host.ports, params(wished("a.test")))
    assert change.result["certificates"][0]["action"] == "would_issue"
    result = change.apply()
    assert result["changed"] is True
    assert result["certificates"][0]["action"] == "issued"
    assert not ensure(host.ports, params(wished("a.test"))).is_needed


def test_faults_have_paths() -> None:
    """All of them in one error."""
    with pytest.raises(InvalidInput, match="2 faults") as caught:
        ensure(FakeHost().ports, params(wished("A_.test", key_types=["dsa"])))
    assert {fault.path for fault in caught.value.faults} == {
        "certificates[0].domains[0]",
        "certificates[0].key_types[0]",
    }
