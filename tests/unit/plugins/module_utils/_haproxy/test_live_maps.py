# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maps of the process, replaced as a whole and read back."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.live_maps import (
    LiveMaps,
    parse_map,
    parse_shown,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.runtime import (
    PAYLOAD_LIMIT_BYTES,
    Runtime,
)
from fake_haproxy import LAYOUT, FakeHaproxy, config
from hypothesis import given
from hypothesis import strategies as st

SHOWN = "0x5565d86c82b0 a.test be_a\n0x5565d86c8300 b.test be b with spaces\n"
words = st.from_regex(r"[a-z0-9.|/+-]{1,20}", fullmatch=True)


def running(text: str) -> tuple[FakeHaproxy, LiveMaps]:
    """A process that loaded this map."""
    haproxy = FakeHaproxy()
    haproxy.write(config(), {"sites.map": text})
    haproxy.start()
    runtime = Runtime(haproxy.host.socket, LAYOUT.runtime_socket)
    return haproxy, LiveMaps(runtime, LAYOUT.maps)


def test_a_file_is_read_as_haproxy_reads_it() -> None:
    """Comments, empty lines and the space between key and value count for nothing."""
    text = "# hosts\n\n  a.test \t be_a\nb.test be b\na.test second\n"
    assert parse_map(text) == (("a.test", "be_a"), ("b.test", "be b"), ("a.test", "second"))


def test_an_answer_is_read() -> None:
    """As 2.6 and 3.0 give it: an address, the key, the rest."""
    assert parse_shown(SHOWN) == (("a.test", "be_a"), ("b.test", "be b with spaces"))


@given(st.lists(st.tuples(words, words), max_size=20).map(tuple))
def test_what_is_given_is_held(entries: tuple[tuple[str, str], ...]) -> None:
    """In its order, with equal keys, or nothing at all."""
    _unused, live = running("old x\n")
    live.replace("sites.map", entries)
    assert live.read("sites.map") == entries


def test_a_large_map_goes_in_pieces_that_fit() -> None:
    """And is seen at once, when the last one is there."""
    haproxy, live = running("old x\n")
    entries = tuple((f"host{number:05}.example.test", "be_web") for number in range(2000))
    live.replace("sites.map", entries)
    pieces = [request for _unused, request in haproxy.host.socket.requests if "add map" in request]
    assert len(pieces) > 1
    assert max(len(piece) for piece in pieces) < PAYLOAD_LIMIT_BYTES + 200
    assert live.read("sites.map") == entries


def test_only_maps_of_our_folder_are_named() -> None:
    """Others are somebody else's."""
    haproxy, live = running("a x\n")
    haproxy.maps["/srv/other.map"] = ()
    assert live.names() == {"sites.map"}


def test_what_haproxy_refuses_is_told() -> None:
    """In its words."""
    haproxy, live = running("a x\n")
    haproxy.refuses_maps = True
    with pytest.raises(Refused, match="Unknown map identifier"):
        live.replace("sites.map", (("a", "y"),))


def test_what_haproxy_drops_without_a_word_is_found() -> None:
    """2.6 does so with a payload over its buffer."""
    haproxy, live = running("a x\n")
    honest = haproxy.host.socket.servers[LAYOUT.runtime_socket]
    haproxy.host.socket.servers[LAYOUT.runtime_socket] = lambda request: (
        "\n" if request.startswith("add map") else honest(request)
    )
    with pytest.raises(Refused, match="does not hold what it was given"):
        live.replace("sites.map", (("a", "y"),))
