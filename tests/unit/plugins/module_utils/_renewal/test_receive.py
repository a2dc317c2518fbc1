# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What another host says, taken in."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
)
from receiving import Receiver, issue, leaf_of, offer

OLD, NEW = issue("a.test", "www.a.test"), issue("a.test", "www.a.test", age=issue.__wrapped__ and __import__("datetime").timedelta(0))


def test_a_bundle_is_asked_for_and_taken() -> None:
    """Lacking, then served, on disk and in the store."""
    host = Receiver()
    (answer,) = host.tell(offer("a.test", OLD, only_asks=True))
    assert (answer.action, answer.fingerprint) == (Action.LACKING, None)
    (answer,) = host.tell(offer("a.test", OLD))
    assert answer.action is Action.ADDED, answer
    assert host.serves("a.test") == leaf_of(OLD).fingerprint == host.stored("a.test")
    (answer,) = host.tell(offer("a.test", OLD))
    assert answer.action is Action.HELD, answer
