# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module gets the certificates that its options wish."""

from __future__ import annotations

from typing import Any

import pytest
from acme_issuer import Issuer
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
    Refused,
)
from ansible_collections.hitless.edge.plugins.modules.acme_certificates import ensure, spec
from fake_ca import FakeCa, running
from fakes import FakeHost


def params(ca: FakeCa, **changed: Any) -> dict[str, Any]:
    """The options, with their defaults."""
    return {
        **{name: option.get("default") for name, option in spec().options.items()},
        "home": "/issuer",
        "authorities": [{"name": "ca1", "directory": ca.directory_url, "weekly_limit": 5}],
        "certificates": [{"name": "a.test", "domains": ["a.test"], "profile": None}],
        **changed,
    }


def test_what_is_wished_is_issued_and_then_valid() -> None:
    """The plan says it first; the second run has nothing to do."""
    host = FakeHost()
    with running(FakeCa(now=host.clock.now)) as ca:
        Issuer((ca,), host).register()
        change = ensure(host.ports, params(ca))
        assert change.result["certificates"][0]["action"] == "would_issue"
        result = change.apply()
        assert result["certificates"][0]["action"] == "issued"
        assert result["failures"] == []
        assert not ensure(host.ports, params(ca)).is_needed


def test_failures_fail_unless_they_are_to_be_reported() -> None:
    """By default they are fatal."""
    host = FakeHost()
    with running(FakeCa(now=host.clock.now)) as ca:
        with pytest.raises(Refused, match="1 certificate could not be had"):
            ensure(host.ports, params(ca)).apply()
        result = ensure(host.ports, params(ca, failures="reported")).apply()
        assert result["failures"][0]["name"] == "a.test"
        assert result["changed"] is False


def test_faults_have_paths() -> None:
    """All of them in one error."""
    with pytest.raises(InvalidInput, match="2 faults") as caught:
        ensure(
            FakeHost().ports,
            params(FakeCa(base="https://x"), certificates=[{"name": "/", "domains": ["*.x"]}]),
        )
    assert "certificates[0].domains[0]: *.x is a wildcard" in str(caught.value)
