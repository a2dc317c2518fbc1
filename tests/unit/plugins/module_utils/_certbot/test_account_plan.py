# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account is made once, registered where it is needed, and known to standbys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._certbot.account import (
    AccountFolder,
    KeptKey,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.account_plan import (
    parse_certbot_account_wish,
    plan_certbot_account,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
    Refused,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from fake_ca import FakeCa, Fault, running
from fake_certbot import CONFIG, HOME, account_key
from fakes import NOON, FakeHost


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def ca(host: FakeHost) -> Iterator[FakeCa]:
    with running(FakeCa(now=host.clock.now)) as ca:
        yield ca


def plan(host: FakeHost, directory: str, **changed: Any) -> Change:
    """The plan of a wish at one CA; options of the CA begin with `ca_`."""
    own = {k.removeprefix("ca_"): v for k, v in changed.items() if k.startswith("ca_")}
    options = {k: v for k, v in changed.items() if not k.startswith("ca_")}
    wish = {
        "home": HOME,
        "config": CONFIG,
        "authorities": [{"name": "ca1", "directory": directory, **own}],
        "terms_agreed": True,
        **options,
    }
    return plan_certbot_account(host.ports, parse(wish, "", parse_certbot_account_wish))


def test_an_account_is_made_once(host: FakeHost, ca: FakeCa) -> None:
    """Where certbot looks for it and where standbys get it from; then nobody is asked."""
    change = plan(host, ca.directory_url, contact=["ops@a.test"])
    assert (change.is_needed, change.result["thumbprint"]) == (True, None)
    assert ca.asked == []
    result = change.apply()
    (account,) = ca.accounts.values()
    assert account["contact"] == ["mailto:ops@a.test"]
    found = AccountFolder(host.files, CONFIG).find(ca.directory_url)
    assert found is not None
    assert (found.url, found.key.thumbprint) == (result["account"], result["thumbprint"])
    assert KeptKey(host.files, HOME).pinned(result["thumbprint"]) == found.key
    ca.asked.clear()
    again = plan(host, ca.directory_url)
    assert not again.is_needed
    assert again.result == {name: result[name] for name in again.result}
    assert ca.asked == []


def test_an_account_that_certbot_has_is_used(host: FakeHost, ca: FakeCa) -> None:
    """Whoever made it: no second one; standbys get its key."""
    first = plan(host, ca.directory_url).apply()
    host.files.remove(KeptKey(host.files, HOME).path)
    ca.asked.clear()
    second = plan(host, ca.directory_url, terms_agreed=False)
    assert second.is_needed
    assert second.apply()["thumbprint"] == first["thumbprint"]
    assert ca.asked == []
    assert not plan(host, ca.directory_url).is_needed


def test_a_new_first_issuer_finds_the_account_again(host: FakeHost, ca: FakeCa) -> None:
    """From the key that it got as a standby; the CA says which account that is."""
    first = plan(host, ca.directory_url).apply()
    host.files.remove(CONFIG)
    assert plan(host, ca.directory_url).apply()["account"] == first["account"]
    assert len(ca.accounts) == 1


def test_the_staging_directory_gets_the_same_key(host: FakeHost, ca: FakeCa) -> None:
    """Balancers answer for one key, so a dry run has to use it as well."""
    with running(FakeCa(now=host.clock.now)) as staging:
        plan(host, ca.directory_url, ca_staging=staging.directory_url).apply()
        (one,), (other,) = ca.accounts.values(), staging.accounts.values()
        assert one["key"] == other["key"]
        folder = AccountFolder(host.files, CONFIG)
        found = [folder.find(each.directory_url) for each in (ca, staging)]
        assert all(account is not None for account in found)


def test_a_dead_ca_is_a_warning(host: FakeHost, ca: FakeCa) -> None:
    """The thumbprint is known all the same; the next run asks again and makes no second key."""
    ca.script = lambda _asked: Fault(status=500)
    told = plan(host, ca.directory_url).apply()
    assert told["account"] is None
    assert "no account for certbot at" in told["warnings"][0]
    ca.script = lambda _asked: None
    second = plan(host, ca.directory_url).apply()
    assert second["thumbprint"] == told["thumbprint"]
    assert second["account"] is not None


def test_terms_are_agreed_to_by_the_user(host: FakeHost, ca: FakeCa) -> None:
    """Without that no account is made, and no key."""
    with pytest.raises(Refused, match="read the terms of service"):
        plan(host, ca.directory_url, terms_agreed=False)
    assert host.files.writes == []
    assert ca.asked == []


def test_a_key_that_is_damaged_is_told(host: FakeHost, ca: FakeCa) -> None:
    """Instead of a new one, with which the fleet would not agree."""
    host.files.write(KeptKey(host.files, HOME).path, b"{")
    with pytest.raises(InvalidInput, match="certbot-key"):
        plan(host, ca.directory_url)


def test_without_a_ca_there_is_no_account(host: FakeHost) -> None:
    """A fault with its path."""
    with pytest.raises(InvalidInput, match="authorities: there is no CA"):
        plan(host, "https://ca.test", authorities=[])


def test_the_key_is_one_that_every_certbot_signs_with(host: FakeHost, ca: FakeCa) -> None:
    """RSA; and it is shown nowhere."""
    change = plan(host, ca.directory_url)
    told = repr((change.apply(), change.before, change.after))
    text = host.files.content[KeptKey(host.files, HOME).path].decode()
    assert '"kty": "RSA"' in text
    assert text.split('"d": "')[1][:20] not in told
    assert account_key().thumbprint not in told
    assert NOON.strftime("%Y") in str(host.files.content)
