# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials at a staging directory: whole orders, and no trace of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Source, Wished
from fake_ca import FakeCa, running
from fakes import FakeClock
from renewing import HOME, ROOTS, SITE, Fleet

OTHER = replace(SITE, name="b.test", domains=("b.test",))


@pytest.fixture
def staging(clock: FakeClock) -> Iterator[FakeCa]:
    """The CA's other self."""
    with running(FakeCa(now=clock.now)) as staging:
        yield staging


@pytest.fixture
def trial(ca: FakeCa, staging: FakeCa, clock: FakeClock) -> Fleet:
    """A fleet whose CA has a staging directory, with two certificates wished."""
    fleet = Fleet.made(ca, clock, wished=tuple(Wished(Source.ACME, one) for one in (SITE, OTHER)))
    (authority,) = fleet.settings.authorities
    listed = replace(authority, staging=staging.directory_url)
    fleet.settings = replace(fleet.settings, authorities=(listed,))
    return fleet


def test_everything_is_ordered_there_and_nothing_is_kept(trial: Fleet, staging: FakeCa) -> None:
    """What is not due as well; no file of the issuer changes, the real CA hears of nothing."""
    trial.renew()
    files = trial.members["lb1"].files
    before, asked = dict(files.content), len(trial.ca.asked)
    served = {lineage: trial.served(lineage) for lineage in (SITE, OTHER)}
    report = trial.renew(dry_run=True)
    assert (report.ok, report.changed, report.pushed) == (True, False, ())
    assert [one["action"] for one in report.to_json()["certificates"]] == ["would_issue"] * 2
    assert sorted(staging.issued) == [("a.test",), ("b.test",)]
    assert files.content == before
    assert len(trial.ca.asked) == asked
    assert served == {lineage: trial.served(lineage) for lineage in (SITE, OTHER)}


def test_the_same_key_orders_there(trial: Fleet, ca: FakeCa, staging: FakeCa) -> None:
    """Or the balancers would answer the challenges for another account."""
    trial.renew(dry_run=True)
    trial.renew(dry_run=True)
    keys = [[account["key"] for account in one.accounts.values()] for one in (ca, staging)]
    assert keys[0] == keys[1]
    assert len(keys[1]) == 1


def test_one_can_be_tried(trial: Fleet, staging: FakeCa) -> None:
    """By its name."""
    trial.renew(dry_run=True, force=("b.test",))
    assert staging.issued == [("b.test",)]


def test_a_validation_that_fails_is_told(trial: Fleet, staging: FakeCa) -> None:
    """In the CA's words, as a run in earnest would; the others go on."""
    staging.judge = lambda name: {"type": "x", "detail": "no way"} if name == "a.test" else None
    report = trial.renew(dry_run=True)
    assert [one.action for one in report.outcomes] == ["failed", "issued"]
    assert not report.ok
    assert "no way" in report.problems[0]


def test_the_preflight_counts_there_too(trial: Fleet, staging: FakeCa) -> None:
    """What would not be ordered in earnest is not tried."""
    trial.settings = replace(trial.settings, preflight=True)
    trial.network.names["a.test"] = ("198.51.100.7",)
    report = trial.renew(dry_run=True)
    assert [one.action for one in report.outcomes] == ["deferred", "issued"]
    assert staging.issued == [("b.test",)]


def test_a_ca_without_staging_is_told(fleet: Fleet) -> None:
    """With what to set."""
    report = fleet.renew(dry_run=True)
    assert "set staging in issuer_authorities" in (report.error or "")
    assert fleet.orders == 0


def test_without_the_key_nothing_is_tried(trial: Fleet, staging: FakeCa) -> None:
    """A trial by another key would prove nothing."""
    trial.members["lb1"].files.remove(f"{HOME}/account/key.pem")
    assert "is not here" in (trial.renew(dry_run=True).error or "")
    assert "newAccount" not in staging.resources


def test_a_run_that_is_broken_off_leaves_nothing(trial: Fleet) -> None:
    """The account key does not stay in a scratch folder."""
    files = trial.members["lb1"].files
    full = OSError(28, "No space left on device", "/scratch")
    files.fault = lambda path: full if path.endswith(".csr") else None
    report = trial.renew(dry_run=True)
    assert "no space left on device" in (report.error or "")
    assert not [path for path in files.content if path.startswith("/scratch")]
    assert files.content[ROOTS]
