# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module old_renewals."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.modules import old_renewals
from fakes import FakeHost

LINE = 'certbot renew --pre-hook "service haproxy stop"'


def host() -> FakeHost:
    """A host with the tutorial's entry."""
    made = FakeHost()
    made.files.write("/etc/cron.d/renew", f"0 3 * * * root {LINE}\n".encode())
    return made


def test_asked_only_to_name_it_warns_and_changes_nothing() -> None:
    """The warning says where it is, what it does, what to do."""
    change = old_renewals.ensure(host().ports, "present")
    assert not change.is_needed
    (warning,) = change.warnings
    assert "/etc/cron.d/renew:1" in warning
    assert "stops HAProxy" in warning
    assert "renewal_remove_old: true" in warning
    assert change.result["entries"][0]["kind"] == "cron"


def test_asked_to_remove_it_does_and_then_there_is_nothing_to_do() -> None:
    """A second run changes nothing."""
    there = host()
    change = old_renewals.ensure(there.ports, "absent")
    assert change.is_needed
    change.apply()
    assert not old_renewals.ensure(there.ports, "absent").is_needed


def test_without_any_there_is_nothing_to_say() -> None:
    """The usual host."""
    change = old_renewals.ensure(FakeHost().ports, "present")
    assert (change.is_needed, change.warnings, change.result["entries"]) == (False, (), [])
