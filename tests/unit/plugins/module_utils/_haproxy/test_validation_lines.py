# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbered lines and what they listen on."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.validation_lines import (
    addresses_of,
    lines_of,
    socket_folders,
    unix_socket_of,
)

TEXT = """\
# a comment
global
    stats socket /run/haproxy/admin.sock mode 660

frontend "the web"
    bind :80,[::]:80 v6only   # two
    bind 'not closed
    bind unix@/var/lib/x/a.sock
"""


def test_lines_keep_their_numbers_and_sections() -> None:
    """Comments, empty lines and what HAProxy cannot read are no lines."""
    lines = list(lines_of(TEXT))
    assert [line.number for line in lines] == [2, 3, 5, 6, 8]
    assert lines[3].section == ("frontend", "the web")
    assert str(lines[3]) == "'bind :80,[::]:80 v6only' in frontend the web"


def test_each_address_of_a_bind_counts() -> None:
    """They are separated by commas."""
    addresses = [addresses_of(line) for line in lines_of(TEXT)]
    assert addresses == [
        (),
        ("/run/haproxy/admin.sock",),
        (),
        (":80", "[::]:80"),
        ("unix@/var/lib/x/a.sock",),
    ]


def test_folders_of_sockets_are_found() -> None:
    """With and without prefix."""
    assert socket_folders(TEXT) == ("/run/haproxy", "/var/lib/x")


@pytest.mark.parametrize("address", [":80", "abns@x", "fd@3", "ipv4@10.0.0.1:80"])
def test_other_addresses_are_no_sockets(address: str) -> None:
    """Abstract ones belong to the network namespace."""
    assert unix_socket_of(address) is None
