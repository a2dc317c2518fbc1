# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A standby sees what is due by age, and what the CA asks for before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import open_http
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    Certificate,
    parse_chain,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.certbot_due import (
    DueByCertbot,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import Certbot
from cryptography import x509
from fake_ca import FakeCa, running
from fakes import NOON, FakeClock
from minted import mint
from renewing import DAY, HOME, SITE, Fleet

PATH = f"{HOME}/certbot-renewal-info.json"
MADE = mint("a.test", serial=600, not_before=NOON, not_after=NOON + 90 * DAY)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A CA that gave the certificate, and knows when it wants it back."""
    clock = FakeClock()
    with running(FakeCa(now=clock.now)) as ca:
        certbot = Certbot("x" * 43, f"{ca.base}/1", ca.directory_url, "/etc/letsencrypt", "/c")
        ca._hierarchy.leaves.append(x509.load_pem_x509_certificate(MADE.chain[0].encode()))
        yield Fleet.made(ca, clock, certbot=certbot)


def is_due(fleet: Fleet, name: str, leaf: Certificate | None = None) -> bool:
    """What a host says."""
    found = leaf or parse_chain(MADE.chain[0], "minted")[0]
    rules = DueByCertbot(fleet.members[name].host.ports, fleet.settings_of(name), open_http)
    return SITE in rules.among({SITE: found})


@pytest.mark.parametrize("name", ["lb1", "lb2"])
def test_by_its_age_it_is_due_everywhere(fleet: Fleet, name: str) -> None:
    """With a third of its life left, whatever the CA says or does not say."""
    fleet.ca.has_renewal_info = False
    fleet.wait(59 * DAY)
    assert not is_due(fleet, name)
    fleet.wait(2 * DAY)
    assert is_due(fleet, name)


def test_what_the_ca_asks_for_is_due_on_standbys(fleet: Fleet) -> None:
    """On the first issuer certbot asks for itself."""
    fleet.ca.window = (DAY, 2 * DAY)
    fleet.wait(3 * DAY)
    assert not is_due(fleet, "lb1")
    assert PATH not in fleet.members["lb1"].files.content
    assert is_due(fleet, "lb2")


def test_a_ca_is_asked_as_often_as_it_allows(fleet: Fleet) -> None:
    """What it said is remembered; what was lost is asked again."""
    assert not is_due(fleet, "lb2")
    asked = len(fleet.ca.asked)
    fleet.wait(DAY / 6)
    assert not is_due(fleet, "lb2")
    assert len(fleet.ca.asked) == asked
    for content in (b"{", b"[1]", None):
        if content is None:
            fleet.members["lb2"].files.remove(PATH)
        else:
            fleet.members["lb2"].files.write(PATH, content)
        is_due(fleet, "lb2")
        assert len(fleet.ca.asked) > asked
        asked = len(fleet.ca.asked)


def test_a_ca_that_is_down_is_no_reason(fleet: Fleet) -> None:
    """Neither to renew nor to fail."""
    fleet.ca.base = "http://127.0.0.1:9"
    assert not is_due(fleet, "lb2")


def test_names_do_not_count(fleet: Fleet) -> None:
    """A renewal by certbot's timer does not change them."""
    other = mint("a.test", "b.test", serial=601, not_before=NOON, not_after=NOON + 90 * DAY)
    assert not is_due(fleet, "lb2", parse_chain(other.chain[0], "minted")[0])
