# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown is whole lines, and whether a person sees them is known."""

from __future__ import annotations

import io

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import Journal, plain
from ansible_collections.hitless.edge.plugins.module_utils._command.outside import Outside, Streams
from fakes import FakeHost


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def outside(output: io.StringIO) -> Outside:
    """With this output."""
    streams = Streams(io.BytesIO(), io.BytesIO(), output, io.StringIO())
    return Outside(FakeHost().ports, streams, Journal(plain(streams.errors)), {})


@pytest.mark.parametrize("text", ["a\nb", "a\nb\n"])
def test_what_is_shown_ends_with_one_line_break(text: str) -> None:
    """Metrics have theirs already."""
    output = io.StringIO()
    outside(output).show(text)
    assert output.getvalue() == "a\nb\n"


def test_a_terminal_is_watched_and_a_file_is_not() -> None:
    """Nor is the journal."""
    assert outside(Terminal()).is_watched
    assert not outside(io.StringIO()).is_watched
