# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Balancers are known by addresses that others can reach."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._edge.fleet import (
    Balancer,
    Fleet,
    canonical,
    locate,
    parse_balancers,
)
from fakes import FakeNetwork


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("192.0.2.1", "192.0.2.1", id="IPv4"),
        pytest.param("2001:DB8:0:0::1", "2001:db8::1", id="IPv6 of any spelling"),
        pytest.param("[2001:db8::1]", "2001:db8::1", id="IPv6 in brackets"),
        pytest.param("lb1", None, id="a name"),
        pytest.param("192.0.2.01", None, id="ambiguous octets"),
    ],
)
def test_addresses_have_one_form(written: str, expected: str | None) -> None:
    """Two spellings of one address must compare equal."""
    assert canonical(written) == expected


def test_names_become_addresses_and_keep_their_place() -> None:
    """The first address is the one that is probed."""
    network = FakeNetwork(names={"lb1": ("192.0.2.1", "2001:db8::1")})
    fleet = locate(network, (Balancer("lb1", ("lb1", "192.0.2.100")),))
    assert fleet.balancers[0].addresses == ("192.0.2.1", "2001:db8::1", "192.0.2.100")
    assert fleet.owner("192.0.2.100") == fleet.balancers[0]
    assert fleet.owner("192.0.2.9") is None


def test_a_host_that_knows_itself_as_loopback_has_to_be_told() -> None:
    """Debian's 127.0.1.1 would be asked on the issuer instead of the balancer."""
    network = FakeNetwork(names={"lb1": ("127.0.1.1",), "lb2": ()})
    balancers = (Balancer("lb1", ("lb1",)), Balancer("lb2", ("lb2",)))
    with pytest.raises(InvalidInput, match=r"(?s)balancers\.lb1.*edge_address.*balancers\.lb2"):
        locate(network, balancers)


def test_every_fault_of_the_list_is_named() -> None:
    """All at once, with their paths."""
    value = [{"name": "lb1", "addresses": []}, {"name": "", "addresses": ["192.0.2.1"], "ip": "x"}]
    with pytest.raises(InvalidInput) as caught:
        parse(value, "balancers", parse_balancers)
    assert [fault.path for fault in caught.value.faults] == [
        "balancers[0].addresses",
        "balancers[1].ip",
        "balancers[1].name",
    ]


def test_a_large_fleet_is_named_in_one_short_line() -> None:
    """The message has to stay readable with a hundred balancers."""
    balancers = tuple(Balancer(f"lb{number}", (f"192.0.2.{number}",)) for number in range(1, 101))
    assert str(Fleet(balancers[:2])) == "lb1 192.0.2.1; lb2 192.0.2.2"
    assert str(Fleet(balancers)).endswith("lb6 192.0.2.6; and 94 more")
