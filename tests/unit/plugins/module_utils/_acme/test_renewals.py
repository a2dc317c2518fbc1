# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CAs want renewed when, asked as seldom as they allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from acme_issuer import HOME, Issuer, wished
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.ari import LONGEST_PAUSE, Window
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.client import Desk
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Held
from ansible_collections.hitless.edge.plugins.module_utils._acme.renewals import Renewals
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_ca import FakeCa, Fault
from fakes import FakeHost


def renewals(ca: FakeCa, host: FakeHost, remembered: dict[str, Window]) -> Renewals:
    desk = Desk(Accounts(host.files, HOME), Budget.of(host.clock, 600), open_http)
    return Renewals(desk, (Authority("ca", ca.directory_url),), remembered)


def held(issuer: Issuer, *names: str) -> list[Held]:
    issuer.run(*(wished(name) for name in names))
    found = [issuer.store.held(Lineage(name, KeyType.ECDSA, (name,))) for name in names]
    return [item for item in found if item is not None]


def test_only_what_is_stale_is_asked(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Each certificate for itself."""
    now = host.clock.now()
    first, second = held(issuer, "a.test", "b.test")
    windows = renewals(ca, host, {}).consult([first], now)
    ca.asked.clear()
    both = renewals(ca, host, windows).consult([first, second], now)
    assert len(both) == 2
    assert ca.resources == ["directory", "renewalInfo"]


def test_what_a_clock_far_ahead_wrote_is_asked_again(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """Else a mass revocation would not be heard until that day; the longest pause is a day."""
    (item,) = held(issuer, "a.test")
    now = host.clock.now()
    (name, said), *_unused = renewals(ca, host, {}).consult([item], now).items()
    for pause, is_asked in ((LONGEST_PAUSE, False), (LONGEST_PAUSE + timedelta(seconds=1), True)):
        ca.asked.clear()
        remembered = {name: replace(said, next_check=now + pause)}
        renewals(ca, host, remembered).consult([item], now)
        assert ("renewalInfo" in ca.resources) is is_asked


def test_what_nobody_holds_is_forgotten(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """The cache does not grow with every renewal."""
    (item,) = held(issuer, "a.test")
    now = host.clock.now()
    old = {"old.name": Window(now + timedelta(days=1))}
    assert "old.name" not in renewals(ca, host, old).consult([item], now)


def test_a_ca_that_fails_leaves_what_it_said(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Only the next check moves."""
    (item,) = held(issuer, "a.test")
    now = host.clock.now()
    (name, said), *_unused = renewals(ca, host, {}).consult([item], now).items()
    ca.script = lambda _asked: Fault(0)
    later = now + timedelta(days=1)
    after = renewals(ca, host, {name: said}).consult([item], later)[name]
    assert (after.start, after.end) == (said.start, said.end)
    assert after.next_check > later


def test_a_certificate_of_another_ca_is_not_asked_for(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """Nobody but its own knows what is wished of it."""
    (item,) = held(issuer, "a.test")
    ca.asked.clear()
    elsewhere = Renewals(renewals(ca, host, {}).desk, (Authority("x", "https://x/"),), {})
    assert elsewhere.consult([item], host.clock.now()) == {}
    assert ca.asked == []


def test_a_certificate_without_facts_is_asked_for_at_the_first_ca(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """A CA that wants it back (a mass revocation) is heard, however the certificate came."""
    (item,) = held(issuer, "a.test")
    now = host.clock.now()
    known = renewals(ca, host, {}).consult([item], now)
    assert renewals(ca, host, {}).consult([Held(item.leaf, None)], now).keys() == known.keys()
    nobody = Renewals(renewals(ca, host, {}).desk, (), {})
    assert nobody.consult([Held(item.leaf, None)], now) == {}
