# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAs ready to be asked."""

from __future__ import annotations

import threading

import pytest
from acme_issuer import HOME, Issuer
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.client import Desk
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import (
    AcmeRefused,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._acme.waiting import Budget
from fake_ca import FakeCa, Fault
from fakes import FakeHost


def desk(host: FakeHost) -> Desk:
    return Desk(Accounts(host.files, HOME), Budget.of(host.clock, 600), open_http)


def test_a_ca_is_opened_once(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """By many threads as well."""
    one, authority = desk(host), Authority("ca", ca.directory_url)
    threads = [threading.Thread(target=one.client, args=(authority,)) for _unused in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ca.resources == ["directory"]
    assert issuer.authorities[0]["directory"] == authority.directory


def test_a_ca_that_is_down_is_tried_once_in_a_run(ca: FakeCa, host: FakeHost) -> None:
    """A thousand certificates do not wait a thousand times."""
    ca.script = lambda _asked: Fault(0)
    one, authority = desk(host), Authority("ca", ca.directory_url)
    for _unused in range(3):
        with pytest.raises(Unreachable):
            one.client(authority)
    assert len(ca.asked) == 5


def test_a_lost_account_is_registered_once_by_many_threads(
    issuer: Issuer, ca: FakeCa, host: FakeHost
) -> None:
    """And its new URL is remembered."""
    client = desk(host).client(Authority("ca", ca.directory_url))
    ca.accounts.clear()
    payload = {"identifiers": [{"type": "dns", "value": "a.test"}]}
    order = (client.directory.new_order, payload)
    threads = [threading.Thread(target=client.post, args=order) for _unused in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ca.orders) == 5
    assert len(ca.accounts) == 1
    assert issuer.register()["accounts"][0]["url"] in ca.accounts


def test_other_refusals_are_passed_on(issuer: Issuer, ca: FakeCa, host: FakeHost) -> None:
    """Only a lost account is registered again."""
    client = desk(host).client(Authority("ca", issuer.authorities[0]["directory"]))
    ca.script = lambda asked: Fault(403, "unauthorized") if asked.resource == "newOrder" else None
    with pytest.raises(AcmeRefused, match="unauthorized"):
        client.post(client.directory.new_order, {"identifiers": []})
