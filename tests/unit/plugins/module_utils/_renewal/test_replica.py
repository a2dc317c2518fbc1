# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an issuer keeps of what it received."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import (
    Accounts,
    Registration,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.ari import Window, certificate_id
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts
from ansible_collections.hitless.edge.plugins.module_utils._acme.ledger import (
    Entry,
    Ledger,
    Outcome,
    read_entries,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.problems import RateLimited
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Wished
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Busy
from ansible_collections.hitless.edge.plugins.module_utils._core.local import LocalFiles
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.replica import (
    Replica,
    lay_registrations,
)
from fakes import NOON
from receiving import DAY, DIRECTORY, FACTS, HOME, Receiver, issue, leaf_of, own

HOUR = timedelta(hours=1)
NAMES = ("a.test", "www.a.test")
A = issue(*NAMES, age=2 * HOUR)
ACCOUNT = {"url": "https://ca.test/1", "contact": ["a@b.test"]}


def wished(host: Receiver, name: str = "a.test") -> Wished:
    """The wish for a lineage."""
    found = host.settings.find(name, KeyType.ECDSA)
    assert found is not None
    return found


def keep(host: Receiver, pem: str, told: Facts | None = FACTS, name: str = "a.test") -> None:
    """Keep a bundle."""
    bundle = parse(pem, name=name, path="pem")
    Replica(host.host.ports, host.settings).keep(wished(host, name), bundle, told)


def noted(host: Receiver) -> tuple[Entry, ...]:
    """The ledger of what others ordered."""
    return read_entries(host.files, f"{HOME}/received.jsonl", NOON)


def test_a_bundle_comes_with_its_facts() -> None:
    """As if this host had ordered it."""
    host = Receiver()
    keep(host, A)
    held = host.store.held(wished(host).lineage)
    assert held is not None
    assert (held.leaf, held.facts) == (leaf_of(A), FACTS)


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """A push is received while certbot's hook runs, which holds no lock of the store."""
    home, count = str(tmp_path / "home"), 12
    host = Receiver(certificates=[{"name": f"{n}.test", "domains": [f"{n}.test"]} for n in "ab"])
    ports = replace(host.host.ports, files=LocalFiles(str(tmp_path)))
    replica = Replica(ports, replace(host.settings, home=home))
    ages = [DAY - HOUR * number for number in range(count)]
    bundles = {
        n: [parse(issue(f"{n}.test", age=age), name="", path="") for age in ages] for n in "ab"
    }

    def work(name: str) -> None:
        for bundle in bundles[name]:
            replica.keep(wished(host, f"{name}.test"), bundle, FACTS)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read_entries(ports.files, f"{home}/received.jsonl", NOON)
    sent = {bundle.leaf.fingerprint for some in bundles.values() for bundle in some}
    assert {entry.url for entry in found} == sent


def test_a_replica_that_another_one_writes_is_not_written() -> None:
    """Nobody holds the lock of the store for that, so the play may while certbot runs its hook."""
    host = Receiver()
    host.files.locked.add(host.store.lock_path)
    keep(host, A)
    host.files.locked.add(f"{HOME}/replica.lock")
    with pytest.raises(Busy):
        keep(host, issue(*NAMES))
    assert host.stored("a.test") == leaf_of(A).fingerprint


@pytest.mark.parametrize(
    "told",
    [
        None,
        replace(FACTS, directory="https://evil.test/"),
        replace(FACTS, profile="shortlived"),
        replace(FACTS, preferred_chain="Evil Root"),
    ],
    ids=["none", "an unlisted CA", "another profile", "another chain"],
)
def test_facts_that_are_not_wished_here_do_not_count(told: Facts | None) -> None:
    """The certificate does; nothing is ordered because of a lie, and nothing spent."""
    host = Receiver()
    keep(host, A, told)
    held = host.store.held(wished(host).lineage)
    assert held is not None
    assert (held.leaf, held.facts, noted(host)) == (leaf_of(A), None, ())


def test_the_name_of_a_ca_is_the_one_of_the_settings() -> None:
    """Only its directory is looked up."""
    host = Receiver()
    keep(host, A, replace(FACTS, authority="x\x1b[31m"))
    held = host.store.held(wished(host).lineage)
    assert held is not None
    assert held.facts == FACTS


@pytest.mark.parametrize(
    ("told", "kept"),
    [(NOON - HOUR, NOON - HOUR), (NOON + DAY, NOON), (NOON - 99 * DAY, NOON - 2 * HOUR)],
    ids=["true", "in the future", "before the certificate"],
)
def test_the_time_of_issue_is_within_what_can_be(told: datetime, kept: datetime) -> None:
    """Between the beginning of the certificate and now."""
    host = Receiver()
    facts = Facts("ca", DIRECTORY, None, None, told)
    found = Replica(host.host.ports, host.settings).facts(wished(host), leaf_of(A), facts)
    assert found is not None
    assert found.issued_at == kept


def test_certbots_ca_is_listed_too() -> None:
    """By its account in the settings."""
    certbot = {
        "thumbprint": "x" * 43,
        "account": "https://other.test/1",
        "directory": "https://other.test/directory",
        "config": "/etc/letsencrypt",
        "command": "/opt/certbot/bin/certbot",
    }
    host = Receiver(certbot=certbot)
    told = replace(FACTS, directory="https://other.test/directory")
    found = Replica(host.host.ports, host.settings).facts(wished(host), leaf_of(A), told)
    assert found is not None
    assert (found.authority, found.directory) == ("certbot", "https://other.test/directory")


def test_a_self_signed_one_has_facts_of_its_own() -> None:
    """No CA, and no line in a ledger."""
    host = Receiver()
    keep(host, own("own.test"), FACTS, "own.test")
    held = host.store.held(wished(host, "own.test").lineage)
    assert held is not None
    assert held.facts is not None
    assert (held.facts.directory, noted(host)) == ("selfsigned", ())


def test_what_others_ordered_is_spent_here_too() -> None:
    """By the same rule as what this host ordered; the ledger of its own stays as it is."""
    host = Receiver()
    for hour in (4, 3, 2, 1):
        keep(host, issue(*NAMES, age=hour * HOUR), replace(FACTS, issued_at=NOON - hour * HOUR))
    assert {entry.outcome for entry in noted(host)} == {Outcome.ISSUED}
    own_path = host.store.ledger_path
    ledger = Ledger.load(host.files, own_path, NOON, received=host.store.received_path)
    with pytest.raises(RateLimited):
        ledger.claim(Authority("ca", DIRECTORY), NAMES, NOON)
    ledger.note(Authority("ca", DIRECTORY), NAMES, NOON)
    ledger.spend(5)
    assert (host.files.read(own_path) or b"").count(b"\n") == 1


def test_a_certificate_is_noted_once() -> None:
    """However often it comes."""
    host = Receiver()
    keep(host, A)
    keep(host, A)
    assert len(noted(host)) == 1


def test_notes_older_than_a_week_go() -> None:
    """The file does not grow."""
    host = Receiver()
    keep(host, issue(*NAMES, age=DAY), replace(FACTS, issued_at=NOON - DAY))
    host.host.clock.time = NOON + 6 * DAY + HOUR
    keep(host, A, replace(FACTS, issued_at=NOON - 2 * HOUR))
    assert (host.files.read(host.store.received_path) or b"").count(b"\n") == 1


@pytest.mark.parametrize(("hours", "is_exempt"), [(-1, True), (5, False)])
def test_a_renewal_in_its_window_is_not_counted(hours: int, is_exempt: bool) -> None:
    """As at its CA; the window is the one that this host was told of what it held before."""
    host = Receiver()
    keep(host, issue(*NAMES, age=9 * DAY), replace(FACTS, issued_at=NOON - 9 * DAY))
    name = certificate_id(leaf_of(issue(*NAMES, age=9 * DAY)))
    assert name is not None
    window = Window(NOON, NOON + hours * HOUR, NOON + 9 * HOUR)
    host.store.save_windows({name: window})
    keep(host, A, FACTS)
    assert [entry.is_exempt for entry in noted(host)] == [is_exempt]


@pytest.fixture
def registered() -> Receiver:
    """An issuer that has the key, and nothing else of the account."""
    host = Receiver()
    key = Accounts(host.files, HOME).make_key()
    registration = {**ACCOUNT, "thumbprint": key.thumbprint, "caa_identities": []}
    account = {"thumbprint": key.thumbprint, "registrations": {DIRECTORY: registration}}
    other = Receiver(account=account)
    other.files.write(f"{HOME}/account/key.pem", host.files.content[f"{HOME}/account/key.pem"])
    return other


def test_registrations_are_those_of_the_settings(registered: Receiver) -> None:
    """Whoever sent the key; other CAs' are left."""
    accounts = Accounts(registered.files, HOME)
    accounts.save("https://other.test/", Registration("u", (), "x"))
    lay_registrations(registered.files, registered.settings)
    assert accounts.registrations()[DIRECTORY].url == "https://ca.test/1"
    assert "https://other.test/" in accounts.registrations()
    before = len(registered.files.writes)
    lay_registrations(registered.files, registered.settings)
    assert len(registered.files.writes) == before


def test_registrations_that_cannot_be_read_are_laid_anew(registered: Receiver) -> None:
    """They are only a copy."""
    registered.files.write(f"{HOME}/account/registrations.json", b"{")
    lay_registrations(registered.files, registered.settings)
    assert list(Accounts(registered.files, HOME).registrations()) == [DIRECTORY]


def test_nothing_is_laid_beside_another_key(registered: Receiver) -> None:
    """A rollover is under way, or the key is still to come."""
    Accounts(registered.files, HOME).make_key()
    lay_registrations(registered.files, registered.settings)
    registered.files.remove(f"{HOME}/account/key.pem")
    lay_registrations(registered.files, registered.settings)
    lay_registrations(registered.files, Receiver().settings)
    assert Accounts(registered.files, HOME).registrations() == {}
