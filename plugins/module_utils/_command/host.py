# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real outside: this process on this host."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from .._core.local import LocalFiles, local_ports
from .._core.ports import Ports
from .journal import Journal, choose_sink
from .outside import Outside, Streams


class OwnScratch(LocalFiles):
    """Files of this host; scratch folders are made when they are asked for, and end with us."""

    def __init__(self, stack: ExitStack) -> None:
        super().__init__("")
        self._stack = stack

    def scratch(self) -> str:
        return self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hitless-edge-"))


def ports_of(stack: ExitStack) -> Ports:
    """The real ports; ``stack`` is closed when the process ends."""
    return replace(local_ports(scratch_parent=""), files=OwnScratch(stack))


def standard_streams() -> Streams:
    """Of this process. A locale that lacks a letter shall not end a renewal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Streams(sys.stdin.buffer, sys.stdout.buffer, sys.stdout, sys.stderr)


@contextlib.contextmanager
def this_host(*, is_for_peer: bool) -> Iterator[Outside]:
    """The outside of this process. ``is_for_peer``: its output goes to another host."""
    streams = standard_streams()
    sink = choose_sink(os.environ, streams.errors, is_for_peer=is_for_peer)
    with ExitStack() as stack:
        yield Outside(ports_of(stack), streams, Journal(sink), os.environ)
