# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each certificate, as the module returns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .._core.errors import EdgeError, Refused
from .._pki.x509 import Certificate
from .adoption import Existing
from .problems import RateLimited
from .survey import Found
from .wish import Lineage, Wish


class Action(Enum):
    """What was done, or would be."""

    VALID = "valid"
    ISSUED = "issued"
    RENEWED = "renewed"
    ADOPTED = "adopted"
    FAILED = "failed"
    DEFERRED = "deferred"
    WOULD_ISSUE = "would_issue"
    WOULD_ADOPT = "would_adopt"


DONE = (Action.ISSUED, Action.RENEWED, Action.ADOPTED)


@dataclass(frozen=True)
class Result:
    """What became of one certificate. ``leaf``: the one held now."""

    action: Action
    reason: str
    authority: str | None = None
    leaf: Certificate | None = None
    error: EdgeError | None = None

    def to_json(self, lineage: Lineage) -> dict[str, Any]:
        """As the module returns it."""
        retry_at = getattr(self.error, "retry_at", None)
        return {
            "name": lineage.name,
            "key_type": lineage.key_type.value,
            "domains": list(lineage.domains),
            "covered": list(self.leaf.names) if self.leaf else [],
            "action": self.action.value,
            "reason": self.reason,
            "ca": self.authority,
            "fingerprint": self.leaf.fingerprint if self.leaf else None,
            "not_before": self.leaf.not_before.isoformat() if self.leaf else None,
            "not_after": self.leaf.not_after.isoformat() if self.leaf else None,
            "retry_at": retry_at.isoformat() if retry_at else None,
            "error": str(self.error) if self.error else None,
        }


Results = dict[Lineage, Result]


def standing(found: tuple[Found, ...], wish: Wish) -> Results:
    """What can be said before anything is done."""
    return {item.lineage: _standing(item, wish) for item in found}


def _standing(item: Found, wish: Wish) -> Result:
    if item.existing is not None:
        return adopted(item, item.existing, Action.WOULD_ADOPT)
    leaf = item.held.leaf if item.held else None
    if item.is_to_do:
        first = wish.authorities[0].name
        return Result(Action.WOULD_ISSUE, item.verdict.reason, first, leaf)
    facts = item.held.facts if item.held else None
    authority = facts.authority if facts else None
    if item.verdict.is_due:
        reason = f"{item.verdict.reason}; {item.deferred}"
        return Result(Action.DEFERRED, reason, authority, leaf)
    return Result(Action.VALID, item.verdict.reason, authority, leaf)


def adopted(item: Found, existing: Existing, action: Action = Action.ADOPTED) -> Result:
    """The result of taking over what is on the host."""
    leaf, authority = existing.bundle.leaf, existing.facts.authority
    return Result(action, item.verdict.reason, authority, leaf)


def report(results: Results) -> dict[str, Any]:
    """All results, and the failures once more."""
    certificates = [result.to_json(lineage) for lineage, result in results.items()]
    failed = Action.FAILED.value
    failures = [item for item in certificates if item["action"] == failed]
    return {"certificates": certificates, "failures": failures}


def outcome(results: Results, *, failures_are_fatal: bool) -> Mapping[str, Any]:
    """The report of a run that is over, and whether it changed anything.

    Raises: `Refused` with all of it in its details, if a certificate failed and that is fatal.
    """
    done = sum(result.action in DONE for result in results.values())
    told = {**report(results), "changed": done > 0}
    failures = told["failures"]
    if failures and failures_are_fatal:
        words = "\n".join(f"{f['name']} ({f['key_type']}): {f['error']}" for f in failures)
        noun = "certificate" if len(failures) == 1 else "certificates"
        raise Refused(f"{len(failures)} {noun} could not be had, {done} were", words, **told)
    return told


def as_one(errors: tuple[EdgeError, ...]) -> EdgeError:
    """Refusals of several CAs as one, with the earliest moment to try again."""
    if len(errors) == 1:
        return errors[0]
    text = "; ".join(str(error) for error in errors)
    moments = [error.retry_at for error in errors if isinstance(error, RateLimited)]
    return RateLimited(text, min(moments)) if moments else Refused(text)


def shown_before(found: tuple[Found, ...]) -> dict[str, Mapping[str, Any]]:
    """What a diff shows of what is due."""
    return {
        item.lineage.label: {
            "domains": sorted(item.held.leaf.names),
            "issuer": item.held.leaf.issuer,
            "not_after": item.held.leaf.not_after.isoformat(),
        }
        for item in found
        if item.is_to_do and item.held is not None
    }


def shown_after(found: tuple[Found, ...], wish: Wish) -> dict[str, Mapping[str, Any]]:
    """What a diff shows of what will be."""
    taken: dict[str, Mapping[str, Any]] = {
        item.lineage.label: {
            "domains": sorted(item.lineage.domains),
            "ca": item.existing.facts.authority,
            "reason": item.verdict.reason,
        }
        for item in found
        if item.existing is not None
    }
    return taken | {
        item.lineage.label: {
            "domains": sorted(item.lineage.domains),
            "ca": wish.authorities[0].name,
            "reason": item.verdict.reason,
            **({"profile": item.lineage.profile} if item.lineage.profile else {}),
        }
        for item in found
        if item.is_to_do
    }
