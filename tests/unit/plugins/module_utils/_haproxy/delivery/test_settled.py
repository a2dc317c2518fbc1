# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of each bundle's file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.disk import (
    Held,
    Manifest,
    digest_of,
    read_held,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.settled import (
    DEFAULT_RENEWAL,
    Settled,
    settle,
    settle_default,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    WantedBundle,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from delivering import path_of, wanted
from fakes import NOON, FakeHost
from minted import Minted, mint

OLD, NEW = mint("a.test"), mint("a.test", serial=2)
PATH = path_of("a.test")


def held(content: str, *, ours: bool = True, touched: bool = False, mode: int = 0o600) -> Held:
    """A file with that content."""
    host = FakeHost()
    host.files.write(PATH, content.encode(), mode=mode)
    digest = digest_of("else" if touched else content)
    manifest = Manifest({"a.test.ecdsa.pem": digest} if ours else {})
    found = read_held(host.files, PATH, manifest, NOON)
    assert found is not None
    return found


def settled(wish: WantedBundle, there: Held | None) -> Settled:
    """At noon."""
    return settle(wish, PATH, there, NOON)


def test_what_is_right_is_kept() -> None:
    """With or without its PEM at hand."""
    for pem in (True, False):
        one = settled(wanted("a.test", OLD, pem=pem), held(OLD.pem))
        assert (one.content, one.is_written, one.reason) == (OLD.pem, False, "")


def test_any_certificate_is_right_where_none_is_named() -> None:
    """A failed renewal never takes away what serves."""
    one = settled(wanted("a.test"), held(OLD.pem))
    assert (one.content, one.is_written, one.is_lacking) == (OLD.pem, False, False)


def test_what_somebody_put_there_is_neither_served_nor_rewritten() -> None:
    """Where any certificate will do, a foreign file may be a key that is none of HAProxy's."""
    one = settled(wanted("a.test"), held(f"# mine\n{OLD.pem}", ours=False))
    assert (one.is_lacking, one.content, one.is_written) == (True, None, False)
    assert one.reason == f"{PATH} is there and is not ours"


def test_a_certificate_for_other_names_is_not_brought_into_the_process() -> None:
    """Unless its fingerprint is wanted; what HAProxy serves under that path meanwhile stays."""
    there = held(mint("secret.service").pem)
    one = settled(wanted("a.test"), there)
    assert (one.is_lacking, one.content) == (True, None)
    assert "for secret.service, and none of the wished domains" in one.reason
    assert not settled(wanted("a.test", mint("secret.service"), pem=False), there).is_lacking


@pytest.mark.parametrize("domains", [("a.test", "new.test"), ()])
def test_one_wished_name_is_enough(domains: tuple[str, ...]) -> None:
    """A name that was added waits for the next renewal; the others are served."""
    assert not settled(wanted("a.test", domains=domains), held(OLD.pem)).is_lacking


@pytest.mark.parametrize(
    "there", [None, held(OLD.pem), held("nonsense")], ids=["absent", "old", "broken"]
)
def test_an_offer_is_written(there: Held | None) -> None:
    """Where there is none, an older one, or a damaged one."""
    one = settled(wanted("a.test", NEW), there)
    assert one.content == NEW.pem
    assert one.is_written
    assert one.reason


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (None, "absent"),
        (held(OLD.pem), "holds certificate"),
        (held("nonsense", touched=True), "the file is damaged: holds 0 private keys"),
    ],
    ids=["absent", "older", "damaged"],
)
def test_what_is_wanted_and_not_at_hand_is_lacking(there: Held | None, reason: str) -> None:
    """What is there stays."""
    one = settled(wanted("a.test", NEW, pem=False), there)
    assert one.is_lacking
    assert one.content is None
    assert one.reason.startswith(reason)


@pytest.mark.parametrize(
    ("wish", "cause"),
    [
        (wanted("a.test", NEW, pem=True, fingerprint="AB" * 32), "wanted is ABAB"),
        (wanted("b.test", NEW), "does not cover b.test"),
        (wanted("a.test", NEW, key_type=KeyType.RSA), "the key is ecdsa, not rsa"),
        (wanted("a.test", Minted(OLD.key, NEW.chain)), "the key does not match"),
        (wanted("a.test", pem=True), ""),
    ],
    ids=["another certificate", "another name", "another kind", "another key", "good"],
)
def test_a_faulty_offer_is_refused_and_the_old_one_stays(wish: WantedBundle, cause: str) -> None:
    """With the place in the input."""
    one = settled(wish, held(OLD.pem))
    assert [fault.path for fault in one.faults] == ([wish.where] if cause else [])
    assert cause in one.reason
    assert one.is_written is False


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (held(OLD.pem, touched=True), "somebody else wrote it"),
        (held(OLD.pem, ours=False), "somebody else wrote it"),
        (held(OLD.pem, mode=0o644), "its mode is 0644"),
    ],
    ids=["changed", "adopted", "mode"],
)
def test_a_right_file_in_a_wrong_state_is_put_right(there: Held, reason: str) -> None:
    """Its content stays, so the process needs nothing."""
    one = settled(wanted("a.test", OLD, pem=False), there)
    assert one.is_written
    assert not one.is_new_content
    assert one.reason == reason


def test_a_right_file_with_comments_is_tidied() -> None:
    """An empty line would end a payload."""
    one = settled(wanted("a.test", OLD, pem=False), held(f"# mine\n\n{OLD.pem}", touched=True))
    assert one.content == OLD.pem
    assert one.is_new_content


def test_the_file_of_somebody_else_is_not_overwritten() -> None:
    """It may be the only copy of a key."""
    one = settled(wanted("a.test", NEW), held(OLD.pem, ours=False))
    assert one.content is None
    assert [fault.cause for fault in one.faults] == [f"{PATH} is there and is not ours"]


def test_another_chain_of_the_same_leaf_is_written() -> None:
    """A swap although the leaf stays."""
    short = Minted(OLD.key, OLD.chain[:1])
    one = settled(wanted("a.test", short), held(OLD.pem))
    assert one.content == short.pem
    assert one.is_new_content


def test_a_default_certificate_is_made_once_and_near_its_end_again() -> None:
    """Self-signed, for a name that no client asks for."""
    first = settle_default(PATH, None, NOON)
    assert first.is_new_content
    assert first.leaf is not None
    assert first.leaf.names == ("default.invalid",)
    assert first.content is not None
    there = held(first.content)
    assert not settle_default(PATH, there, NOON).is_written
    late = first.leaf.not_after - DEFAULT_RENEWAL + timedelta(seconds=1)
    assert settle_default(PATH, there, late).is_new_content
