# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that all ACME modules have."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import (
    EXACT_SET_PER_WEEK,
    HmacAlgorithm,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.options import (
    AUTHORITY,
    EXTERNAL_ACCOUNT,
    acme_options,
)


def test_options_and_model_agree() -> None:
    """Choices and defaults are those of the values."""
    assert EXTERNAL_ACCOUNT["algorithm"]["choices"] == [kind.value for kind in HmacAlgorithm]
    assert AUTHORITY["weekly_limit"]["default"] == EXACT_SET_PER_WEEK


def test_the_secret_is_not_logged() -> None:
    """The HMAC key of an external account."""
    assert EXTERNAL_ACCOUNT["hmac_key"]["no_log"] is True


def test_a_module_says_of_the_list_what_it_wants() -> None:
    """Its shape is the same everywhere."""
    assert acme_options(authorities={"required": True})["authorities"] == {
        "type": "list",
        "elements": "dict",
        "options": AUTHORITY,
        "required": True,
    }
