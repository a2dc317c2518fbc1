# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of no CA live and are renewed as the others, and a source is changed either way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from acme_issuer import HOME, Issuer, actions, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.self_signed import (
    LIFETIME,
    SelfSignedWish,
    issue_self_signed,
    parse_self_signed_wish,
    plan_self_signed,
    survey_self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    EdgeError,
    InvalidInput,
    Refused,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import ROOT_ONLY
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse as parse_bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import is_self_signed
from fakes import NOON, FakeFiles, FakeHost

DAY = 86400


def wish_of(*certificates: dict[str, Any], **options: Any) -> SelfSignedWish:
    """The wish for these; all of them self-signed unless they say otherwise."""
    listed = [{"source": "selfsigned", **one} for one in certificates]
    return parse({"home": HOME, "certificates": listed, **options}, "", parse_self_signed_wish)


def made(host: FakeHost, *certificates: dict[str, Any], **options: Any) -> dict[str, Any]:
    """One run of the module: its result."""
    change = plan_self_signed(host.ports, wish_of(*certificates, **options))
    result = {"changed": change.is_needed, **change.result}
    return {**result, **change.apply()} if change.is_needed else result


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_what_is_made_serves_its_names_for_ninety_days(host: FakeHost, kind: str) -> None:
    """Wildcards, names without a dot and addresses too; key and leaf are a bundle in the store."""
    names = ("intranet", "*.a.test", "192.0.2.1")
    result = made(host, wished(*names, name="x", key_types=[kind]))
    path = f"{HOME}/certificates/x/{kind}.pem"
    bundle = parse_bundle((host.files.read(path) or b"").decode(), name="x", path=path)
    assert bundle.check(names, NOON, path) == ()
    assert is_self_signed(bundle.leaf)
    assert bundle.leaf.not_after == NOON + LIFETIME
    (one,) = result["certificates"]
    assert (one["action"], one["reason"], one["ca"]) == ("issued", "absent", "selfsigned")
    assert (one["fingerprint"], one["covered"]) == (bundle.leaf.fingerprint, list(names))
    assert host.files.mode(path) == ROOT_ONLY
    assert result["changed"]


def test_what_is_there_is_left_alone_until_a_third_is_left(host: FakeHost) -> None:
    """Then it is made anew, with its reason, and not again."""
    made(host, wished("a.test"))
    found = []
    for day in (1, 59, 61, 62):
        host.clock.sleep(day * DAY - host.clock.monotonic())
        result = made(host, wished("a.test"))
        found.append((actions(result), result["changed"]))
    assert found == [
        (["valid"], False), (["valid"], False), (["renewed"], True), (["valid"], False),
    ]  # fmt: skip


def test_other_sources_are_passed_over(host: FakeHost) -> None:
    """The list of all wishes is given to each source."""
    result = made(host, wished("a.test"), wished("b.test", source="acme"))
    assert [one["name"] for one in result["certificates"]] == ["a.test"]


def test_check_mode_foretells_and_writes_nothing(host: FakeHost) -> None:
    """The diff names the reason."""
    change = plan_self_signed(host.ports, wish_of(wished("a.test")))
    assert actions({**change.result}) == ["would_issue"]
    assert change.after["a.test (ecdsa)"] == {
        "domains": ["a.test"], "ca": "selfsigned", "reason": "absent",
    }  # fmt: skip
    assert host.files.content == {}


def test_force_makes_new_ones(host: FakeHost) -> None:
    """And says so."""
    before = made(host, wished("a.test"))["certificates"][0]["fingerprint"]
    (one,) = made(host, wished("a.test"), force=True)["certificates"]
    assert (one["action"], one["reason"]) == ("renewed", "forced")
    assert one["fingerprint"] != before


@pytest.mark.parametrize("days", [0, 826])
def test_a_lifetime_that_nobody_accepts_is_refused(days: int) -> None:
    """Apple's systems take at most 825 days."""
    with pytest.raises(InvalidInput, match="lifetime_days"):
        wish_of(wished("a.test"), lifetime_days=days)


def test_the_lifetime_may_be_told(host: FakeHost) -> None:
    """In days."""
    (one,) = made(host, wished("a.test"), lifetime_days=6)["certificates"]
    assert one["not_after"] == (NOON + timedelta(days=6)).isoformat()


def test_one_issuing_run_at_a_time(host: FakeHost) -> None:
    """The lock is that of the store."""
    host.files.locked.add(Store(host.files, HOME).lock_path)
    with pytest.raises(Busy):
        issue_self_signed(host.ports, wish_of(wished("a.test")))


class FullFor(FakeFiles):
    """A disk that is full for one certificate."""

    def write(self, path: str, content: bytes, **options: Any) -> None:
        if "/a.test/" in path:
            raise EdgeError("no space left on device")
        super().write(path, content, **options)


def test_one_that_fails_stops_no_other(host: FakeHost) -> None:
    """It is told, and fatal unless it is to be reported."""
    host.files = FullFor(host.clock)
    both = (wished("a.test"), wished("b.test"))
    with pytest.raises(Refused, match="1 certificate could not be had, 1 were"):
        made(host, *both)
    result = made(host, *both, failures="reported")
    assert actions(result) == ["failed", "valid"]
    assert result["failures"][0]["error"] == "no space left on device"


def test_a_source_is_changed_either_way(issuer: Issuer, host: FakeHost) -> None:
    """Self-signed to a CA's at once, as no client trusts it; back at once too, as it is wished."""
    for _turn in range(2):
        assert actions(made(host, wished("a.test"))) == [("issued", "renewed")[_turn]]
        result = issuer.run(wished("a.test"))
        (one,) = result["certificates"]
        assert one["action"] == "renewed"
        assert one["reason"] == "it is self-signed, which no client trusts"
        assert actions(issuer.run(wished("a.test"))) == ["valid"]
    (found,) = survey_self_signed(host.ports, wish_of(wished("a.test")))
    assert "and a self-signed one is wished" in found.verdict.reason
