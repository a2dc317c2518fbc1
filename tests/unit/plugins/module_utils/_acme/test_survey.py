# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is and what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from acme_issuer import HOME, Issuer, actions, wished
from fake_ca import FakeCa
from fakes import FakeFiles, FakeHost


def test_a_survey_writes_nothing_but_what_the_ca_said(issuer: Issuer, host: FakeHost) -> None:
    """A cache; all else is as it was."""
    issuer.run(wished("a.test"))
    host.files.writes.clear()
    issuer.plan(wished("a.test"), wished("b.test"))
    assert host.files.writes == [f"{HOME}/renewal-info.json"]


def test_a_moment_that_has_come_makes_due(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Each certificate at its own moment of the CA's window, all of them at its end."""
    ca.window = (timedelta(days=10), timedelta(days=20))
    names = [wished(f"{n}.test") for n in range(20)]
    issuer.run(*names)
    due = []
    for day in (9, 15, 20):
        host.clock.sleep(day * 86400 - host.clock.monotonic())
        planned = actions({**issuer.plan(*names).result})
        due.append(planned.count("would_issue"))
    assert due[0] == 0
    assert 0 < due[1] < 20
    assert due[2] == 20


def test_one_survey_knows_all_lineages(issuer: Issuer) -> None:
    """In the order of the wish."""
    issuer.run(wished("b.test"))
    result = issuer.plan(wished("c.test", key_types=["rsa", "ecdsa"]), wished("b.test")).result
    assert [(item["name"], item["key_type"]) for item in result["certificates"]] == [
        ("c.test", "rsa"),
        ("c.test", "ecdsa"),
        ("b.test", "ecdsa"),
    ]
    assert actions({**result}) == ["would_issue", "would_issue", "valid"]


class FullDisk(FakeFiles):
    """Files that can only be read."""

    def write(self, path: str, _content: bytes, **_options: Any) -> None:
        raise OSError(28, "No space left on device", path)


def test_a_disk_that_is_full_hides_nothing(issuer: Issuer, host: FakeHost) -> None:
    """The cache cannot be kept; what is held and due is told all the same."""
    issuer.run(wished("a.test"))
    host.files.remove(f"{HOME}/renewal-info.json")

    host.files = FullDisk(host.clock, host.files.content, host.files.modes)
    assert actions({**issuer.plan(wished("a.test")).result}) == ["valid"]
