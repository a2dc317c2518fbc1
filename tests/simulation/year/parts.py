# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host of the fleet is made of: files, HAProxy, commands; each step may be the last one."""

from __future__ import annotations

import errno
import functools
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    InvalidInput,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    Certificate,
    parse_chain,
)
from fake_certificates import FakeCertificates
from fakes import FakeClock, FakeFiles

from year.fleet import HOME, LAYOUT

Step = Callable[[], None]

CERTIFICATES = (LAYOUT.certificates, f"{HOME}/certificates")


class Killed(BaseException):
    """The process ends here; nothing catches it."""


class Broken(AssertionError):
    """What must hold did not. ``host``: where; empty if it concerns all."""

    def __init__(self, words: str, host: str = "") -> None:
        super().__init__(words)
        self.host = host


@dataclass
class Doom:
    """What ends the next process of a kind that is about to change something.

    ``steps``: how far it comes then. ``strike``: called when it has ended.
    """

    verb: str
    steps: int
    strike: Callable[[], None]


@dataclass
class Process:
    """What runs on a host now. ``left``: how many more steps it takes, ``None`` for all."""

    verb: str
    outcome: str = ""
    left: int | None = None
    doom: Doom | None = None

    def meet(self, dooms: list[Doom]) -> None:
        """Come to where a doom of its kind begins to count."""
        for doom in dooms:
            if self.doom is None and doom.verb == self.verb:
                self.doom, self.left = doom, doom.steps

    def step(self) -> None:
        """Take one."""
        if self.left == 0:
            raise Killed
        if self.left is not None:
            self.left -= 1


@functools.cache
def leaf_of(pem: str) -> Certificate:
    """The leaf of a bundle or a chain."""
    return parse_chain(pem, "pem")[0]


@functools.cache
def is_loadable(pem: str) -> bool:
    """Whether HAProxy starts with it."""
    try:
        found = bundle.parse(pem, name="", path="")
    except InvalidInput:
        return False
    return found.check((), found.leaf.not_before, "") == ()


class HostFiles(FakeFiles):
    """Files of a host; each change is a step of the process that runs.

    ``changes``: how many there were in folders of certificates.
    """

    def __init__(self, clock: FakeClock, step: Step, is_full: Callable[[], bool]) -> None:
        super().__init__(clock)
        self.changes = 0
        self._step = step
        self._is_full = is_full

    def write(self, path: str, content: bytes, **options: Any) -> None:
        self._change(path)
        if self._is_full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        super().write(path, content, **options)
        self.writes.clear()

    def rename(self, source: str, target: str) -> None:
        self._change(target)
        super().rename(source, target)

    def remove(self, path: str) -> None:
        self._change(path)
        super().remove(path)

    def _change(self, path: str) -> None:
        self._step()
        self.changes += path.startswith(CERTIFICATES)


class Haproxy(FakeCertificates):
    """The running HAProxy; each command is a step, and changes of what it serves are counted."""

    def __init__(self, crt_list: str, files: FakeFiles, step: Step) -> None:
        super().__init__(crt_list, files)
        self.changes = 0
        self._step = step
        self._described: dict[tuple[str, str], str] = {}

    def __call__(self, request: str) -> str:
        self._step()
        self.commands.clear()
        return super().__call__(request)

    def start(self) -> None:
        """Load what is on the disk, which HAProxy refuses if a bundle of it is not whole."""
        super().start()
        self.changes += 1
        for path, pem in self.stores.items():
            if not is_loadable(pem):
                raise Broken(f"HAProxy does not start with {path}")

    def _describe(self, path: str) -> str:
        key = (path, self.stores.get(path, ""))
        if key not in self._described:
            self._described[key] = super()._describe(path)
        return self._described[key]

    def _commit_ssl_cert(self, path: str) -> str:
        self.changes += 1
        return super()._commit_ssl_cert(path)

    def _add_ssl_crt_list(self, listing: str, path: str) -> str:
        self.changes += 1
        return super()._add_ssl_crt_list(listing, path)

    def _del_ssl_crt_list(self, listing: str, entry: str) -> str:
        self.changes += 1
        return super()._del_ssl_crt_list(listing, entry)


@dataclass(frozen=True)
class Commands:
    """The commands of a host: the real `openssl` on copies of its files, and systemctl."""

    files: FakeFiles
    is_active: Callable[[], bool]
    step: Step

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float = 60.0, stdin: str = ""
    ) -> Completed:
        """Run one."""
        self.step()
        if list(argv[:2]) == ["systemctl", "is-active"]:
            return Completed(0, "active\n" if self.is_active() else "inactive\n", "")
        if argv[0] != "openssl":
            raise Unavailable(f"there is no command {argv[0]} on this host")
        with tempfile.TemporaryDirectory() as folder:
            words = [self._copied(word, f"{folder}/{n}") for n, word in enumerate(argv)]
            done = subprocess.run(
                words,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=timeout_seconds,
                check=False,
            )
        return Completed(done.returncode, done.stdout, done.stderr)

    def _copied(self, word: str, path: str) -> str:
        content = self.files.content.get(word)
        if content is None:
            return word
        Path(path).write_bytes(content)
        return path
