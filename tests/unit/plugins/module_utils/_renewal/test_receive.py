# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What another host says, taken in; what hostile ones say is in tests/unit/pushes/."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    EdgeError,
    InvalidInput,
    Refused,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import SETTINGS
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    KeyState,
    Offer,
    Request,
    render_request,
)
from delivering import LAYOUT, full_disk, path_of
from receiving import CERTIFICATES, HOME, ROOTS, Receiver, document, issue, leaf_of, offer, own

NAMES = ("a.test", "www.a.test")
OLD, NEW = issue(*NAMES, age=timedelta(days=9)), issue(*NAMES)
B = issue("b.test")
ASKED = Offer("a.test", KeyType.ECDSA, None, None)


def serves_everywhere(host: Receiver, pem: str, name: str = "a.test") -> bool:
    """Whether clients see it, and the file and the store hold it."""
    fingerprint = leaf_of(pem).fingerprint
    content = host.files.read(path_of(name)) or b""
    found = {host.serves(name), host.stored(name), leaf_of(content.decode()).fingerprint}
    return found == {fingerprint}


def test_a_bundle_is_asked_for_and_taken() -> None:
    """Lacking, then served, on disk and in the store; then held, and nothing is written."""
    host = Receiver()
    (answer,) = host.tell(offer("a.test", OLD, only_asks=True))
    assert (answer.action, answer.fingerprint) == (Action.LACKING, None)
    (answer,) = host.tell(offer("a.test", OLD))
    assert answer.action is Action.ADDED
    assert answer.not_after == leaf_of(OLD).not_after
    assert serves_everywhere(host, OLD)
    before = len(host.files.writes)
    for only_asks in (True, False):
        (answer,) = host.tell(offer("a.test", OLD, only_asks=only_asks))
        assert (answer.action, answer.fingerprint) == (Action.HELD, leaf_of(OLD).fingerprint)
    assert len(host.files.writes) == before + 1  # the chain, for the tool that judges it


def test_a_renewal_is_swapped_in() -> None:
    """Without a reload."""
    host = Receiver()
    host.tell(offer("a.test", OLD))
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, answer.fingerprint) == (Action.SWAPPED, leaf_of(NEW).fingerprint)
    assert serves_everywhere(host, NEW)
    assert host.reloads == 0


def test_a_request_with_keys_changes_something() -> None:
    """The reply tells whether anything changed."""
    host = Receiver()
    request = Request("issuer", (offer("a.test", OLD),))
    assert host.say(render_request(request)).changed
    assert not host.say(render_request(request)).changed


def test_many_are_taken_at_once() -> None:
    """Each source, each key type; one is held already."""
    host = Receiver()
    host.tell(offer("b.test", B))
    offers = (
        offer("a.test", NEW),
        offer("b.test", B),
        offer("own.test", own("own.test"), facts=None),
        offer("rsa.test", issue("rsa.test", kind=KeyType.RSA), key_type=KeyType.RSA),
        offer("*.w.test", issue("*.w.test")),
    )
    added = Action.ADDED
    actions = [answer.action for answer in host.tell(*offers)]
    assert actions == [added, Action.HELD, added, added, added]
    assert all(answer.action is Action.HELD for answer in host.tell(*offers))


def test_one_that_is_refused_stops_no_other() -> None:
    """Neither before it nor behind it."""
    host = Receiver()
    answers = host.tell(
        offer("a.test", B), offer("b.test", B), offer("nobody.test", B), offer("own.test", B)
    )
    assert [answer.action for answer in answers] == [
        *(Action.REFUSED, Action.ADDED, Action.REFUSED, Action.REFUSED)
    ]
    assert all(answer.reason for answer in answers if answer.action is Action.REFUSED)
    assert host.serves("b.test") == leaf_of(B).fingerprint


def test_what_the_user_provides_is_never_pushed() -> None:
    """Only the play brings it."""
    (answer,) = Receiver().tell(offer("mine.test", issue("mine.test")))
    assert (answer.action, "provided by the user" in answer.reason) == (Action.REFUSED, True)


def test_a_bundle_counts_once_in_a_request() -> None:
    """The first."""
    host = Receiver()
    first, second = host.tell(offer("a.test", OLD), offer("a.test", NEW))
    assert (first.action, second.action) == (Action.ADDED, Action.REFUSED)
    assert serves_everywhere(host, OLD)


def test_an_older_one_changes_nothing() -> None:
    """Whoever pushes it: the newer wins everywhere."""
    host = Receiver()
    host.tell(offer("a.test", NEW))
    for only_asks in (True, False):
        (answer,) = host.tell(offer("a.test", OLD, only_asks=only_asks))
        assert (answer.action, answer.fingerprint) == (Action.NEWER, leaf_of(NEW).fingerprint)
    assert serves_everywhere(host, NEW)


def test_a_host_that_has_nothing_asks_what_is_here() -> None:
    """So that it does not order what another has."""
    host = Receiver()
    assert [answer.action for answer in host.tell(ASKED)] == [Action.LACKING]
    host.tell(offer("a.test", NEW))
    (answer,) = host.tell(ASKED)
    assert (answer.action, answer.not_before) == (Action.NEWER, leaf_of(NEW).not_before)


def test_a_self_signed_one_gives_way_to_a_real_one() -> None:
    """Even if it is newer: the wish was changed since."""
    host = Receiver(
        certificates=[{"name": "a.test", "domains": list(NAMES), "source": "selfsigned"}]
    )
    host.tell(offer("a.test", own(*NAMES)))
    changed = Receiver()
    settings = changed.files.content[SETTINGS]
    changed.files.content.update({**host.files.content, SETTINGS: settings})
    changed.process.start()
    (answer,) = changed.tell(offer("a.test", NEW))
    assert answer.action is Action.SWAPPED
    assert serves_everywhere(changed, NEW)


def test_a_balancer_keeps_no_replica() -> None:
    """Only what it serves."""
    host = Receiver(host="balancer")
    host.tell(offer("a.test", NEW), account_key="x")
    assert host.serves("a.test") == leaf_of(NEW).fingerprint
    assert not [path for path in host.files.content if path.startswith(HOME)]


def test_an_issuer_elsewhere_keeps_only_a_replica() -> None:
    """It has no HAProxy, and no lock of it."""
    host = Receiver(running=False, host="issuer")
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, host.stored("a.test")) == (Action.WRITTEN, leaf_of(NEW).fingerprint)
    assert not [path for path in host.files.content if path.startswith("/etc/haproxy")]
    (answer,) = host.tell(offer("a.test", NEW))
    assert answer.action is Action.HELD


def test_a_host_that_is_neither_takes_nothing() -> None:
    """Its settings are for somebody else."""
    host = Receiver(balancers=[], issuers=["issuer"])
    with pytest.raises(Refused, match="here is neither a balancer nor an issuer"):
        host.tell(offer("a.test", NEW))


def test_haproxy_may_be_down() -> None:
    """The files are written; it starts with them."""
    host = Receiver(running=False)
    (answer,) = host.tell(offer("a.test", NEW))
    assert answer.action is Action.WRITTEN
    host.start()
    assert serves_everywhere(host, NEW)


def test_a_process_that_fell_behind_is_brought_in_line() -> None:
    """By any push, a question too: an earlier one was killed before the process had it."""
    host = Receiver()
    host.tell(offer("a.test", OLD))
    host.stop()
    host.tell(offer("a.test", NEW))
    host.revive()
    assert host.serves("a.test") == leaf_of(OLD).fingerprint
    (answer,) = host.tell(offer("a.test", NEW, only_asks=True))
    assert answer.action is Action.SWAPPED
    assert serves_everywhere(host, NEW)


def test_what_needs_a_reload_is_left_to_root() -> None:
    """It is written and told; nothing is taken back."""
    host = Receiver()
    host.tell(offer("a.test", OLD))
    host.process.transaction = ("/elsewhere/x.pem", "")
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, "needs a reload" in answer.reason) == (Action.WRITTEN, True)
    assert host.serves("a.test") == leaf_of(OLD).fingerprint
    host.process.start()
    assert serves_everywhere(host, NEW)


def test_what_haproxy_refuses_is_not_kept() -> None:
    """In no file and in no store: what served before is there again."""
    host = Receiver()
    host.tell(offer("a.test", OLD))
    host.process.refuses = lambda _pem: "unable to load certificate"
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, "HAProxy refuses it" in answer.reason) == (Action.REFUSED, True)
    assert answer.fingerprint == leaf_of(OLD).fingerprint
    assert serves_everywhere(host, OLD)


def test_a_file_of_somebody_else_is_left_alone() -> None:
    """And the reason is told."""
    host = Receiver()
    host.files.write(path_of("a.test"), OLD.encode())
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, "is not ours" in answer.reason) == (Action.REFUSED, True)
    assert host.files.read(path_of("a.test")) == OLD.encode()


def test_a_question_waits_for_nobody() -> None:
    """Only who writes needs the lock."""
    host = Receiver()
    host.files.locked.add(LAYOUT.lock)
    assert [answer.action for answer in host.tell(ASKED)] == [Action.LACKING]
    with pytest.raises(Busy):
        host.tell(offer("a.test", NEW))


def test_the_store_is_not_written_while_a_run_orders() -> None:
    """It is served at once, the sender is told, and the next push brings it to the store."""
    host = Receiver()
    host.tell(offer("a.test", OLD))
    host.files.locked.add(host.store.lock_path)
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, "the next push" in answer.reason) == (Action.REFUSED, True)
    assert host.serves("a.test") == leaf_of(NEW).fingerprint
    assert host.stored("a.test") == leaf_of(OLD).fingerprint
    host.files.locked.remove(host.store.lock_path)
    host.tell(offer("a.test", NEW))
    assert serves_everywhere(host, NEW)


def test_what_a_run_has_ordered_meanwhile_is_not_overwritten() -> None:
    """What came is compared once more when the store's lock is had."""
    host = Receiver()
    host.files.meanwhile[host.store.lock_path] = lambda: keep_in_store(host, NEW)
    host.tell(offer("a.test", OLD))
    assert host.stored("a.test") == leaf_of(NEW).fingerprint


def set_meanwhile(host: Receiver, **fields: Any) -> None:
    """Write other settings while the next delivery waits for its lock."""
    content = json.dumps(document(**fields)).encode()
    host.files.meanwhile[LAYOUT.lock] = lambda: host.files.write(SETTINGS, content)


@pytest.mark.parametrize(
    "certificates",
    [
        CERTIFICATES[1:],
        [{"name": "a.test", "domains": ["a.test"]}, *CERTIFICATES[1:]],
        [{"name": "a.test", "domains": list(NAMES), "source": "provided"}, *CERTIFICATES[1:]],
    ],
    ids=["wished no more", "other names", "another source"],
)
def test_what_was_judged_by_an_old_wish_is_not_brought_back(
    certificates: list[dict[str, Any]],
) -> None:
    """A play tells the new wish and removes what is no part of it, while this waits for the lock.

    What is wished as before is taken.
    """
    host = Receiver()
    set_meanwhile(host, certificates=certificates)
    answer, other = host.tell(offer("a.test", NEW), offer("b.test", B))
    assert (answer.action, answer.fingerprint) == (Action.REFUSED, None)
    assert "is wished otherwise here" in answer.reason
    assert (host.serves("a.test"), host.stored("a.test")) == ("", "")
    assert host.files.read(path_of("a.test")) is None
    assert other.action is Action.ADDED
    assert serves_everywhere(host, B, "b.test")


@pytest.mark.parametrize(
    "fields",
    [{"issuers": ["issuer"]}, {"balancers": []}, {"home": "/other"}],
    ids=["no issuer", "no balancer", "another home"],
)
def test_a_host_whose_part_changes_takes_nothing_now(fields: dict[str, Any]) -> None:
    """It has other locks then; the next push finds it as it is."""
    host = Receiver()
    set_meanwhile(host, **fields)
    before = set(host.files.content)
    with pytest.raises(Unavailable, match="the part of here in the fleet changes now"):
        host.tell(offer("a.test", NEW))
    assert [path for path in set(host.files.content) - before if "a.test" in path] == []


def keep_in_store(host: Receiver, pem: str) -> None:
    """As a run that orders does."""
    wished = host.settings.find("a.test", KeyType.ECDSA)
    assert wished is not None
    host.store.save(wished.lineage, parse(pem, name="a.test", path="pem"), None)


def test_what_is_no_request_is_a_fault() -> None:
    """With its path."""
    with pytest.raises(InvalidInput, match="request: is not the JSON"):
        Receiver().say("{")


def test_a_disk_that_is_full_is_told() -> None:
    """With what to do; what served serves on."""
    host = Receiver()
    host.tell(offer("a.test", OLD))
    host.files.left, host.files.ending = 2, full_disk
    with pytest.raises(EdgeError, match="no space left on device; see that there is space") as told:
        host.tell(offer("a.test", NEW))
    assert f"{LAYOUT.certificates} or {HOME} is writable" in str(told.value)
    assert host.serves("a.test") == leaf_of(OLD).fingerprint


def test_without_roots_or_the_tool_nothing_is_trusted() -> None:
    """The bundle is refused, and the others are looked at."""
    host = Receiver()
    host.files.remove(ROOTS)
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, "no root to trust" in answer.reason) == (Action.REFUSED, True)

    def missing(_argv: object) -> Completed:
        raise Unavailable("there is no command openssl on this host")

    host.host.runner.answer = missing
    first, second = host.tell(offer("own.test", own("own.test")), ASKED)
    assert (first.action, second.action) == (Action.REFUSED, Action.LACKING)
    assert "cannot be judged: there is no command openssl" in first.reason


def test_keys_of_accounts_are_settled_too() -> None:
    """A host without such accounts says so."""
    reply = Receiver().say(render_request(Request("issuer")))
    assert (reply.host, reply.account, reply.certbot_account) == (
        *("here", KeyState.NOT_MINE, KeyState.NOT_MINE),
    )
