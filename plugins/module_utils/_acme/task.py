# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an order is for: the wish, and the certificate that it renews."""

from __future__ import annotations

from dataclasses import dataclass

from .ari import Window, certificate_id
from .due import Held
from .wish import Lineage


@dataclass(frozen=True)
class Task:
    """One certificate to get. ``window``: what the CA said of the one held.

    ``asked``: directory of the CA that is asked for the window of one without facts.
    """

    lineage: Lineage
    held: Held | None
    window: Window | None
    reason: str
    asked: str | None = None

    @property
    def origin(self) -> str | None:
        """Directory of the CA that gave the one held; without facts, of who knows a window."""
        if self.held is not None and self.held.facts is not None:
            return self.held.facts.directory
        is_known = self.window is not None and self.window.start is not None
        return self.asked if is_known else None

    def replaced_at(self, directory: str) -> str | None:
        """The ARI name of the certificate held, if this CA gave it and it shares a name.

        Source: RFC 9773 §5.
        """
        if self.held is None or self.origin != directory:
            return None
        shares_a_name = bool(set(self.held.leaf.names) & set(self.lineage.domains))
        return certificate_id(self.held.leaf) if shares_a_name else None
