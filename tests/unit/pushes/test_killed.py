# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A push that is killed at any of its steps, or that meets a disk that takes no more."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.ledger import read_entries
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import AccountKey
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    EdgeError,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType, generate_key
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Request,
    render_request,
)
from delivering import LAYOUT, Killed, full_disk, path_of, read_only
from fakes import NOON
from receiving import DIRECTORY, HOME, Receiver, issue, leaf_of, offer

NAMES = ("a.test", "www.a.test")
OLD, NEW = issue(*NAMES, age=timedelta(days=9)), issue(*NAMES)
B, WILD = issue("b.test"), issue("*.w.test")
KEY = generate_key(KeyType.ECDSA)
PIN = AccountKey(KEY.encode()).thumbprint
REGISTRATION = {"url": "https://ca.test/1", "contact": [], "thumbprint": PIN}
ACCOUNT = {"thumbprint": PIN, "registrations": {DIRECTORY: REGISTRATION}}
PUSH = render_request(
    Request(
        "issuer",
        (offer("a.test", NEW), offer("b.test", B), offer("*.w.test", WILD)),
        account_key=KEY,
    )
)
ENDINGS: dict[str, Callable[[str], BaseException]] = {
    "killed": Killed,
    "disk full": full_disk,
    "read-only": read_only,
}
Role = dict[str, Any]


def before_the_push(role: Role) -> Receiver:
    """A host that has an old certificate and one that stays."""
    host = Receiver(account=ACCOUNT, **role)
    host.tell(offer("a.test", OLD), offer("b.test", B))
    return host


def is_whole(pem: str, *allowed: str) -> bool:
    """Whether a key and its certificate are one of these, in one piece."""
    found = parse(pem, name="", path="")
    is_pair = found.check((), NOON, "") == ()
    return is_pair and found.leaf.fingerprint in {leaf_of(one).fingerprint for one in allowed}


def demand_no_harm(host: Receiver) -> None:
    """Old or new, but one of them: on disk, in the store, in the process, and after a restart."""
    if host.settings.is_balancer:
        files = host.files.content
        assert is_whole(files[path_of("a.test")].decode(), OLD, NEW)
        assert is_whole(files[path_of("b.test")].decode(), B)
        served = {leaf_of(one).fingerprint for one in (OLD, NEW)}
        assert host.serves("a.test") in served
        restarted = type(host.process)(host.process.crt_list, host.files)
        restarted.start()
        assert restarted.serves(path_of("a.test")) in served
        assert restarted.serves(path_of("b.test")) == leaf_of(B).fingerprint
    if host.settings.is_issuer:
        store = f"{HOME}/certificates/a.test/ecdsa.pem"
        assert is_whole(host.files.content[store].decode(), OLD, NEW)


def demand_done(host: Receiver) -> None:
    """The next push finishes what the killed one began, and the one after it has nothing to do."""
    assert all(answer.action is not Action.REFUSED for answer in host.say(PUSH).bundles)
    again = host.say(PUSH)
    assert ({answer.action for answer in again.bundles}, again.changed) == ({Action.HELD}, False)
    for name, pem in [("a.test", NEW), ("b.test", B), ("*.w.test", WILD)]:
        fingerprint = leaf_of(pem).fingerprint
        if host.settings.is_balancer:
            assert host.serves(name) == fingerprint
            assert is_whole(host.files.content[path_of(name)].decode(), pem)
        if host.settings.is_issuer:
            assert host.stored(name) == fingerprint
            assert has_facts(host, name)
    if host.settings.is_issuer:
        entries = read_entries(host.files, f"{HOME}/received.jsonl", NOON)
        assert Counter(entry.url for entry in entries)[leaf_of(NEW).fingerprint] == 1
        assert host.files.content[f"{HOME}/account/key.pem"] == KEY.encode()


def has_facts(host: Receiver, name: str) -> bool:
    """Whether the store knows where a certificate came from."""
    wished = host.settings.find(name, KeyType.ECDSA)
    held = host.store.held(wished.lineage) if wished else None
    return held is not None and held.facts is not None


def ends(host: Receiver) -> bool:
    """Whether a push comes to its end; if not, it dies or tells why."""
    try:
        host.say(PUSH)
    except (Killed, EdgeError):
        return False
    return True


ROLES: dict[str, Role] = {
    "both": {},
    "balancer": {"host": "balancer"},
    "issuer": {"host": "issuer", "running": False},
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_no_write_is_one_too_few(
    role: Role, ending: Callable[[str], BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever is the last that is done: nothing is lost, and the next push ends it."""
    steps = 0
    while True:
        host = before_the_push(role)
        host.files.left, host.files.ending = steps, ending
        has_ended = ends(host)
        host.revive()
        demand_no_harm(host)
        demand_done(host)
        if has_ended:
            break
        steps += 1
    with capsys.disabled():
        sys.stderr.write(f"\npushes that ended at one of their writes: {steps}\n")
    assert steps >= 7


@pytest.mark.parametrize("number", range(30))
def test_no_command_to_haproxy_is_one_too_few(number: int) -> None:
    """Killed before any of them; a transaction may be left open."""
    host = before_the_push({})
    host.kill_at_command(number)
    ends(host)
    host.revive()
    demand_no_harm(host)
    demand_done(host)


@pytest.mark.parametrize("number", range(9))
def test_a_haproxy_that_goes_away_meanwhile_is_no_fault(number: int) -> None:
    """The files are written, and what is missing in the process is there after the next push."""
    host = before_the_push({})
    left = iter(range(number))

    def answer(request: str) -> str:
        if next(left, None) is None:
            raise Unavailable("connection refused")
        return host.process(request)

    host.host.socket.servers[LAYOUT.runtime_socket] = answer
    assert ends(host)
    assert is_whole(host.files.content[path_of("a.test")].decode(), NEW)
    host.revive()
    demand_no_harm(host)
    demand_done(host)
