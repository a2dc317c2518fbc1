# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.directory import Directory
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused

NEEDED = {"newNonce": "n", "newAccount": "a", "newOrder": "o"}


def test_a_directory_without_extras_is_read() -> None:
    """What a CA does not offer is none."""
    found = Directory.from_json(dict(NEEDED), url="u")
    assert (found.renewal_info, found.profiles, found.needs_external_account) == (None, {}, False)


def test_extras_are_read() -> None:
    """Profiles, identities, terms, external accounts, ARI."""
    meta = {
        "profiles": {"short": "six days"},
        "caaIdentities": ["ca.test"],
        "termsOfService": "t",
        "externalAccountRequired": True,
    }
    found = Directory.from_json({**NEEDED, "renewalInfo": "r", "meta": meta}, url="u")
    assert found.profiles == {"short": "six days"}
    assert (found.caa_identities, found.terms) == (("ca.test",), "t")
    assert (found.needs_external_account, found.renewal_info) == (True, "r")


@pytest.mark.parametrize("document", [{}, {**NEEDED, "newOrder": None}, {"error": "no"}])
def test_what_is_no_directory_is_refused(document: dict[str, Any]) -> None:
    """With its URL."""
    with pytest.raises(Refused, match="https://x is no ACME directory"):
        Directory.from_json(document, url="https://x")


@pytest.mark.parametrize("meta", [None, [], {"profiles": 3}, {"caaIdentities": None}])
def test_a_strange_meta_is_passed_over(meta: Any) -> None:
    """It is all optional."""
    assert Directory.from_json({**NEEDED, "meta": meta}, url="u").profiles == {}
