# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of certbot can do, and what is wished of it.

Source: certbot's CHANGELOG, 2.1.0 (Debian 12), 4.0.0 (Debian 13) and 5.8.0 run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from .._acme.wish import Lineage, is_address
from .._core.errors import EdgeError, Fault
from .._pki.x509 import Certificate


@dataclass(frozen=True, order=True)
class Version:
    """A version of certbot."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Ability:
    """Something that not every version can do. ``wanted``: what a lineage asks for, if it does."""

    since: Version
    wanted: Callable[[Lineage], str]


def _wanted_profile(one: Lineage) -> str:
    return f"profiles ({one.profile})" if one.profile else ""


def _wanted_address(one: Lineage) -> str:
    address = next((name for name in one.domains if is_address(name)), "")
    return f"certificates for IP addresses ({address})" if address else ""


OLDEST = Version(2, 1)
ABILITIES = (Ability(Version(4, 0), _wanted_profile), Ability(Version(5, 3), _wanted_address))
BY_LIFETIME = Version(4, 0)
"""Renews with a third of the life left; those before it with 30 days left, whatever the life."""
SHORTEST_BEFORE = timedelta(days=45)
"""With fifteen days between two orders; of what lives 30 days there would be one at every run."""
_NEWER = "set certbot_install: venv (with certbot_version {since} or later), or source: acme"
_VERSION = re.compile(r"(?:certbot )?(\d+)\.(\d+)\S*")


def parse_version(text: str) -> Version:
    """Out of what ``certbot --version`` says, or out of a package's version.

    Raises: `EdgeError` if it is none.
    """
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise EdgeError(f"certbot's version cannot be told from {text[:200]!r}")
    return Version(int(found[1]), int(found[2]))


def faults_of(version: Version, lineages: Sequence[Lineage]) -> tuple[Fault, ...]:
    """Every wish that this version cannot fulfil, and what to do."""
    return tuple(dict.fromkeys(_faults(version, lineages)))


def faults_of_lives(version: Version, held: Mapping[str, Certificate]) -> tuple[Fault, ...]:
    """The certificates that live too short for this version. ``held``: by their names."""
    if version >= BY_LIFETIME:
        return ()
    return tuple(
        Fault(
            name,
            f"it lives {_life(leaf).days} days, and certbot {version} takes for due what has less"
            " than 30 days left, so it would order anew again and again",
            _NEWER.format(since=BY_LIFETIME),
        )
        for name, leaf in held.items()
        if _life(leaf) < SHORTEST_BEFORE
    )


def _life(leaf: Certificate) -> timedelta:
    """Its last second counts. Source: RFC 5280 §4.1.2.5."""
    return leaf.not_after - leaf.not_before + timedelta(seconds=1)


def _faults(version: Version, lineages: Sequence[Lineage]) -> Iterator[Fault]:
    if version < OLDEST:
        cause = f"certbot {version} is older than {OLDEST}, the oldest that is known to work here"
        yield Fault("certbot", cause, _NEWER.format(since=OLDEST))
    for one in lineages:
        for ability in ABILITIES:
            wanted = ability.wanted(one)
            if wanted and version < ability.since:
                cause = f"certbot {version} has no {wanted}, which came with {ability.since}"
                yield Fault(one.name, cause, _NEWER.format(since=ability.since))
