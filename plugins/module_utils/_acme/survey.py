# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is and what is due, before anything is done."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .._core.ports import Clock, Ports
from .adoption import Existing, Looked, look_around
from .ari import Window, certificate_id
from .client import Desk
from .due import Held, Rules, Verdict, judge
from .renewals import Renewals
from .store import Store
from .wish import Lineage, Wish


@dataclass(frozen=True)
class Found:
    """A lineage with what it holds, and whether that is due. ``deferred``: why not to order it.

    ``existing``: what is on the host and fits, where the store holds nothing; then nothing is due.
    """

    lineage: Lineage
    held: Held | None
    window: Window | None
    verdict: Verdict
    deferred: str | None = None
    existing: Existing | None = None

    def with_existing(self, looked: Looked | None) -> Found:
        """As it is after a look around the host."""
        if looked is None:
            return self
        if looked.existing is not None:
            verdict = Verdict(False, f"taken over from {looked.existing.path}")
            return replace(self, verdict=verdict, existing=looked.existing)
        reason = "; ".join((self.verdict.reason, *looked.passed_over))
        return replace(self, verdict=replace(self.verdict, reason=reason))

    @property
    def is_to_do(self) -> bool:
        """Whether it is to be ordered now."""
        return self.verdict.is_due and self.deferred is None


@dataclass(frozen=True)
class Surveyor:
    """Looks at every wished lineage; asks CAs only for renewal information.

    ``around``: the host to look around on for what the store lacks; ``None`` to look nowhere else.
    """

    store: Store
    clock: Clock
    desk: Desk
    around: Ports | None = None

    def survey(self, wish: Wish) -> tuple[Found, ...]:
        """Every lineage of the wish, in its order."""
        now = self.clock.now()
        held = {lineage: self.store.held(lineage) for lineage in wish.lineages}
        remembered = self.store.windows()
        renewals = Renewals(self.desk, wish.authorities, remembered)
        windows = renewals.consult([item for item in held.values() if item is not None], now)
        if windows != remembered:
            # A cache of what the CA said: in check mode as well, and no reason to stop if the
            # disk is full, for what is held can be told.
            with contextlib.suppress(OSError):
                self.store.save_windows(windows)
        rules = Rules(now, tuple(ca.directory for ca in wish.authorities), wish.force)
        found = (_find(lineage, item, windows, rules) for lineage, item in held.items())
        looked = self._look_around(wish, held)
        return tuple(
            Found(lineage, item, window, verdict, wish.deferred.get(lineage.name)).with_existing(
                looked.get(lineage)
            )
            for lineage, item, window, verdict in found
        )

    def _look_around(
        self, wish: Wish, held: Mapping[Lineage, Held | None]
    ) -> Mapping[Lineage, Looked]:
        """What is on the host for lineages that hold nothing; who forces wants new ones."""
        if self.around is None or wish.force:
            return {}
        return look_around(self.around, [one for one, item in held.items() if item is None], wish)


def _find(
    lineage: Lineage, held: Held | None, windows: Mapping[str, Window], rules: Rules
) -> tuple[Lineage, Held | None, Window | None, Verdict]:
    name = certificate_id(held.leaf) if held is not None else None
    window = windows.get(name) if name is not None else None
    moment = window.moment(name) if window is not None and name is not None else None
    return lineage, held, window, judge(lineage, held, moment, rules)
