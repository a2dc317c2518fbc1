# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came out of a process, in a line of the journal: what changed, and what is wrong."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._renewal.report import Report
from ansible_collections.hitless.edge.plugins.module_utils._renewal.sync import Synced
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import Action, Reply

QUIET = (Action.HELD, Action.NEWER)
NOTHING = "nothing to do"


def of_renew(report: Report) -> str:
    """A run of `renew`."""
    done = [
        f"{one.lineage.label} {one.action} ({one.result.reason})"
        for one in report.outcomes
        if one.action != "valid"
    ]
    pushed = [f"pushed to {one.host}" for one in report.pushed if one.changed]
    return "; ".join([*done, *pushed, *report.problems]) or NOTHING


def of_sync(synced: Synced) -> str:
    """A run of `sync`."""
    done = [
        f"{one.name} ({one.key_type}) {one.action} {one.reason}".strip()
        for one in synced.bundles
        if one.action != "unchanged"
    ]
    return "; ".join([*done, *synced.reasons, *([synced.error] if synced.error else [])]) or NOTHING


def of_receive(reply: Reply) -> str:
    """A request that was taken in."""
    done = [
        f"{one.name} ({one.key_type.value}) {one.action.value} {one.reason}".strip()
        for one in reply.bundles
        if one.action not in QUIET
    ]
    return "; ".join([*done, *([reply.error] if reply.error else [])]) or NOTHING
