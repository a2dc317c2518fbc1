# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock, the CA and the fleet that these tests use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_ca import FakeCa, running
from fakes import FakeClock
from renewing import Fleet


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ca(clock: FakeClock) -> Iterator[FakeCa]:
    with running(FakeCa(now=clock.now)) as ca:
        yield ca


@pytest.fixture
def fleet(ca: FakeCa, clock: FakeClock) -> Fleet:
    """Three balancers that are issuers as well; nothing is issued yet."""
    return Fleet.made(ca, clock)
