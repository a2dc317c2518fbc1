# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of this host: what they say is kept, but not without end."""

from __future__ import annotations

import sys
import time

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.commands import (
    MOST_BYTES,
    LocalRunner,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable

ECHO = "import sys; text = sys.stdin.read(); sys.stdout.write(text); sys.stderr.write(text)"
HOLDS_NOTHING = "import os, time; os.close(1); os.close(2); time.sleep(30)"


def test_a_command_tells_its_code_and_its_words() -> None:
    """Both streams are kept."""
    done = LocalRunner().run(
        [sys.executable, "-c", "import sys; print(sys.stdin.read()); sys.exit('bad')"], stdin="in"
    )
    assert (done.rc, done.stdout, done.words) == (1, "in\n", "in\nbad")


def test_a_command_that_is_missing_or_hangs_is_unavailable() -> None:
    """The message names the command."""
    with pytest.raises(Unavailable, match="no command no-such-command"):
        LocalRunner().run(["no-such-command"])
    with pytest.raises(Unavailable, match="did not end"):
        LocalRunner().run(["sleep", "30"], timeout_seconds=0.05)


@pytest.mark.parametrize("size", [0, 1, 65536, 3_000_000])
def test_what_goes_in_and_comes_out_at_once_waits_for_nothing(size: int) -> None:
    """Both pipes are fuller than they can hold, and the command reads all before it writes."""
    text = "x" * size
    done = LocalRunner().run([sys.executable, "-c", ECHO], stdin=text)
    assert (done.rc, done.stdout, done.stderr) == (0, text, text)


def test_a_command_that_echoes_as_it_reads_waits_for_nothing() -> None:
    """What it says is heard while it is still told."""
    text = "line\n" * 500_000
    assert LocalRunner().run(["cat"], stdin=text).stdout == text


def test_a_command_need_not_read_what_it_is_told() -> None:
    """It ends before it has taken all."""
    assert LocalRunner().run(["true"], stdin="x" * 3_000_000).rc == 0


@pytest.mark.parametrize("stream", [1, 2], ids=["stdout", "stderr"])
def test_a_command_that_never_stops_talking_is_stopped(stream: int) -> None:
    """Else whoever is at the other end of it exhausts the memory of this host."""
    begin = time.monotonic()
    with pytest.raises(Unavailable, match=r"^sh said more than 32 MiB and was stopped$"):
        LocalRunner().run(["sh", "-c", f"exec cat /dev/zero >&{stream}"])
    assert time.monotonic() - begin < 30


def test_all_that_may_be_said_is_kept() -> None:
    """To the last byte, and not one more."""
    runner = LocalRunner(most_bytes=100_000)
    assert len(runner.run(["head", "-c", "100000", "/dev/zero"]).stdout) == 100_000
    with pytest.raises(Unavailable, match="head said more"):
        runner.run(["head", "-c", "100001", "/dev/zero"])
    assert MOST_BYTES > 8 * 2**20  # the longest reply of another host


def test_a_command_that_closes_its_streams_has_no_more_time_for_that() -> None:
    """The timeout is that of its end."""
    begin = time.monotonic()
    with pytest.raises(Unavailable, match="did not end"):
        LocalRunner().run([sys.executable, "-c", HOLDS_NOTHING], timeout_seconds=1)
    assert time.monotonic() - begin < 20


def test_what_is_not_text_is_replaced() -> None:
    """A stream is told, whatever its bytes are."""
    assert LocalRunner().run(["printf", r"a\377b"]).stdout == "a\ufffdb"
