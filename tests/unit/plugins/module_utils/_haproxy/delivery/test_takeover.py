# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that was set up by hand serves on, from the first reload to our config, what it served."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.plan import (
    plan_delivery,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    WantedBundle,
    Wish,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from delivering import LAYOUT, Balancer, path_of, wanted
from minted import Minted, mint

LIVE, SSL = "/etc/letsencrypt/live", LAYOUT.certificates
NAMES = ("a.test", "www.a.test")
BOTH, ONE, OLD = mint(*NAMES), mint("a.test"), mint(*NAMES, kind=KeyType.RSA)
STRANGER = mint("b.test")
WANTED = wanted("a.test", domains=NAMES)


def contents(balancer: Balancer, *bundles: WantedBundle, **options: bool) -> dict[str, str]:
    """The fingerprints that a delivery leaves listed, by path."""
    wish = Wish(bundles=bundles, layout=LAYOUT, adopt=(LIVE, SSL), **options)
    plan = plan_delivery(balancer.host.ports, wish)
    return {
        one.path: one.leaf.fingerprint
        for one in plan.settled
        if one.leaf is not None and one.path in plan.listing.paths
    }


def by_hand(balancer: Balancer, made: Minted, *, name: str = "a.test.pem") -> None:
    """A combined file in HAProxy's folder."""
    balancer.files.write(f"{SSL}/{name}", made.pem.encode())


def lineage(balancer: Balancer, made: Minted) -> None:
    """A lineage of certbot."""
    balancer.files.write(f"{LIVE}/a.test/privkey.pem", made.key.encode())
    balancer.files.write(f"{LIVE}/a.test/fullchain.pem", "".join(made.chain).encode())


@pytest.mark.parametrize("put", [by_hand, lineage], ids=["combined", "certbot"])
def test_what_is_there_is_served_on(put: object) -> None:
    """As a file of ours, on our crt-list, before our config is live."""
    balancer = Balancer()
    assert callable(put)
    put(balancer, BOTH)
    assert contents(balancer, WANTED) == {path_of("a.test"): BOTH.fingerprint}


def test_another_kind_of_key_is_better_than_none() -> None:
    """The tutorial's RSA certificate, where ECDSA is wished."""
    balancer = Balancer()
    by_hand(balancer, OLD)
    assert contents(balancer, WANTED) == {path_of("a.test", KeyType.RSA): OLD.fingerprint}


def test_some_of_the_names_are_better_than_none() -> None:
    """A name was added in the same run; but one that has all of them goes first."""
    balancer = Balancer()
    by_hand(balancer, ONE)
    assert contents(balancer, WANTED) == {path_of("a.test"): ONE.fingerprint}
    by_hand(balancer, BOTH, name="z.pem")
    assert contents(balancer, WANTED) == {path_of("a.test"): BOTH.fingerprint}


def test_nothing_else_is_taken() -> None:
    """Other names, damaged files, files that hold no key."""
    balancer = Balancer()
    by_hand(balancer, STRANGER, name="b.pem")
    balancer.files.write(f"{SSL}/README", b"combined files")
    balancer.files.write(f"{SSL}/half.pem", "".join(BOTH.chain).encode())
    assert contents(balancer, WANTED) == {}


def test_what_is_ours_is_not_replaced() -> None:
    """Only a name of which nothing of ours is there yet is taken over."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", ONE))
    by_hand(balancer, BOTH)
    assert contents(balancer, WANTED) == {path_of("a.test"): ONE.fingerprint}


def test_a_stopgap_stays_until_the_wished_one_is_there() -> None:
    """A purge does not take the only certificate of a name; once there is another one, it does."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", OLD, key_type=KeyType.RSA))
    waiting = wanted("a.test")
    plan = plan_delivery(balancer.host.ports, Wish(bundles=(waiting,), layout=LAYOUT))
    assert plan.removed == {}
    arrived = wanted("a.test", ONE)
    plan = plan_delivery(balancer.host.ports, Wish(bundles=(arrived,), layout=LAYOUT))
    assert set(plan.removed) == {path_of("a.test", KeyType.RSA)}
