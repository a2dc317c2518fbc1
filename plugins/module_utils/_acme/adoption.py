# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are on the host already, taken into the store instead of new ones.

One fits if it is just what would be ordered, and not due: the same names and kind of key, a chain
in order that leads to a root of the listed CAs, as every host demands of what it receives. It is
copied, never linked, and what was there stays: it is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .._core.errors import Fault, Unavailable
from .._core.ports import Ports
from .._pki.bundle import Bundle
from .._pki.existing import Candidate, read_existing
from .._pki.trust import Roots
from .due import Facts, Held, Rules, judge
from .wish import Lineage, Wish

TOLD_AT_MOST = 3


@dataclass(frozen=True)
class Existing:
    """A certificate that fits, as the store will have it."""

    path: str
    bundle: Bundle
    facts: Facts


@dataclass(frozen=True)
class Looked:
    """What was found for a lineage. ``passed_over``: what came close, each with the reason."""

    existing: Existing | None
    passed_over: tuple[str, ...] = ()


def look_around(ports: Ports, lineages: Sequence[Lineage], wish: Wish) -> dict[Lineage, Looked]:
    """For each of these lineages what ``wish.adopt`` holds; nothing is read if there is none."""
    if not lineages or not wish.adopt:
        return {}
    candidates = read_existing(ports.files, wish.adopt)
    return {lineage: _look(lineage, candidates, ports, wish) for lineage in lineages}


def _look(lineage: Lineage, candidates: Iterable[Candidate], ports: Ports, wish: Wish) -> Looked:
    fitting: list[Existing] = []
    passed_over: list[str] = []
    for candidate in candidates:
        found = _judge(lineage, candidate, ports, wish)
        if isinstance(found, Existing):
            fitting.append(found)
        elif _is_close(lineage, candidate):
            passed_over.append(f"{candidate.path} {found}")
    if fitting:
        return Looked(max(fitting, key=lambda one: one.bundle.leaf.not_after))
    return Looked(None, tuple(passed_over[:TOLD_AT_MOST]))


def _judge(lineage: Lineage, candidate: Candidate, ports: Ports, wish: Wish) -> Existing | str:
    """What is taken over, or why it is not."""
    if candidate.bundle is None:
        return candidate.fault
    rules = Rules(ports.clock.now(), tuple(ca.directory for ca in wish.authorities))
    bundle = replace(candidate.bundle, name=lineage.name)
    if candidate.directory and candidate.directory not in rules.directories:
        return f"is of {candidate.directory}, which is not listed"
    existing = Existing(candidate.path, bundle, _facts(lineage, candidate, bundle, wish))
    return _difference(lineage, existing, rules) or _mistrust(existing, ports, wish) or existing


def _facts(lineage: Lineage, candidate: Candidate, bundle: Bundle, wish: Wish) -> Facts:
    """As if it had been ordered: it is renewed in its time, not at once."""
    noted = [ca for ca in wish.authorities if ca.directory == candidate.directory]
    authority = (noted or wish.authorities)[0]
    return Facts(
        authority=authority.name,
        directory=authority.directory,
        profile=lineage.profile,
        preferred_chain=lineage.preferred_chain,
        issued_at=bundle.leaf.not_before,
    )


def _difference(lineage: Lineage, existing: Existing, rules: Rules) -> str:
    """The first thing in which it is not what would be ordered; empty if there is none."""
    bundle = existing.bundle
    if bundle.key_type is not lineage.key_type:
        return f"has a key of another kind ({bundle.key_type.value})"
    if set(bundle.leaf.names) != set(lineage.domains):
        return f"has other names ({', '.join(bundle.leaf.names[:TOLD_AT_MOST]) or 'none'})"
    verdict = judge(lineage, Held(bundle.leaf, existing.facts), None, rules)
    if verdict.is_due:
        return f"is due: {verdict.reason}"
    return _unusable(bundle.check(lineage.domains, rules.now, ""))


def _mistrust(existing: Existing, ports: Ports, wish: Wish) -> str:
    """Why clients would not trust it, such as one of a trial; asked last, as it takes a process."""
    roots = Roots(ports, tuple(dict.fromkeys(ca.roots for ca in wish.authorities)))
    try:
        return _unusable(roots.judge(existing.bundle.chain, existing.path))
    except Unavailable as error:
        return f"cannot be judged: {error.message}"


def _unusable(faults: Sequence[Fault]) -> str:
    causes = "; ".join(fault.cause for fault in faults)
    return f"is not to be used: {causes}" if causes else ""


def _is_close(lineage: Lineage, candidate: Candidate) -> bool:
    """Whether somebody may wonder why it was not taken."""
    names = set(candidate.bundle.leaf.names) if candidate.bundle else set()
    return bool(names & set(lineage.domains)) or candidate.stem in (lineage.name, *lineage.domains)
