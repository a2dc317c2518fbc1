# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Store and certbot are brought in line, and the newer certificate wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.conf import Terms
from ansible_collections.hitless.edge.plugins.module_utils._certbot.lineages import Lineages
from ansible_collections.hitless.edge.plugins.module_utils._certbot.settle import (
    Place,
    Settlement,
    carry_out,
    plan_settlement,
    read_stored,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_certbot import CONFIG, DIRECTORY, HOME, place_lineage
from fakes import NOON, FakeClock, FakeFiles, FakeHost
from minted import Minted, mint

LINEAGE = Lineage("a.test", KeyType.ECDSA, ("a.test", "www.a.test"))
DAY = timedelta(days=1)
OLD = mint("a.test", "www.a.test", serial=21, not_before=NOON - 40 * DAY, not_after=NOON + 50 * DAY)
NEW = mint("a.test", "www.a.test", serial=22, not_before=NOON - DAY, not_after=NOON + 89 * DAY)
FEWER = mint("a.test", serial=23, not_before=NOON, not_after=NOON + 90 * DAY)
MORE = mint("a.test", "www.a.test", "x.test", serial=24, not_before=NOON, not_after=NOON + 90 * DAY)
RSA = mint("a.test", "www.a.test", kind=KeyType.RSA, not_before=NOON, not_after=NOON + 90 * DAY)
FACTS = Facts("ca", DIRECTORY, None, None, NOON)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def place(host: FakeHost) -> Place:
    terms = Terms("f4ff7e", DIRECTORY)
    return Place(Store(host.files, HOME), Lineages(host.files), terms, "ca")


def keep(place: Place, made: Minted) -> None:
    """Put a certificate into the store."""
    place.store.save(LINEAGE, bundle.parse(made.pem, name="a.test", path="minted"), FACTS)


def settle(place: Place, *, is_renewed: bool = True) -> Settlement:
    """Plan and do; a second plan has nothing to do."""
    planned = plan_settlement(place, LINEAGE, "a.test", is_renewed=is_renewed)
    carry_out(place, planned)
    assert not plan_settlement(place, LINEAGE, "a.test", is_renewed=is_renewed).is_needed
    return planned


def held(place: Place) -> tuple[str | None, str | None]:
    """Fingerprints in the store and in certbot's folder."""
    stored, live = read_stored(place.store, LINEAGE), place.lineages.read("a.test")
    return (stored.leaf.fingerprint if stored else None, live.leaf.fingerprint if live else None)


def test_with_nothing_there_is_nothing_to_do(place: Place) -> None:
    """Certbot's first order makes the lineage."""
    assert not plan_settlement(place, LINEAGE, "a.test").is_needed


def test_what_certbot_got_is_taken(host: FakeHost, place: Place) -> None:
    """With what its file says: CA and profile of the order."""
    parameters = {"server": "https://other.test/dir", "preferred_profile": "short"}
    place_lineage(host, "a.test", NEW, parameters)
    planned = settle(place)
    assert planned.to_do == "taken into the store, renewed through HAProxy"
    assert held(place) == (NEW.fingerprint, NEW.fingerprint)
    found = place.store.held(LINEAGE)
    assert found is not None
    assert found.facts is not None
    assert (found.facts.directory, found.facts.profile) == ("https://other.test/dir", "short")
    assert found.facts.authority == "https://other.test/dir"


def test_what_another_issuer_got_is_given(place: Place) -> None:
    """So certbot renews from it, on whichever issuer; a whole lineage is made for it."""
    keep(place, NEW)
    assert settle(place).to_do == "given to certbot, renewed through HAProxy"
    assert held(place) == (NEW.fingerprint, NEW.fingerprint)
    conf = place.lineages.conf("a.test")
    assert conf is not None
    assert conf.parameters["account"] == "f4ff7e"


@pytest.mark.parametrize(
    ("stored", "live"), [(OLD, NEW), (NEW, OLD)], ids=["certbot's", "the store's"]
)
def test_the_newer_one_wins(host: FakeHost, place: Place, stored: Minted, live: Minted) -> None:
    """Wherever it is."""
    keep(place, stored)
    place_lineage(host, "a.test", live, {})
    settle(place)
    assert held(place) == (NEW.fingerprint, NEW.fingerprint)


def test_what_the_ca_said_of_the_old_one_goes_with_it(host: FakeHost, place: Place) -> None:
    """With a new version certbot asks anew whether it is due."""
    place_lineage(host, "a.test", OLD, {})
    path = f"{CONFIG}/renewal/a.test.conf"
    text = (host.files.read(path) or b"") + b"[acme_renewal_info]\nari_retry_after = 2030-01-01\n"
    host.files.write(path, text)
    settle(place)
    assert b"ari_retry_after" in (host.files.read(path) or b"")
    keep(place, NEW)
    settle(place)
    assert b"ari_retry_after" not in (host.files.read(path) or b"")


@pytest.mark.parametrize("live", [FEWER, MORE, RSA], ids=["fewer", "more", "rsa"])
def test_what_is_no_successor_is_not_taken(host: FakeHost, place: Place, live: Minted) -> None:
    """Fewer names than the store's, names that are not wished, another kind of key."""
    keep(place, OLD)
    place_lineage(host, "a.test", live, {})
    settle(place)
    assert held(place) == (OLD.fingerprint, OLD.fingerprint)


def test_fewer_names_are_better_than_none(host: FakeHost, place: Place) -> None:
    """As an order leaves a name out that does not lead here."""
    place_lineage(host, "a.test", FEWER, {})
    settle(place)
    assert held(place) == (FEWER.fingerprint, FEWER.fingerprint)


def test_a_key_of_another_certificate_is_not_taken(host: FakeHost, place: Place) -> None:
    """Somebody copied half of a lineage."""
    place_lineage(host, "a.test", replace(NEW, key=OLD.key), {})
    assert not plan_settlement(place, LINEAGE, "a.test").is_needed


def test_renewal_is_switched_off_and_on(place: Place) -> None:
    """And nothing else is touched by that."""
    keep(place, NEW)
    settle(place, is_renewed=False)
    planned = settle(place, is_renewed=True)
    assert planned.to_do == "renewed through HAProxy"


def test_without_an_account_nothing_is_said_of_renewal(host: FakeHost, place: Place) -> None:
    """Certbot could not; the certificate is taken all the same."""
    place_lineage(host, "a.test", NEW)
    settle(replace(place, terms=None))
    assert held(place) == (NEW.fingerprint, NEW.fingerprint)
    assert place.lineages.conf("a.test") is None


class Killed(BaseException):
    """The process ends here; nothing catches it."""


@dataclass
class MortalFiles(FakeFiles):
    """Files of a process that is killed at its n-th write; it counts those that it makes."""

    lives: int = 1_000_000

    def write(self, path: str, content: bytes, **options: Any) -> None:
        self._live()
        super().write(path, content, **options)

    def link(self, target: str, path: str) -> None:
        self._live()
        super().link(target, path)

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed


def test_a_run_that_is_killed_is_finished_by_the_next(place: Place) -> None:
    """At each write and link: no state of the files is one that the next run cannot go on from."""
    deaths = 0
    while True:
        files = MortalFiles(FakeClock())
        mortal = Place(Store(files, HOME), Lineages(files), place.terms, "ca")
        keep(mortal, OLD)
        settle(mortal)
        keep(mortal, NEW)
        files.lives = deaths
        try:
            carry_out(mortal, plan_settlement(mortal, LINEAGE, "a.test"))
        except Killed:
            deaths += 1
        else:
            break
        files.lives = 1_000_000
        settle(mortal)
        assert held(mortal) == (NEW.fingerprint, NEW.fingerprint)
    assert deaths == 8  # four files, four links
