# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe tells what the running process serves, and the table shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trustme
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Served
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._edge.fleet import Balancer, Fleet
from ansible_collections.hitless.edge.plugins.module_utils._edge.probe import (
    Probe,
    Status,
    Wanted,
    describe,
    failures,
    parse_wanted,
    probe,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import fingerprint_of
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fakes import NOON, FakeNetwork

FLEET = Fleet((Balancer("lb1", ("192.0.2.1",)), Balancer("lb2", ("192.0.2.2", "192.0.2.100"))))


def leaf(name: str) -> bytes:
    """A certificate, DER."""
    pem = trustme.CA(organization_name="Test").issue_cert(name).cert_chain_pems[0].bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


SHOP = leaf("shop.test")
OLD = leaf("shop.test")
WANTED = Wanted("shop.test", (fingerprint_of(SHOP), "0" * 64))


def serving(der: bytes, seen: list[str] | None = None) -> Callable[[str], Served]:
    """A balancer that serves this certificate for every name."""

    def serve(server_name: str) -> Served:
        if seen is not None:
            seen.append(server_name)
        return Served(der, "TLSv1.3")

    return serve


def alert(_server_name: str) -> Served:
    """A balancer that knows no such name."""
    raise Unavailable("TLS with shop.test at 192.0.2.2:443: alert unrecognized name")


def look(second: Callable[[str], Served] | None, wanted: Wanted = WANTED) -> tuple[Probe, ...]:
    """Probe a fleet whose first balancer is right."""
    network = FakeNetwork(tls={("192.0.2.1", 443): serving(SHOP)})
    if second:
        network.tls["192.0.2.2", 443] = second
    return probe([wanted], network=network, fleet=FLEET)


@pytest.mark.parametrize(
    ("second", "status", "words"),
    [
        pytest.param(serving(SHOP), Status.OK, "", id="wanted"),
        pytest.param(serving(OLD), Status.OTHER, "serves another certificate", id="old one"),
        pytest.param(alert, Status.REFUSED, "unrecognized name", id="no certificate"),
        pytest.param(None, Status.UNREACHABLE, "no connection", id="stopped"),
    ],
)
def test_each_balancer_is_compared_with_what_is_wanted(
    second: Callable[[str], Served] | None, status: Status, words: str
) -> None:
    """One balancer that serves something else is seen, and the other is not blamed for it."""
    one, other = look(second)
    assert (one.balancer, one.status, one.failure) == ("lb1", Status.OK, "")
    assert (other.balancer, other.address, other.status) == ("lb2", "192.0.2.2", status)
    assert words in other.failure
    assert bool(other.failure) == (status is not Status.OK)


def test_a_domain_without_a_certificate_is_shown_but_not_asked_for() -> None:
    """The issuing has told the reason already."""
    one, other = look(None, Wanted("shop.test", ()))
    assert {one.status, other.status} == {Status.NOT_ISSUED}
    assert not one.failure


def test_a_wildcard_is_asked_for_by_a_name_that_it_covers() -> None:
    """Nobody can send an asterisk as server name."""
    seen: list[str] = []
    network = FakeNetwork(tls={("192.0.2.1", 443): serving(SHOP, seen)})
    wanted = Wanted("*.shop.test", (fingerprint_of(SHOP),))
    probe([wanted], network=network, fleet=Fleet(FLEET.balancers[:1]))
    assert seen == ["hitless-edge-probe.shop.test"]


def test_a_certificate_is_wanted_for_each_of_its_domains() -> None:
    """One entry of the option gives several connections."""
    value = [{"name": "a", "domains": ["a", "b"], "fingerprints": ["F"]}]
    assert parse(value, "certificates", parse_wanted) == (Wanted("a", ("F",)), Wanted("b", ("F",)))


def test_the_description_has_the_fields_that_the_module_documents() -> None:
    """Also where nothing was seen."""
    one, other = look(None)
    fields = [
        "balancer",
        "address",
        "domain",
        "status",
        "issuer",
        "days_left",
        "fingerprint",
        "reason",
    ]
    assert list(describe(one, NOON)) == list(describe(other, NOON)) == fields
    assert describe(one, NOON)["fingerprint"] == fingerprint_of(SHOP)
    assert describe(one, NOON)["days_left"] > 0
    assert describe(other, NOON)["days_left"] is None


def test_a_balancer_that_is_down_is_one_failure_not_one_per_domain() -> None:
    """A thousand lines of the same would hide the next one."""
    network = FakeNetwork(tls={("192.0.2.1", 443): serving(OLD)})
    wanted = [Wanted(name, WANTED.fingerprints) for name in ("a.test", "b.test")]
    found = failures(probe(wanted, network=network, fleet=FLEET))
    assert [line.split(":")[0] for line in found] == [
        "lb1 (192.0.2.1) for a.test",
        "lb1 (192.0.2.1) for b.test",
        "lb2",
    ]
