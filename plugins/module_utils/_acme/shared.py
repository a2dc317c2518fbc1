# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all orders of a run share: store, ledger, and who answers which challenge."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from .._core.errors import EdgeError
from .challenges.http01 import Authorization, answer
from .client import Client
from .ledger import Ledger
from .store import Store


@dataclass
class Shared:
    """Shared by the orders of a run, and so by threads."""

    store: Store
    ledger: Ledger
    _answered: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_answered(self, authorization_url: str) -> bool:
        """Whether an order of this run has answered it or is about to."""
        with self._lock:
            return authorization_url in self._answered

    def answer_once(self, client: Client, authorization: Authorization) -> bool:
        """Answer it unless another order has or is about to; whether this one did.

        If it fails, it is for another order to try.
        """
        with self._lock:
            if authorization.url in self._answered:
                return False
            self._answered.add(authorization.url)
        try:
            answer(client, authorization)
        except EdgeError:
            with self._lock:
                self._answered.discard(authorization.url)
            raise
        return True
