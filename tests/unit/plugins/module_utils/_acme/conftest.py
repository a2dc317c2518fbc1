# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA and the issuer that these tests use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acme_issuer import Issuer
from fake_ca import FakeCa, running
from fakes import FakeHost


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def ca(host: FakeHost) -> Iterator[FakeCa]:
    with running(FakeCa(now=host.clock.now)) as ca:
        yield ca


@pytest.fixture
def issuer(ca: FakeCa, host: FakeHost) -> Issuer:
    """An issuer with an account at the CA."""
    issuer = Issuer((ca,), host)
    issuer.register()
    ca.asked.clear()
    return issuer
