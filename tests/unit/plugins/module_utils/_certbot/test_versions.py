# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of certbot cannot do is told with what to do about it."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.versions import (
    Version,
    faults_of,
    parse_version,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType

PLAIN = Lineage("a.test", KeyType.ECDSA, ("a.test",))
PROFILE = Lineage("b.test", KeyType.ECDSA, ("b.test",), profile="shortlived")
ADDRESS = Lineage("c", KeyType.ECDSA, ("c.test", "192.0.2.1"), profile="shortlived")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("certbot 5.8.0\n", Version(5, 8)),
        ("certbot 2.1.0", Version(2, 1)),
        ("4.0.0-2+deb13u1", Version(4, 0)),
        ("certbot 5.9.0.dev0", Version(5, 9)),
    ],
)
def test_versions_are_read(text: str, version: Version) -> None:
    """As the command says it, and as a package manager does."""
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["", "certbot", "bash: certbot: not found", "x" * 9999])
def test_what_is_no_version_is_told(text: str) -> None:
    """Instead of a guess."""
    with pytest.raises(EdgeError, match="version cannot be told"):
        parse_version(text)


@pytest.mark.parametrize(
    ("version", "lineages", "named"),
    [
        ("2.1", [PLAIN], []),
        ("2.0", [PLAIN], ["certbot"]),
        ("2.1", [PROFILE], ["b.test"]),
        ("4.0", [PROFILE], []),
        ("4.0", [PROFILE, ADDRESS], ["c"]),
        ("5.2", [ADDRESS], ["c"]),
        ("5.3", [PLAIN, PROFILE, ADDRESS], []),
        ("2.1", [ADDRESS], ["c", "c"]),
        ("10.0", [ADDRESS], []),
    ],
)
def test_each_wish_is_held_against_the_version(
    version: str, lineages: list[Lineage], named: list[str]
) -> None:
    """Profiles came with 4.0, addresses with 5.3."""
    faults = faults_of(parse_version(version), lineages)
    assert [fault.path for fault in faults] == named
    assert all("source: acme" in fault.remedy for fault in faults)


def test_the_words_name_both_versions() -> None:
    """Which there is, and which would do."""
    (fault,) = faults_of(Version(2, 1), [PROFILE])
    assert fault.cause == "certbot 2.1 has no profiles (shortlived), which came with 4.0"
