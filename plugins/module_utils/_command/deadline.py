# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A limit in seconds for something that another one may delay without end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Callable

from .._core.errors import Unavailable

Deadline = Callable[[float, str], "contextlib.AbstractContextManager[None]"]
"""Within it, `Unavailable` is raised once the seconds are over; with the words for what was not."""


@contextlib.contextmanager
def alarm(seconds: float, words: str) -> Iterator[None]:
    """The deadline of this process; only in its main thread, and not one within another.

    It ends a read or write that waits, and so bounds all of them together, however slow a peer
    sends byte after byte. Source: signal(7), "Interruption of system calls"; PEP 475.
    """

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise Unavailable(f"{words} within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
