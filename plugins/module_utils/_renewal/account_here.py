# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether this issuer has the key of the fleet's account, which it needs before it asks a CA."""

from __future__ import annotations

from .._acme.account import Accounts
from .._core.errors import EdgeError
from .._core.ports import Files
from .settings import Account, Settings


def demand_account_key(files: Files, settings: Settings) -> Account:
    """The account, if its key is here.

    Raises: `EdgeError` that says how it gets here.
    """
    account, accounts = settings.account, Accounts(files, settings.home)
    if account is None:
        raise EdgeError("there is no ACME account in the settings: run hitless.edge.site")
    key = accounts.key()
    if key is None:
        raise EdgeError(
            f"the account key {accounts.key_path} is not here: another issuer that has it brings "
            "it with its next push, or run hitless.edge.keep"
        )
    previous = accounts.previous_key()
    if previous is not None and previous.thumbprint == account.thumbprint:
        raise EdgeError("the account gets a new key just now: run hitless.edge.site to its end")
    if key.thumbprint != account.thumbprint:
        raise EdgeError(
            f"{accounts.key_path} is another key than the one that the balancers answer for: "
            "remove it and another issuer brings the right one, or run hitless.edge.site"
        )
    return account
