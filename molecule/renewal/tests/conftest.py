# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures that all scenarios share, and those of a fleet that renews by itself."""

from __future__ import annotations

import pytest
from fleet_view import Fleet
from renewals import Renewals

pytest_plugins = ["scenario"]


@pytest.fixture(scope="session")
def renewals(fleet: Fleet) -> Renewals:
    """The certificates and timers."""
    return Renewals(fleet)
