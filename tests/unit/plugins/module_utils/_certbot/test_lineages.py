# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's lineages in its folder, written so that certbot takes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.conf import (
    Terms,
    at_default_places,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.lineages import (
    Lineages,
    names_of,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import Bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_certbot import CONFIG, DIRECTORY, place_lineage
from fakes import FakeHost
from minted import Minted, mint

A = mint("a.test")
B = mint("a.test", serial=2)
LINEAGE = Lineage("a.test", KeyType.ECDSA, ("a.test",))
TERMS = Terms("f4ff7e", DIRECTORY)


def bundle_of(made: Minted) -> Bundle:
    return bundle.parse(made.pem, name="a.test", path="minted")


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def lineages(host: FakeHost) -> Lineages:
    return Lineages(host.files)


def test_what_certbot_made_is_read(host: FakeHost, lineages: Lineages) -> None:
    """The present version, with its key."""
    place_lineage(host, "a.test", A)
    place_lineage(host, "a.test", B, {"server": DIRECTORY})
    found = lineages.read("a.test")
    assert found == bundle_of(B)
    assert lineages.holds("a.test", bundle_of(B))
    assert not lineages.holds("a.test", bundle_of(A))
    assert lineages.names() == ("a.test",)


def test_what_is_written_is_as_certbot_has_it(host: FakeHost, lineages: Lineages) -> None:
    """Four files of one number, four links to them, the key private; the next gets the next."""
    for number, made in enumerate((A, B), start=1):
        lineages.write("a.test", bundle_of(made))
        assert lineages.read("a.test") == bundle_of(made)
        for kind in ("cert", "privkey", "chain", "fullchain"):
            target = f"../../archive/a.test/{kind}{number}.pem"
            assert host.files.links[f"{CONFIG}/live/a.test/{kind}.pem"] == target
    archive = f"{CONFIG}/archive/a.test"
    assert host.files.modes[f"{archive}/privkey2.pem"] == 0o600
    assert host.files.modes[f"{CONFIG}/archive"] == host.files.modes[f"{CONFIG}/live"] == 0o700
    assert host.files.read(f"{archive}/privkey1.pem") is not None


def test_a_version_that_is_there_is_only_linked(host: FakeHost, lineages: Lineages) -> None:
    """So a run that was killed before the links were made is finished."""
    lineages.write("a.test", bundle_of(A))
    for kind in ("cert", "fullchain"):
        host.files.remove(f"{CONFIG}/live/a.test/{kind}.pem")
    assert lineages.read("a.test") is None
    host.files.writes.clear()
    lineages.write("a.test", bundle_of(A))
    assert lineages.holds("a.test", bundle_of(A))
    assert all("/live/" in path for path in host.files.writes)


@pytest.mark.parametrize("kind", ["privkey", "fullchain"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_cannot_be_read_is_none(
    host: FakeHost, lineages: Lineages, kind: str, content: bytes | None
) -> None:
    """A half of a lineage is no lineage, and no error."""
    place_lineage(host, "a.test", A)
    path = f"{CONFIG}/archive/a.test/{kind}1.pem"
    if content is None:
        host.files.remove(path)
    else:
        host.files.write(path, content)
    assert lineages.read("a.test") is None


def test_white_space_is_no_difference(host: FakeHost, lineages: Lineages) -> None:
    """A chain may come with empty lines between its certificates."""
    leaf, *chain = A.chain
    place_lineage(host, "a.test", replace(A, chain=(f"{leaf}\n", *chain)))
    assert lineages.holds("a.test", bundle_of(A))


def test_a_renewal_file_of_others_is_kept_beside_once(host: FakeHost, lineages: Lineages) -> None:
    """The first one, which a person made; our own is not."""
    place_lineage(host, "a.test", A, {"authenticator": "standalone", "pre_hook": "stop"})
    made_by_hand = host.files.read(f"{CONFIG}/renewal/a.test.conf")
    for is_renewed in (True, False):
        conf = lineages.conf("a.test")
        assert conf is not None
        lineages.write_conf("a.test", conf.settled(LINEAGE, TERMS, is_renewed=is_renewed))
    assert host.files.read(f"{CONFIG}/hitless-edge/a.test.conf") == made_by_hand
    written = lineages.conf("a.test")
    assert written is not None
    assert written.is_ours
    assert written.parameters["autorenew"] == "False"


def test_a_new_renewal_file_names_all_paths(lineages: Lineages) -> None:
    """Certbot refuses one that lacks any."""
    base = at_default_places(CONFIG, "a.test")
    lineages.write_conf("a.test", base.settled(LINEAGE, TERMS, is_renewed=True))
    conf = lineages.conf("a.test")
    assert conf is not None
    assert conf.paths == base.paths
    assert conf.paths["cert"] == "/etc/letsencrypt/live/a.test/cert.pem"


def test_a_lineage_that_was_moved_is_found_there(host: FakeHost, lineages: Lineages) -> None:
    """Its own file says where it is."""
    place_lineage(host, "a.test", A, {"authenticator": "webroot"})
    path = f"{CONFIG}/renewal/a.test.conf"
    moved = (host.files.read(path) or b"").replace(b"/live/a.test/", b"/live/elsewhere/")
    host.files.write(path, moved)
    assert lineages.read("a.test") is None
    lineages.write("a.test", bundle_of(B))
    assert host.files.links[f"{CONFIG}/live/elsewhere/cert.pem"].endswith("a.test/cert2.pem")


def test_a_released_lineage_keeps_its_certificates(host: FakeHost, lineages: Lineages) -> None:
    """Only its renewal ends."""
    place_lineage(host, "a.test", A, {})
    lineages.release("a.test")
    assert lineages.names() == ()
    assert lineages.read("a.test") == bundle_of(A)


def test_key_types_are_lineages_of_their_own() -> None:
    """The first one is called like the certificate, whichever it is; no star is in a path."""
    both = [replace(LINEAGE, key_type=kind) for kind in (KeyType.RSA, KeyType.ECDSA)]
    star = Lineage("*.b.test", KeyType.ECDSA, ("*.b.test",))
    assert list(names_of([*both, star]).values()) == ["a.test", "a.test-ecdsa", "_.b.test"]
