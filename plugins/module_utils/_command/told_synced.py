# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a `sync` is in the journal: a sentence for each thing that was not in line."""

from __future__ import annotations

from .._renewal.sync import BAD, Synced, SyncedBundle
from .journal import Journal

DONE = {
    "written": "is written",
    "swapped": "is served now",
    "added": "is served now, for the first time",
}


def tell_synced(journal: Journal, synced: Synced) -> bool:
    """Tell it; whether there was anything to tell."""
    news = [one for one in synced.bundles if one.action in DONE or one.action in BAD]
    for one in news:
        _tell(journal, one)
    why = "; ".join(synced.reasons) or "it could not be done without"
    if synced.reloaded:
        journal.notice(f"HAProxy was reloaded: {why}")
    elif not synced.hot and synced.error is None:
        journal.warning(f"HAProxy does not serve all that is on disk: {why}")
    if synced.error is not None:
        journal.error(f"HAProxy could not be brought in line: {synced.error}")
    return bool(news) or synced.reloaded or not synced.is_well


def _tell(journal: Journal, one: SyncedBundle) -> None:
    label = f"certificate {one.name} ({one.key_type})"
    if one.action in DONE:
        journal.notice(f"{label} {DONE[one.action]}")
    else:
        journal.warning(f"{label} is {one.action}: {one.reason}")
