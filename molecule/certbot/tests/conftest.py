# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures that all scenarios share, and certbot."""

from __future__ import annotations

import pytest
from certbots import Certbots
from fleet_view import Fleet
from renewals import Renewals

pytest_plugins = ["scenario"]


@pytest.fixture(scope="session")
def renewals(fleet: Fleet) -> Renewals:
    """What is served, and what the CA issued."""
    return Renewals(fleet)


@pytest.fixture(scope="session")
def certbots(fleet: Fleet, renewals: Renewals) -> Certbots:
    """The certbots of all issuers."""
    return Certbots(fleet, renewals)
