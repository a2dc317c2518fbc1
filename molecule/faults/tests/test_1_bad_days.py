# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA with bad days, an issuer that is killed: certificates all the same, and one of each."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from bad_days import BadDays
from fleet_view import Fleet
from playbook_runs import NOTHING, Meanwhile, Run, play
from scenario import Site

ISSUE = str(Path(__file__).parents[1] / "issue.yml")
DOMAIN = "case.test"
STEPS = (
    "directory",
    "new-nonce",
    "new-order",
    "authz",
    "challenge",
    "finalize",
    "order",
    "certificate",
)
MOMENTS = ("hold", "hold-answer")
DAY = 86400
THIS_RUN = secrets.token_hex(3)
"""Part of the names, so that a fleet that was kept has not heard of them."""
FAULTS: dict[str, dict[str, Any]] = {
    "429 with seconds": {"action": "status", "status": 429, "retry_after": 1},
    "429 with a date": {
        "action": "status",
        "status": 429,
        "retry_after": 2,
        "retry_after_date": True,
    },
    "503 with seconds": {"action": "status", "status": 503, "retry_after": 1},
    "503 with a date": {
        "action": "status",
        "status": 503,
        "retry_after": 2,
        "retry_after_date": True,
    },
    "500": {"action": "status", "status": 500},
    "dropped request": {"action": "drop"},
    "dropped answer": {"action": "drop-answer"},
}


@pytest.fixture(scope="module")
def ca(fleet: Fleet) -> BadDays:
    """The CA behind its proxy."""
    return BadDays(fleet)


@pytest.fixture(scope="module")
def score() -> Counter[str]:
    """What the tests of this file count."""
    return Counter()


@pytest.fixture(autouse=True)
def good_days(ca: BadDays) -> Iterator[None]:
    """Every test begins and ends with a CA that works."""
    ca.reset()
    yield
    ca.reset()


def issue(*names: str, meanwhile: Meanwhile = NOTHING) -> Run:
    """A call of the issuing module for certificates of these names, all for the same domain."""
    wishes = [{"name": f"{name}-{THIS_RUN}", "domains": [DOMAIN]} for name in names]
    return play(ISSUE, {"faults_certificates": wishes}, meanwhile=meanwhile)


def results(run: Run) -> list[dict[str, Any]]:
    """What became of each certificate."""
    (event,) = run.succeeded().of("acme_certificates")
    found: list[dict[str, Any]] = event.result["certificates"]
    return found


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_issuer_goes_on(ca: BadDays, score: Counter[str], step: str, moment: str) -> None:
    """`kill -9` before or after any step at the CA: the next run finishes, with one certificate."""
    name = f"killed-{step}-{moment}"
    ca.order(kind=step, action=moment)
    death = Meanwhile(due=lambda _events: ca.is_holding(), act=ca.kill_the_issuer)
    killed = issue(name, meanwhile=death)
    assert killed.rc != 0, killed.output
    (certificate,) = results(issue(name))
    assert certificate["action"] == "issued", certificate
    assert ca.certificates(DOMAIN) == 1
    score["kills"] += 1


def test_bad_nonces_are_no_obstacle(ca: BadDays, score: Counter[str]) -> None:
    """25 of 100 requests refused for their nonce: every certificate is issued."""
    ca.order(kind="any", action="bad-nonce", percent=25, count=100_000)
    names = [f"nonce-{number}" for number in range(20)]
    certificates = results(issue(*names))
    refused = ca.befallen("bad-nonce")
    assert [certificate["action"] for certificate in certificates] == ["issued"] * len(names)
    assert refused > len(names)
    score["bad nonces"] += refused


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_step_is_survived(ca: BadDays, score: Counter[str], fault: str) -> None:
    """Each step fails once: certificates are issued, or their results say when to try again."""
    for step in STEPS:
        ca.order(kind=step, **FAULTS[fault])
    names = [f"fault-{fault.replace(' ', '-')}-{number}" for number in range(3)]
    certificates = results(issue(*names))
    assert ca.befallen(FAULTS[fault]["action"]) == len(STEPS)
    for certificate in certificates:
        assert certificate["action"] == "issued" or certificate["retry_at"], certificate
    score["faults"] += len(STEPS)
    score["certificates"] += len(names)
    score["issued"] += sum(certificate["action"] == "issued" for certificate in certificates)


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_long_wait_is_handed_back(ca: BadDays, status: int, as_date: bool) -> None:
    """A CA that says "in a day" is not waited for, and not forgotten: `retry_at`."""
    ca.order(
        kind="new-order", action="status", status=status, retry_after=DAY,
        retry_after_date=as_date, count=100,
    )  # fmt: skip
    began = datetime.now(timezone.utc)
    (certificate,) = results(issue(f"wait-{status}-{as_date}"))
    assert certificate["action"] in ("deferred", "failed"), certificate
    wait = datetime.fromisoformat(certificate["retry_at"]) - began
    assert timedelta(hours=23) < wait < timedelta(hours=25)
    assert ca.certificates(DOMAIN) == 0


def test_a_ca_that_is_down_takes_nothing_down(fleet: Fleet, site: Site, ca: BadDays) -> None:
    """The playbook fails with the reason, what was served is served, the next run goes on."""
    wish = fleet.wish()
    wish["haproxy_sites"].append({"domains": ["late.test"], "backend": "web"})
    ca.order(kind="new-order", action="status", status=503, retry_after=DAY, count=100)
    run = site.run(wish).failed()
    assert "late.test" in run.errors
    for balancer in fleet.balancers:
        assert fleet.get(balancer, "https://gamma.test/").status == 200
    ca.reset()
    site.run(wish).succeeded()
    for balancer in fleet.balancers:
        assert fleet.get(balancer, "https://late.test/").status == 200


def test_figures(score: Counter[str], figures: list[str]) -> None:
    """What was counted, for the last line."""
    assert score["kills"] == len(STEPS) * len(MOMENTS)
    figures += [
        f"{score['kills']} kill -9 between two steps, each with one certificate at the CA",
        f"{score['bad nonces']} bad nonces in 20 certificates",
        f"{score['faults']} faults of {len(FAULTS)} kinds",
        f"{score['issued']} of {score['certificates']} certificates issued in spite of them",
    ]
