# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wishes to be delivered."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    NAME,
    WantedBundle,
    parse_bundles,
    parse_folder,
    parse_wish,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from hypothesis import given
from hypothesis import strategies as st

GOOD: dict[str, Any] = {"name": "a.test", "key_type": "ecdsa", "domains": ["a.test"]}


def faults(*bundles: Any) -> list[str]:
    """Paths of what is wrong."""
    with pytest.raises(InvalidInput) as caught:
        parse(list(bundles), "bundles", parse_bundles)
    return [fault.path for fault in caught.value.faults]


def test_a_bundle_is_read() -> None:
    """The fingerprint in upper case, the place for faults."""
    given_ = {**GOOD, "fingerprint": "ab" * 32, "pem": "x"}
    assert parse([given_], "bundles", parse_bundles) == (
        WantedBundle("bundles[0] (a.test)", "a.test", KeyType.ECDSA, ("a.test",), "AB" * 32, "x"),
    )


def test_the_key_is_in_no_representation() -> None:
    """A traceback shows no secret."""
    (bundle,) = parse([{**GOOD, "pem": "secret"}], "bundles", parse_bundles)
    assert "secret" not in repr(bundle)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "../a"}, "bundles[0].name"),
        ({"name": "a b"}, "bundles[0].name"),
        ({"name": "a;show"}, "bundles[0].name"),
        ({"name": "-a"}, "bundles[0].name"),
        ({"name": "_default"}, "bundles[0].name"),
        ({"key_type": "dsa"}, "bundles[0].key_type"),
        ({"fingerprint": "AB"}, "bundles[0].fingerprint"),
        ({"extra": 1}, "bundles[0].extra"),
    ],
    ids=str,
)
def test_a_fault_is_named_with_its_place(changes: dict[str, Any], path: str) -> None:
    """What would be another file, or another command."""
    assert faults({**GOOD, **changes}) == [path]


def test_two_bundles_of_one_file_are_refused() -> None:
    """The second is named; the other key type is another file."""
    assert faults(GOOD, {**GOOD, "key_type": "rsa"}, GOOD) == ["bundles[2]"]
    assert faults({**GOOD, "name": "*.b"}, {**GOOD, "name": "_.b"}) == ["bundles[1]"]


@given(st.from_regex(NAME, fullmatch=True))
def test_a_good_name_is_one_word_of_a_command(name: str) -> None:
    """No space, no separator, no other folder."""
    (bundle,) = parse([{**GOOD, "name": f"x{name.replace('*', '')}"}], "b", parse_bundles)
    assert not set(bundle.file_name) & set(" ;/\\\n\t<*:")


@pytest.mark.parametrize("path", ["ssl", "/a b", "/a/", "/a;b", ""])
def test_a_folder_that_would_need_quoting_is_refused(path: str) -> None:
    """HAProxy's command line has no quotes for paths."""
    with pytest.raises(InvalidInput):
        parse(path, "directory", parse_folder)


def test_options_become_a_wish() -> None:
    """Paths of the crt-list and the manifest follow the folder."""
    wish = parse(
        {
            "bundles": [GOOD],
            "purge": False,
            "purge_everything": True,
            "default_certificate": True,
            "directory": "/srv/ssl",
            "runtime_socket": "/r.sock",
            "master_socket": "/m.sock",
        },
        "",
        parse_wish,
    )
    assert wish.layout.crt_list == "/srv/ssl/.crt-list.txt"
    assert (wish.layout.runtime_socket, wish.layout.master_socket) == ("/r.sock", "/m.sock")
    assert (wish.purge, wish.purge_everything, wish.default_certificate) == (False, True, True)
    assert [bundle.where for bundle in wish.bundles] == ["bundles[0] (a.test)"]
