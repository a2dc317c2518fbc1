# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Orders by certbot: one that fails stops no other, and none is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._certbot.lineages import Lineages
from ansible_collections.hitless.edge.plugins.module_utils._certbot.plan import (
    parse_certbot_wish,
    plan_certificates,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from fake_certbot import HOME, FakeCertbot, options, place_lineage, register, wished
from fakes import NOON, FakeHost
from minted import mint


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def certbot(host: FakeHost) -> FakeCertbot:
    register(host)
    return FakeCertbot(host)


def run(host: FakeHost, *certificates: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
    """A run's results."""
    wish = parse(options(*certificates, **changed), "", parse_certbot_wish)
    return list(plan_certificates(host.ports, wish).apply()["certificates"])


def outcomes(host: FakeHost) -> list[str]:
    """What the ledger holds."""
    text = (host.files.read(f"{HOME}/ledger.jsonl") or b"").decode()
    return [json.loads(line)["outcome"] for line in text.splitlines()]


def test_one_that_fails_stops_no_other(host: FakeHost, certbot: FakeCertbot) -> None:
    """It is told in certbot's words; what was there stays."""
    certbot.failures = ["Some challenges have failed."]
    first, second = run(host, wished("a.test"), wished("b.test"))
    assert (first["action"], second["action"]) == ("failed", "issued")
    assert "Some challenges have failed." in first["error"]
    assert outcomes(host) == ["failed", "issued"]
    assert host.progress.lines == ["1 of 2 worked on", "2 of 2 worked on"]


def test_failures_are_fatal_on_wish(host: FakeHost, certbot: FakeCertbot) -> None:
    """When all are done."""
    certbot.failures = ["no"]
    with pytest.raises(Refused, match="1 certificate could not be had, 1 were"):
        run(host, wished("a.test"), wished("b.test"), failures="fatal")
    assert certbot.issued == 1


def test_without_an_account_nothing_is_ordered(host: FakeHost) -> None:
    """It is told who gives one."""
    certbot = FakeCertbot(host)
    (result,) = run(host, wished("a.test"))
    assert (result["action"], certbot.orders) == ("failed", [])
    assert "no account at ca1" in result["error"]


def test_a_success_without_a_certificate_is_a_failure(host: FakeHost, certbot: FakeCertbot) -> None:
    """The files are believed, not the exit code."""
    certbot.gives_nothing = True
    (result,) = run(host, wished("a.test"))
    assert (result["action"], result["fingerprint"]) == ("failed", None)
    assert "there is no new certificate" in result["error"]


def test_the_last_of_a_week_is_kept(host: FakeHost, certbot: FakeCertbot) -> None:
    """The ledger counts certbot's orders as our own client's."""
    for _unused in range(6):
        host.clock.sleep(60)
        results = run(host, wished("a.test"), force=True)
    assert certbot.issued == 4
    assert results[0]["action"] == "failed"
    assert results[0]["retry_at"] is not None


def test_files_without_a_renewal_file_get_one_first(host: FakeHost, certbot: FakeCertbot) -> None:
    """Certbot refuses to make a lineage where there are files of one."""
    ended = mint("a.test", "x.test", serial=41, not_after=NOON)
    place_lineage(host, "a.test", ended)
    (result,) = run(host, wished("a.test"))
    assert result["action"] == "renewed"
    assert "--force-renewal" in certbot.orders[0]
    assert Lineages(host.files).names() == ("a.test",)
