# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real ports: this host's files, commands, clock, sockets and network."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import pwd
import re
import socket
import stat
import tempfile
import time
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from pathlib import Path

from .commands import LocalRunner
from .errors import Busy, Unavailable
from .network import LocalNetwork
from .places import Place, located, names_in
from .ports import ROOT_ONLY, THE_WRITER, Ownership, Ports

_TEMPORARY = re.compile(r"\..+\.(?P<pid>\d{1,7})\.[a-z0-9_]{8}\.edge~")
"""What `LocalFiles.write` writes to first. The dot: HAProxy loads no such file of a folder."""

_WRITTEN_SECONDS = 3600.0
"""No write takes as long, so the number of its process is that of another one by then."""


def _give(descriptor: int, owner: Ownership, place: Place) -> None:
    """Set the owner of what is open and new, whatever its name leads to meanwhile.

    What root puts into a folder of a service's own user belongs to that user, who works on it next.
    """
    user = -1 if owner.user is None else pwd.getpwnam(owner.user).pw_uid  # -1: see chown(2)
    group = -1 if owner.group is None else grp.getgrnam(owner.group).gr_gid
    if owner == THE_WRITER and os.geteuid() == 0:
        above = os.fstat(place.folder)
        user, group = above.st_uid, above.st_gid if above.st_uid else -1
    if (user, group) != (-1, -1):
        os.fchown(descriptor, user, group)


def _is_left(place: Place, pid: int) -> bool:
    """Whether the process that wrote a temporary file is gone."""
    try:
        if time.time() - place.stat().st_mtime > _WRITTEN_SECONDS:
            return True
        os.kill(pid, 0)  # only asks
    except FileNotFoundError:
        return False  # renamed or removed meanwhile
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # somebody else's, and alive
    return False


_absent_is_none = contextlib.suppress(FileNotFoundError, NotADirectoryError)


class LocalFiles:
    """Files of this host. Source: POSIX rename(2), flock(2).

    ``trusted``: the users in whose folders links are followed; root and that of the process.
    """

    def __init__(self, scratch_parent: str, *, trusted: Collection[int] | None = None) -> None:
        self._scratch_parent = scratch_parent
        self._trusted = {0, os.geteuid()} if trusted is None else trusted
        self._swept: set[str] = set()

    def read(self, path: str) -> bytes | None:
        with _absent_is_none, located(path, self._trusted, follows=True) as place:
            descriptor = place.open_file()
            try:
                with os.fdopen(descriptor, "rb", closefd=False) as handle:
                    return handle.read()
            finally:
                os.close(descriptor)
        return None

    def names(self, directory: str) -> tuple[str, ...]:
        with _absent_is_none, located(directory, self._trusted, follows=True) as place:
            descriptor = place.open_folder()
            try:
                return names_in(descriptor)
            finally:
                os.close(descriptor)
        return ()

    def mode(self, path: str) -> int | None:
        with _absent_is_none, located(path, self._trusted, follows=True) as place:
            return stat.S_IMODE(place.stat().st_mode)
        return None

    def modified(self, path: str) -> datetime | None:
        with _absent_is_none, located(path, self._trusted, follows=True) as place:
            return datetime.fromtimestamp(place.stat().st_mtime, timezone.utc)
        return None

    def write(
        self, path: str, content: bytes, *, mode: int = ROOT_ONLY, owner: Ownership = THE_WRITER
    ) -> None:
        with self._place_of(path) as place:
            temporary = place.temporary()
            descriptor = temporary.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, ROOT_ONLY)
            try:
                with os.fdopen(descriptor, "wb") as handle:
                    _give(handle.fileno(), owner, place)
                    os.fchmod(handle.fileno(), mode)
                    handle.write(content)
                    handle.flush()
                    os.fsync(handle.fileno())
                temporary.move(place)
            except BaseException:
                temporary.remove()
                raise

    @contextlib.contextmanager
    def _place_of(self, path: str) -> Iterator[Place]:
        """Of what is written; what runs that were killed left beside it goes first.

        There may be keys in it.
        """
        with located(path, self._trusted) as place:
            folder = path.rpartition("/")[0]
            if folder not in self._swept:
                self._swept.add(folder)
                for one in place.siblings():
                    found = _TEMPORARY.fullmatch(one.name)
                    if found and _is_left(one, int(found["pid"])):
                        one.remove()
            yield place

    def rename(self, source: str, target: str) -> None:
        with located(source, self._trusted) as old, located(target, self._trusted) as new:
            old.move(new)

    def link(self, target: str, path: str) -> None:
        with self._place_of(path) as place:
            temporary = place.temporary()
            os.symlink(target, temporary.name, dir_fd=temporary.folder)
            try:
                temporary.move(place)
            except BaseException:
                temporary.remove()
                raise

    def remove(self, path: str) -> None:
        with _absent_is_none, located(path, self._trusted) as place:
            place.remove()

    def make_directory(
        self, path: str, *, mode: int = 0o700, owner: Ownership = THE_WRITER
    ) -> None:
        above = str(Path(path).parent)
        if self.mode(above) is None:
            self.make_directory(above, mode=0o755)
        with located(path, self._trusted, follows=True) as place:
            is_new = place.make_folder(mode)
            folder = place.open_folder()
            try:
                if is_new:  # the owner of one that exists is a choice that somebody made
                    _give(folder, owner, place)
                os.fchmod(folder, mode)
            finally:
                os.close(folder)

    def scratch(self) -> str:
        return tempfile.mkdtemp(prefix="hitless-edge-", dir=self._scratch_parent)

    @contextlib.contextmanager
    def lock(self, path: str, *, timeout_seconds: float) -> Iterator[None]:
        descriptor = self._open_lock(path)
        try:
            _acquire(descriptor, path, timeout_seconds)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, path: str) -> int:
        flags = os.O_RDWR | os.O_CREAT
        with located(path, self._trusted) as place:
            try:
                descriptor = place.open(flags | os.O_EXCL, ROOT_ONLY)
            except FileExistsError:
                return place.open(flags, ROOT_ONLY)
            try:
                _give(descriptor, THE_WRITER, place)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor


def _acquire(descriptor: int, path: str, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Busy(f"another run holds {path} since over {timeout_seconds:.0f} s") from None
            time.sleep(0.05)
        else:
            return


class SystemClock:
    """This host's clock."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class UnixSocket:
    """UNIX sockets of this host."""

    def ask(self, path: str, request: str, *, timeout_seconds: float = 10.0) -> str:
        deadline = time.monotonic() + timeout_seconds
        parts: list[bytes] = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_seconds)
            try:
                connection.connect(path)
                connection.sendall(request.encode())
                connection.shutdown(socket.SHUT_WR)
                while True:
                    connection.settimeout(max(deadline - time.monotonic(), 0.001))
                    part = connection.recv(65536)
                    if not part:
                        return b"".join(parts).decode(errors="replace")
                    parts.append(part)
            except OSError as error:
                raise Unavailable(f"{path} does not answer: {error}") from error


class ProgressFile:
    """Progress as the content of a file, which the action plugin on the controller reads."""

    def __init__(self, path: str | None) -> None:
        self._path = path

    def report(self, text: str) -> None:
        if self._path:
            Path(self._path).write_text(text, encoding="utf-8")


def local_ports(*, scratch_parent: str, progress_path: str | None = None) -> Ports:
    """All real ports of this host."""
    return Ports(
        files=LocalFiles(scratch_parent),
        runner=LocalRunner(),
        clock=SystemClock(),
        socket=UnixSocket(),
        network=LocalNetwork(),
        progress=ProgressFile(progress_path),
    )
