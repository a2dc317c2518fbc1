# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bundle of a request, before and after it is compared with what this host holds."""

from __future__ import annotations

from dataclasses import dataclass

from .._acme.wish import Wished
from .._haproxy.delivery.newer import Mark, mark_of
from .._haproxy.delivery.wish import WantedBundle
from .._pki.bundle import Bundle
from .._pki.x509 import Certificate
from .holdings import Copy, Holdings, Shelf
from .wire import Action, Answer, Offer
from .wire_fields import shortened


@dataclass(frozen=True)
class Case:
    """One bundle of a request.

    ``bundle``: what came and may be had. ``refusal``: why it may not.
    """

    offer: Offer
    wished: Wished | None = None
    bundle: Bundle | None = None
    refusal: str = ""

    @property
    def mark(self) -> Mark | None:
        """What decides whether it wins; of what came, not of what was said of it."""
        if self.bundle is not None:
            return mark_of(self.bundle.leaf)
        if self.offer.fingerprint is None or self.offer.not_before is None:
            return None
        return self.offer.not_before, self.offer.fingerprint


@dataclass(frozen=True)
class Compared:
    """A case against what is held. ``action``: what is to be done, or was found."""

    case: Case
    holdings: Holdings | None
    action: Action
    reason: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether what came is to be written somewhere."""
        return self.action is Action.LACKING and self.case.bundle is not None

    @property
    def store_lacks(self) -> bool:
        """Whether what came belongs into the store."""
        store = self.holdings.store if self.holdings else None
        return self.is_accepted and self._stands(store, Action.LACKING)

    @property
    def wanted(self) -> WantedBundle | None:
        """What the balancer's file shall hold: what came, or what is there if that is right."""
        copy, case = self.holdings.file if self.holdings else None, self.case
        if self.is_accepted and case.bundle and self._stands(copy, Action.LACKING):
            return _wanted(case, case.bundle.leaf, case.bundle.render())
        if copy and copy.leaf and self._stands(copy, Action.HELD):
            return _wanted(case, copy.leaf, "")
        return None

    def _stands(self, copy: Copy | None, action: Action) -> bool:
        mark = self.case.mark
        return copy is not None and mark is not None and copy.compare(mark) is action

    @property
    def leaf(self) -> Certificate | None:
        """What is held."""
        return self.holdings.best if self.holdings else None

    def answer(self, action: Action, reason: str, leaf: Certificate | None) -> Answer:
        """What the sender is told."""
        return Answer(
            name=self.case.offer.name,
            key_type=self.case.offer.key_type,
            action=action,
            reason=shortened(reason),
            fingerprint=leaf.fingerprint if leaf else None,
            not_before=leaf.not_before if leaf else None,
            not_after=leaf.not_after if leaf else None,
        )


def compare(shelf: Shelf, case: Case) -> Compared:
    """A case against what this host holds now."""
    holdings = shelf.holdings(case.wished) if case.wished else None
    if case.refusal or holdings is None:
        return Compared(case, holdings, Action.REFUSED, case.refusal)
    action, reason = holdings.compare(case.mark)
    if action is Action.LACKING and case.bundle:
        lost = holdings.given_up(case.bundle.leaf)
        if lost:
            reason = f"gives up {', '.join(lost)[:200]}, which the valid one that is held has"
            return Compared(case, holdings, Action.REFUSED, reason)
    return Compared(case, holdings, action, reason)


def _wanted(case: Case, leaf: Certificate, pem: str) -> WantedBundle:
    return WantedBundle(
        where=f"{case.offer.name} ({case.offer.key_type.value})",
        name=case.offer.name,
        key_type=case.offer.key_type,
        domains=leaf.names,
        fingerprint=leaf.fingerprint,
        pem=pem,
    )
