# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the account's key is here, and what to do if not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._renewal.account_here import (
    demand_account_key,
)
from renewing import HOME, Fleet


def test_the_pinned_key_is_the_account(fleet: Fleet) -> None:
    """Nothing is wrong."""
    files = fleet.members["lb2"].files
    assert demand_account_key(files, fleet.settings_of("lb2")) == fleet.settings.account


def test_no_account_is_for_the_play(fleet: Fleet) -> None:
    """Only it can agree to terms."""
    settings = replace(fleet.settings, account=None)
    with pytest.raises(EdgeError, match=r"run hitless\.edge\.site"):
        demand_account_key(fleet.members["lb1"].files, settings)


def test_a_key_that_is_not_here_comes_with_a_push(fleet: Fleet) -> None:
    """Of an issuer that has it."""
    files = fleet.members["lb1"].files
    files.remove(f"{HOME}/account/key.pem")
    with pytest.raises(EdgeError, match="another issuer that has it brings it"):
        demand_account_key(files, fleet.settings)


def test_another_key_is_told_from_a_rollover(fleet: Fleet) -> None:
    """In a rollover the balancers answer for the key before, which is no fault of the new one."""
    files = fleet.members["lb1"].files
    accounts = Accounts(files, HOME)
    accounts.make_key()
    with pytest.raises(EdgeError, match="gets a new key just now"):
        demand_account_key(files, fleet.settings)
    accounts.forget_previous_key()
    with pytest.raises(EdgeError, match="another key than the one that the balancers answer for"):
        demand_account_key(files, fleet.settings)
