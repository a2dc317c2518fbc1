# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as users write and HAProxy reads them: ``500ms``, ``15s``, ``2m``, ``1h``, ``1d``."""

from __future__ import annotations

import re
from datetime import timedelta

from ..._core.reader import Reader

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = re.compile(r"(\d{1,10})(ms|s|m|h|d)", re.ASCII)
LONGEST = timedelta(days=24)
"""HAProxy keeps timers in 31 bits of milliseconds. Source: configuration manual §2.5."""


def read_duration(reader: Reader, default: timedelta | None = None) -> timedelta:
    """A duration of one millisecond to 24 days."""
    if not reader.is_given and default is not None:
        return default
    match = _DURATION.fullmatch(reader.value) if isinstance(reader.value, str) else None
    if match is None:
        # A bare number means milliseconds to HAProxy and seconds to most people.
        found = f"{reader.value!r}"[:60]
        reader.fault(f"{found} is not a duration", 'write a number and its unit, such as "15s"')
        return LONGEST
    duration = int(match[1]) * _UNITS[match[2]] if int(match[1]) < 10**9 * 3 else 2 * LONGEST
    if not timedelta(0) < duration <= LONGEST:
        reader.fault(f"{match[0]} is out of range (1ms-24d)")
    return duration


def render_duration(duration: timedelta) -> str:
    """The shortest exact way to write it."""
    unit, length = next(
        (unit, length) for unit, length in _UNITS.items() if duration % length == timedelta(0)
    )
    return f"{duration // length}{unit}"
