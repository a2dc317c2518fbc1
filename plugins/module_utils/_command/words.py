# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How certificates, times and what became of a bundle are called."""

from __future__ import annotations

from datetime import datetime, timezone

from .._renewal.wire import Action, Answer

TAKEN = {
    Action.WRITTEN: "is written, and served from the next sync on",
    Action.SWAPPED: "is served now",
    Action.ADDED: "is served now, for the first time",
}


def label_of(answer: Answer) -> str:
    """What a person calls a bundle."""
    return f"certificate {answer.name} ({answer.key_type.value})"


def moment(time: datetime) -> str:
    """A time as people read it."""
    return f"{time.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
