# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a certificate is renewed, and why; pure rules.

Due is what is absent or expired, what differs from the wish (names, profile, chain, issuer; another
key type is another lineage, and absent), and what its CA or its age says. By which client it came
from a listed CA does not matter. The CA says it by a window (ARI, RFC 9773), in which each
certificate has a moment of its own that never changes, so that a fleet spreads its renewals.
Without a window a certificate is due with a third of its lifetime left, or half if it lives under
ten days. A window that comes too late to be true does not postpone past half of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .._pki.x509 import Certificate, is_self_signed
from .wish import Lineage

SHORT_LIFETIME = timedelta(days=10)
SELF_SIGNED = "selfsigned"
"""Stands for the directory of a CA, and for its name, where the certificate is its own CA."""


@dataclass(frozen=True)
class Facts:
    """What is known of a certificate beside itself: where and how it was wished."""

    authority: str
    directory: str
    profile: str | None
    preferred_chain: str | None
    issued_at: datetime


@dataclass(frozen=True)
class Held:
    """The certificate that a lineage has now; ``facts``: ``None`` if it came by another way."""

    leaf: Certificate
    facts: Facts | None


@dataclass(frozen=True)
class Rules:
    """What holds for all certificates of one run.

    ``directories``: of the wished CAs; `SELF_SIGNED` alone where none is wished.
    """

    now: datetime
    directories: tuple[str, ...]
    force: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether it is due, and why or why not."""

    is_due: bool
    reason: str


def judge(lineage: Lineage, held: Held | None, moment: datetime | None, rules: Rules) -> Verdict:
    """Whether a certificate is due. ``moment``: its own one in the CA's window, if it has one."""
    if held is None:
        return Verdict(True, "absent")
    difference = _difference(lineage, held, rules)
    if difference:
        return Verdict(True, difference)
    age = _judge_age(held.leaf, moment, rules.now)
    if rules.force and not age.is_due:
        return Verdict(True, "forced")
    return age


def is_near_end(leaf: Certificate, now: datetime) -> bool:
    """Whether half of the time that renewal has is over, so that any CA is better than none."""
    return now >= leaf.not_after - reserve_of(leaf) / 2


def _judge_age(leaf: Certificate, moment: datetime | None, now: datetime) -> Verdict:
    until = f"valid until {leaf.not_after:%F %R} UTC"
    if now >= leaf.not_after:
        return Verdict(True, f"expired at {leaf.not_after:%F %R} UTC")
    if moment is not None and now >= moment:
        return Verdict(True, f"the CA asks for renewal since {moment:%F %R} UTC, {until}")
    at = _fallback(leaf) if moment is None else moment
    if now >= at or is_near_end(leaf, now):
        share = "half" if _lifetime(leaf) < SHORT_LIFETIME else "a third"
        return Verdict(True, f"less than {share} of its lifetime is left, {until}")
    return Verdict(False, f"{until}, renewal from {at:%F %R} UTC")


def _difference(lineage: Lineage, held: Held, rules: Rules) -> str:
    differences = [_names_difference(lineage, held.leaf)]
    if held.facts is not None:
        differences += _wish_differences(lineage, held.facts)
    differences.append(_origin_difference(held, rules))
    return "; ".join(difference for difference in differences if difference)


def _names_difference(lineage: Lineage, leaf: Certificate) -> str:
    wished, present = set(lineage.domains), set(leaf.names)
    parts = [f"{name} is new" for name in lineage.domains if name not in present]
    parts += [f"{name} is no longer wished" for name in leaf.names if name not in wished]
    shown = parts[:3] + ([f"and {len(parts) - 3} more"] if len(parts) > 3 else [])
    return f"names differ: {', '.join(shown)}" if parts else ""


def _wish_differences(lineage: Lineage, facts: Facts) -> list[str]:
    pairs = [
        ("profile", facts.profile, lineage.profile),
        ("preferred chain", facts.preferred_chain, lineage.preferred_chain),
    ]
    return [
        f"{noun} differs: {was or 'the default'} -> {wished or 'the default'}"
        for noun, was, wished in pairs
        if was != wished
    ]


def _origin_difference(held: Held, rules: Rules) -> str:
    """What is wrong with who signed it; the leaf itself says whether it did so."""
    is_wished_so = SELF_SIGNED in rules.directories
    if is_self_signed(held.leaf):
        return "" if is_wished_so else "it is self-signed, which no client trusts"
    if is_wished_so:
        return f"issued by {held.leaf.issuer}, and a self-signed one is wished"
    if held.facts is not None and held.facts.directory not in rules.directories:
        return f"its CA {held.facts.authority} is no longer listed"
    return ""


def _lifetime(leaf: Certificate) -> timedelta:
    return leaf.not_after - leaf.not_before


def reserve_of(leaf: Certificate) -> timedelta:
    """The time before its end in which it is renewed: a third of its life, half of a short one."""
    lifetime = _lifetime(leaf)
    return lifetime / 2 if lifetime < SHORT_LIFETIME else lifetime / 3


def _fallback(leaf: Certificate) -> datetime:
    return leaf.not_after - reserve_of(leaf)
