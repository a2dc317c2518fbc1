# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of two certificates of a lineage wins, wherever they meet: in a play, a push, a store.

The one that begins later wins, of two that begin together the one with the greater fingerprint: a
rule that gives the same result on every host, in whatever order they come.
"""

from __future__ import annotations

from datetime import datetime

from ..._pki.bundle import covers
from ..._pki.x509 import Certificate, is_self_signed
from .disk import Held
from .wish import WantedBundle

Mark = tuple[datetime, str]
"""Beginning and fingerprint: the greater one wins."""


def mark_of(leaf: Certificate) -> Mark:
    """That of a certificate."""
    return leaf.not_before, leaf.fingerprint


def is_newer(held: Held | None, wanted: WantedBundle, now: datetime) -> bool:
    """Whether what is held is newer than what is wanted, and as good.

    So it is where another issuer renewed and could not hand over yet. It counts if it is as we
    wrote it, valid, of a CA, and has all domains. Where the wish does not tell the beginning of
    what is wanted, just that is wanted, be it older.
    """
    leaf = held.leaf if held is not None and held.is_untouched else None
    if leaf is None or wanted.not_before is None or not wanted.fingerprint:
        return False
    is_valid = leaf.not_before <= now < leaf.not_after
    is_complete = all(covers(leaf.names, domain) for domain in wanted.domains)
    mark = wanted.not_before, wanted.fingerprint
    return is_valid and is_complete and not is_self_signed(leaf) and mark_of(leaf) > mark
