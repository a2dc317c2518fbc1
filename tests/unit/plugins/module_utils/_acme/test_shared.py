# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorizations that several orders share."""

from __future__ import annotations

import pytest
from acme_issuer import Issuer, actions, wished
from fake_ca import Asked, FakeCa, Fault
from fakes import FakeHost


@pytest.mark.parametrize("workers", [1, 4])
def test_what_one_order_fails_to_answer_the_next_one_answers(
    issuer: Issuer, ca: FakeCa, host: FakeHost, workers: int
) -> None:
    """The others do not wait for an answer that nobody gives."""
    ca.reuses_authorizations = True
    refused: list[Asked] = []

    def refuse_first(asked: Asked) -> Fault | None:
        if asked.resource == "chall" and not refused:
            refused.append(asked)
            return Fault(403, "unauthorized", "not now")
        return None

    ca.script = refuse_first
    issuer.workers = workers
    wishes = [wished(name, "shared.test") for name in ("shared.test", "a.test", "b.test")]
    assert sorted(actions(issuer.run(*wishes))) == ["failed", "issued", "issued"]
    assert set(ca.answers.values()) == {1}
    assert host.clock.monotonic() < issuer.budget_seconds / 10


def test_what_nobody_can_answer_fails_with_its_reason(issuer: Issuer, ca: FakeCa) -> None:
    """Every order that shares it is told why; without waiting for the end of the budget."""
    ca.reuses_authorizations = True
    fault = Fault(403, "unauthorized", "never")
    ca.script = lambda asked: fault if asked.resource == "chall" else None
    result = issuer.run(wished("shared.test"), wished("a.test", "shared.test"))
    assert ["never" in item["error"] for item in result["failures"]] == [True, True]
