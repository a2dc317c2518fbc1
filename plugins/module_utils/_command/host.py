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
from typing import TextIO

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


@contextlib.contextmanager
def standard_streams() -> Iterator[Streams]:
    """Of this process. None of them shall end a renewal.

    Not one that the caller closed, nor a locale that lacks a letter, nor a reader that has gone.
    """
    source, output, errors = map(_or_nothing, (sys.stdin, sys.stdout, sys.stderr))
    for stream in (output, errors):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield Streams(source.buffer, output.buffer, output, errors)
    finally:
        for stream in (output, errors):
            _end(stream)


def _or_nothing(stream: TextIO | None) -> TextIO:
    """The stream, or one with nothing in it whose content is dropped."""
    return stream if stream is not None else io.TextIOWrapper(io.BytesIO())


def _end(stream: TextIO) -> None:
    """Write the rest; what cannot be written is dropped, or Python tries and fails once more."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def this_host(*, is_for_peer: bool) -> Iterator[Outside]:
    """The outside of this process. ``is_for_peer``: its output goes to another host."""
    with ExitStack() as stack:
        streams = stack.enter_context(standard_streams())
        sink = choose_sink(os.environ, streams.errors, is_for_peer=is_for_peer)
        yield Outside(ports_of(stack), streams, Journal(sink), os.environ)
