# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this host holds of a lineage, and whether something offered is better.

Of two certificates the newer one wins, by the rule of `newer.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from .._acme.due import is_near_end
from .._acme.store import Store
from .._acme.wish import Lineage, Source, Wished
from .._core.ports import Ports
from .._haproxy.delivery.disk import Manifest, parse_manifest, read_held
from .._haproxy.delivery.newer import Mark, mark_of
from .._haproxy.layout import Layout
from .._pki.bundle import file_name
from .._pki.x509 import Certificate, is_self_signed
from .settings import Settings
from .wire import Action


@dataclass(frozen=True)
class Copy:
    """One place for the certificate of a lineage.

    ``leaf``: what is there, ``None`` if nothing can be read. ``counts``: whether it is valid and of
    the wished kind, so that it is not given up for something older. ``obstacle``: why nothing else
    can be put there. ``is_near_end``: so near that one for fewer names is better than none soon.
    """

    leaf: Certificate | None
    counts: bool = False
    obstacle: str = ""
    is_near_end: bool = False

    def compare(self, offered: Mark) -> Action:
        """How it stands to what is offered."""
        if self.leaf is not None and self.leaf.fingerprint == offered[1]:
            return Action.HELD
        if self.leaf is not None and self.counts and mark_of(self.leaf) > offered:
            return Action.NEWER
        return Action.REFUSED if self.obstacle else Action.LACKING


@dataclass(frozen=True)
class Holdings:
    """The copies of one lineage. ``file``: on a balancer; ``store``: on an issuer."""

    lineage: Lineage
    file: Copy | None
    store: Copy | None

    @property
    def best(self) -> Certificate | None:
        """What is held now: what counts before what does not, then the one that wins."""
        leaves = self._counting or tuple(copy.leaf for copy in self._copies if copy.leaf)
        return max(leaves, key=mark_of, default=None)

    def compare(self, mark: Mark | None) -> tuple[Action, str]:
        """How all of it stands to what is offered, if anything; and why that is refused if so."""
        if mark is None:
            return (Action.NEWER if self._counting else Action.LACKING), ""
        found = {copy.compare(mark): copy.obstacle for copy in self._copies}
        if Action.REFUSED in found:
            return Action.REFUSED, found[Action.REFUSED]
        order = (Action.LACKING, Action.NEWER, Action.HELD)
        return next(action for action in order if action in found), ""

    def given_up(self, leaf: Certificate) -> tuple[str, ...]:
        """Names that are wished and served, and would be no more before the present one ends."""
        lasting = (copy.leaf for copy in self._copies if copy.counts and not copy.is_near_end)
        served = {name for leaf in lasting if leaf is not None for name in leaf.names}
        return tuple(one for one in self.lineage.domains if one in served and one not in leaf.names)

    @property
    def _copies(self) -> tuple[Copy, ...]:
        return tuple(copy for copy in (self.file, self.store) if copy is not None)

    @property
    def _counting(self) -> tuple[Certificate, ...]:
        return tuple(copy.leaf for copy in self._copies if copy.leaf and copy.counts)


@dataclass(frozen=True)
class Shelf:
    """Where this host keeps certificates."""

    ports: Ports
    settings: Settings
    layout: Layout

    def holdings(self, wished: Wished) -> Holdings:
        """What is there of a lineage."""
        return Holdings(
            wished.lineage,
            self._file(wished) if self.settings.is_balancer else None,
            self.stored(wished) if self.settings.is_issuer else None,
        )

    @cached_property
    def _manifest(self) -> Manifest:
        return parse_manifest(self.ports.files.read(self.layout.manifest))

    def _file(self, wished: Wished) -> Copy:
        lineage, now = wished.lineage, self.ports.clock.now()
        path = f"{self.layout.certificates}/{file_name(lineage.name, lineage.key_type)}"
        held = read_held(self.ports.files, path, self._manifest, now)
        if held is None:
            return Copy(None)
        obstacle = "" if held.is_ours else f"{path} is there and is not ours; move it away"
        return _copy(held.leaf, wished.source, now, obstacle)

    def stored(self, wished: Wished) -> Copy:
        """What is in the store of it."""
        held = Store(self.ports.files, self.settings.home).held(wished.lineage)
        leaf = held.leaf if held else None
        return _copy(leaf, wished.source, self.ports.clock.now())


def _copy(leaf: Certificate | None, source: Source, now: datetime, obstacle: str = "") -> Copy:
    if leaf is None or not leaf.not_before <= now < leaf.not_after:
        return Copy(leaf, False, obstacle)
    is_wished_kind = source is Source.SELF_SIGNED or not is_self_signed(leaf)
    return Copy(leaf, is_wished_kind, obstacle, is_near_end(leaf, now))
