# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a build can do."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.versions import FLOOR, Build


@pytest.mark.parametrize(
    ("version", "openssl", "expected"),
    [
        ("2.6.12-1+deb12u4", "OpenSSL 3.0.22 25 Aug 2026", Build((2, 6), (3, 0))),
        ("3.0.11-1+deb13u5", "OpenSSL 3.5.7 9 Jun 2026", Build((3, 0), (3, 5))),
        ("3.10-dev1", "3.6", Build((3, 10), (3, 6))),
    ],
)
def test_a_build_is_read_from_its_own_words(version: str, openssl: str, expected: Build) -> None:
    """As packages and `haproxy -vv` write them."""
    assert Build.parse(version, openssl) == expected


@pytest.mark.parametrize(
    ("version", "openssl", "cause"),
    [("2.4.22", "3.0", "too old"), ("", "3.0", "HAProxy did not"), ("3.0", "?", "OpenSSL did not")],
)
def test_what_is_too_old_or_mute_is_named(version: str, openssl: str, cause: str) -> None:
    """Not a config that fails later."""
    with pytest.raises(EdgeError, match=cause):
        Build.parse(version, openssl)


@pytest.mark.parametrize(("openssl", "expected"), [((3, 0), False), ((3, 5), True), ((4, 0), True)])
def test_the_hybrid_group_needs_its_openssl(openssl: tuple[int, int], expected: bool) -> None:
    """It stops the start of HAProxy elsewhere."""
    assert ("X25519MLKEM768" in Build((3, 0), openssl).groups) is expected


def test_the_floor_knows_no_server_groups() -> None:
    """Since 3.0 only."""
    assert not FLOOR.has_server_groups
    assert Build((3, 0), (3, 0)).has_server_groups
