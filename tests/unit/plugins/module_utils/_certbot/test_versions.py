# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of certbot cannot do is told with what to do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.versions import (
    Version,
    faults_of,
    faults_of_lives,
    parse_version,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate
from fakes import NOON
from minted import mint

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


def living(life: timedelta) -> Certificate:
    """A certificate that lives so long, its last second included."""
    made = mint("a.test", not_before=NOON, not_after=NOON + life - timedelta(seconds=1))
    return parse(made.pem, name="a.test", path="minted").leaf


@pytest.mark.parametrize(
    ("version", "life", "is_named"),
    [
        ("2.1", timedelta(hours=160), True),
        ("3.9", timedelta(days=30), True),
        ("2.1", timedelta(days=45), False),
        ("2.1", timedelta(days=90), False),
        ("4.0.0-2+deb13u1", timedelta(hours=160), False),
        ("5.8", timedelta(days=30), False),
    ],
)
def test_short_lives_need_a_version_that_knows_them(
    version: str, life: timedelta, is_named: bool
) -> None:
    """Before 4.0 certbot renews 30 days before the end: of such lives at every run."""
    faults = faults_of_lives(parse_version(version), {"a.test (ecdsa)": living(life)})
    assert [fault.path for fault in faults] == ["a.test (ecdsa)"] * is_named
    assert all("certbot_version 4.0" in fault.remedy for fault in faults)


def test_the_words_name_the_life() -> None:
    """And what would come of it."""
    (fault,) = faults_of_lives(Version(2, 1), {"a.test (ecdsa)": living(timedelta(days=20))})
    assert fault.cause.startswith("it lives 20 days, and certbot 2.1 takes for due what has less")
