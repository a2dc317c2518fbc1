# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an issuer has to give."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Source, Wished
from ansible_collections.hitless.edge.plugins.module_utils._renewal.stock import (
    CERTBOT_KEY,
    Stock,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import KeyState, Reply
from renewing import HOME, SITE, Fleet, key_pem


def stock(fleet: Fleet, name: str = "lb1") -> Stock:
    return Stock(fleet.members[name].files, fleet.settings_of(name))


def test_what_is_absent_is_asked_for(fleet: Fleet) -> None:
    """So that an issuer learns of what others have."""
    (offer,) = stock(fleet).question().bundles
    assert (offer.name, offer.fingerprint, offer.not_before, offer.pem) == ("a.test",) + (None,) * 3


def test_a_question_holds_no_key(fleet: Fleet) -> None:
    """Neither of a certificate nor of the account; only their digests."""
    fleet.renew()
    question = stock(fleet).question()
    assert (question.account_key, question.certbot_key) == (None, None)
    assert fleet.settings.account is not None
    assert question.account_thumbprint == fleet.settings.account.thumbprint
    (offer,) = question.bundles
    assert (offer.fingerprint, offer.pem) == (fleet.members["lb1"].held(), None)


def test_a_delivery_holds_what_was_asked_for(fleet: Fleet) -> None:
    """The bundle as it is in the store, with its facts."""
    fleet.renew()
    delivery = stock(fleet).delivery("lb2", [SITE], Reply("lb2"))
    (offer,) = delivery.bundles
    content = fleet.members["lb1"].files.content[f"{HOME}/certificates/a.test/ecdsa.pem"]
    assert offer.pem == content.decode()
    assert offer.facts is not None
    assert offer.facts.directory == fleet.ca.directory_url
    assert stock(fleet).delivery("lb2", [], Reply("lb2")).bundles == ()


def test_what_the_user_provides_is_never_pushed(fleet: Fleet) -> None:
    """It goes from the controller to each balancer."""
    fleet.settings = replace(fleet.settings, wished=(Wished(Source.PROVIDED, SITE),))
    assert stock(fleet).question().bundles == ()


@pytest.mark.parametrize("state", list(KeyState), ids=lambda state: state.value)
def test_the_keys_are_given_only_where_they_are_wanted(fleet: Fleet, state: KeyState) -> None:
    """Each by its own answer."""
    first = fleet.members["lb1"]
    first.files.write(f"{HOME}/{CERTBOT_KEY}", b"{}")
    is_wanted = state is KeyState.WANTED
    one = stock(fleet).delivery("lb2", [], Reply("lb2", account=state))
    assert one.account_key == (key_pem(first).decode() if is_wanted else None)
    assert one.certbot_key is None
    other = stock(fleet).delivery("lb2", [], Reply("lb2", certbot_account=state))
    assert (other.account_key, other.certbot_key) == (None, "{}" if is_wanted else None)


def test_a_host_that_is_no_issuer_gets_no_key_whatever_it_replies(fleet: Fleet) -> None:
    """A balancer that somebody broke into would have the account else."""
    fleet.members["lb1"].files.write(f"{HOME}/{CERTBOT_KEY}", b"{}")
    fleet.settings = replace(fleet.settings, issuers=("lb1", "lb3"))
    wants = Reply("lb2", account=KeyState.WANTED, certbot_account=KeyState.WANTED)
    delivery = stock(fleet).delivery("lb2", [], wants)
    assert (delivery.account_key, delivery.certbot_key) == (None, None)
    allowed = stock(fleet).delivery("lb3", [], replace(wants, host="lb3"))
    assert None not in (allowed.account_key, allowed.certbot_key)


def test_an_account_key_that_cannot_be_read_stops_no_push(fleet: Fleet) -> None:
    """Whoever orders is told; certificates go out all the same."""
    fleet.renew()
    fleet.members["lb1"].files.write(f"{HOME}/account/key.pem", b"broken")
    question = stock(fleet).question()
    assert question.account_thumbprint is None
    assert question.bundles[0].fingerprint is not None
