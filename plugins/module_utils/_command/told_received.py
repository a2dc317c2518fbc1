# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request of another host is in the journal: a sentence for each thing that it changed."""

from __future__ import annotations

from .._renewal.wire import Action, Answer, KeyState, Reply
from .journal import Journal
from .words import TAKEN, label_of, moment


def tell_reply(journal: Journal, reply: Reply, peer: str) -> None:
    """What a request changed here, and what was refused. ``peer``: where it came from."""
    if reply.error is not None:
        journal.warning(f"a request {peer} was refused: {reply.error}")
    for state, noun in ((reply.account, "ACME"), (reply.certbot_account, "certbot")):
        if state is KeyState.WRITTEN:
            journal.notice(f"the {noun} account key {peer} was written")
        elif state is KeyState.REFUSED:
            journal.warning(f"another {noun} account key than the fleet's, {peer}, was refused")
    for answer in reply.bundles:
        _tell_answer(journal, answer, peer)


def _tell_answer(journal: Journal, answer: Answer, peer: str) -> None:
    if answer.action is Action.REFUSED:
        journal.warning(f"{label_of(answer)} {peer} was refused: {answer.reason}")
    elif answer.action in TAKEN:
        until = f", valid until {moment(answer.not_after)}" if answer.not_after else ""
        journal.notice(f"{label_of(answer)} {peer} {TAKEN[answer.action]}{until}")
