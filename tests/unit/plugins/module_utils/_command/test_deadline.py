# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody can keep the command waiting for longer than its deadline."""

from __future__ import annotations

import fcntl
import os
import signal

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.deadline import alarm
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable


def test_a_peer_that_says_nothing_is_given_up() -> None:
    """Also in the middle of a read that gets some bytes and waits for more."""
    receiving, sending = os.pipe()
    os.write(sending, b"{")
    with (
        os.fdopen(receiving, "rb") as stream,
        os.fdopen(sending, "wb"),
        pytest.raises(Unavailable, match=r"no end within 0\.05 s"),
        alarm(0.05, "no end"),
    ):
        stream.read(1000)


def test_a_peer_that_does_not_listen_is_given_up() -> None:
    """A reply that it does not read ends too."""
    receiving, sending = os.pipe()
    capacity = fcntl.fcntl(sending, fcntl.F_GETPIPE_SZ)
    with (
        os.fdopen(receiving, "rb"),
        os.fdopen(sending, "wb", buffering=0) as stream,
        pytest.raises(Unavailable, match="no end"),
        alarm(0.05, "no end"),
    ):
        stream.write(bytes(capacity + 1))


def test_what_is_done_in_time_is_left_alone() -> None:
    """And nothing is left behind: neither the timer nor the handler."""
    before = signal.getsignal(signal.SIGALRM)
    with alarm(60, "no end"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_fault_within_ends_the_deadline() -> None:
    """It would strike somewhere else otherwise."""
    with pytest.raises(KeyError), alarm(60, "no end"):
        raise KeyError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
