# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real commands port: commands of this host, of which only so much is read."""

from __future__ import annotations

import os
import select
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Callable

from .errors import Unavailable
from .ports import Completed

MOST_BYTES = 32 * 1024 * 1024
"""Of each stream. Far above what any command has to say; `ssh` says what another host sends."""

PIECE_BYTES = 65536


@dataclass(frozen=True)
class LocalRunner:
    """Commands of this host, in the C locale so that their words are the documented ones.

    ``most_bytes``: of each stream; a command that says more is ended.
    """

    most_bytes: int = MOST_BYTES

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float = 60.0, stdin: str = ""
    ) -> Completed:
        ends_at = time.monotonic() + timeout_seconds
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except FileNotFoundError as error:
            raise Unavailable(f"there is no command {argv[0]} on this host") from error
        with process:  # closes its streams and waits for it, whatever happened
            try:
                stdout, stderr = _Conversation(process, stdin.encode()).held(
                    self.most_bytes, ends_at
                )
                rc = process.wait(max(ends_at - time.monotonic(), 0))
            except subprocess.TimeoutExpired as error:
                process.kill()
                words = f"{argv[0]} did not end within {timeout_seconds:.0f} s"
                raise Unavailable(words) from error
            except _TooMuch:
                process.kill()
                words = f"{argv[0]} said more than {self.most_bytes / 2**20:g} MiB and was stopped"
                raise Unavailable(words) from None
            except BaseException:
                process.kill()
                raise
        return Completed(rc, stdout.decode(errors="replace"), stderr.decode(errors="replace"))


class _TooMuch(Exception):
    """A stream held more than is read."""


class _Conversation:
    """The three streams of a command, each served when it is ready: so none waits for another.

    Source: pipe(7): a pipe that is ready takes PIPE_BUF bytes at once.
    """

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        self._process = process
        self._left = memoryview(stdin)
        self._stdout, self._stderr = bytearray(), bytearray()

    def held(self, most_bytes: int, ends_at: float) -> tuple[bytearray, bytearray]:
        """All that was said until both streams ended.

        Raises: `_TooMuch`, `subprocess.TimeoutExpired`.
        """
        with selectors.DefaultSelector() as streams:
            for stream, event, serve in self._streams():
                streams.register(stream, event, (stream, serve))
            while streams.get_map():
                seconds = ends_at - time.monotonic()
                if seconds <= 0:
                    raise subprocess.TimeoutExpired(self._process.args, seconds)
                for key, _events in streams.select(seconds):
                    stream, serve = key.data
                    if serve(stream):
                        streams.unregister(stream)
                        stream.close()  # else a command that reads to the end waits for more
                if max(len(self._stdout), len(self._stderr)) > most_bytes:
                    raise _TooMuch
        return self._stdout, self._stderr

    def _streams(self) -> Iterator[tuple[IO[bytes], int, Callable[[IO[bytes]], bool]]]:
        process = self._process
        if process.stdin and process.stdout and process.stderr:
            yield process.stdout, selectors.EVENT_READ, partial(_hear, self._stdout)
            yield process.stderr, selectors.EVENT_READ, partial(_hear, self._stderr)
            yield process.stdin, selectors.EVENT_WRITE, self._tell

    def _tell(self, stream: IO[bytes]) -> bool:
        """Hand over what it takes; whether that was all, or nobody reads any more."""
        try:
            self._left = self._left[os.write(stream.fileno(), self._left[: select.PIPE_BUF]) :]
        except BrokenPipeError:
            return True
        return not self._left


def _hear(said: bytearray, stream: IO[bytes]) -> bool:
    """Take what there is; whether that was the end."""
    piece = os.read(stream.fileno(), PIECE_BYTES)
    said += piece
    return not piece
