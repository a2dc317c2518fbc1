# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exit statuses mean what the contract and sysexits(3) say."""

from __future__ import annotations

import os

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit, well_if


@pytest.mark.parametrize(("is_well", "status"), [(True, 0), (False, 1)])
def test_what_needs_attention_is_not_zero(is_well: bool, status: int) -> None:
    """Zero is for nothing to do."""
    assert well_if(is_well) == status


def test_the_systems_numbers_are_kept() -> None:
    """Other programs read them."""
    assert Exit.FAULT == os.EX_SOFTWARE
    assert Exit.BUSY == os.EX_TEMPFAIL
