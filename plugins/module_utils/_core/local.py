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
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from .errors import Busy, Unavailable
from .network import LocalNetwork
from .ports import ROOT_ONLY, THE_WRITER, Completed, Ownership, Ports

_TEMPORARY = re.compile(r"\..+\.(?P<pid>\d{1,7})\.[a-z0-9_]{8}\.edge~")
"""What `LocalFiles.write` writes to first. The dot: HAProxy loads no such file of a folder."""

_WRITTEN_SECONDS = 3600.0
"""No write takes as long, so the number of its process is that of another one by then."""


def _give(descriptor: int, mode: int, owner: Ownership, folder: str) -> None:
    """Set owner and mode of what is open, whatever its name leads to meanwhile.

    What root puts into a folder of a service's own user belongs to that user, who works on it next.
    """
    user = -1 if owner.user is None else pwd.getpwnam(owner.user).pw_uid  # -1: see chown(2)
    group = -1 if owner.group is None else grp.getgrnam(owner.group).gr_gid
    if owner == THE_WRITER and os.geteuid() == 0:
        above = Path(folder or ".").stat()
        user, group = above.st_uid, above.st_gid if above.st_uid else -1
    if (user, group) != (-1, -1):
        os.fchown(descriptor, user, group)
    os.fchmod(descriptor, mode)


def _keep_names(folder: str) -> None:
    """Have the names of a folder survive a power cut. Source: fsync(2), on directories."""
    descriptor = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_left(path: str, pid: int) -> bool:
    """Whether the process that wrote a temporary file is gone."""
    try:
        if time.time() - Path(path).stat().st_mtime > _WRITTEN_SECONDS:
            return True
        os.kill(pid, 0)  # only asks
    except FileNotFoundError:
        return False  # renamed or removed meanwhile
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # somebody else's, and alive
    return False


class LocalFiles:
    """Files of this host. Source: POSIX rename(2), flock(2)."""

    def __init__(self, scratch_parent: str) -> None:
        self._scratch_parent = scratch_parent
        self._swept: set[str] = set()

    def read(self, path: str) -> bytes | None:
        try:
            return Path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, directory: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(entry.name for entry in Path(directory).iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def mode(self, path: str) -> int | None:
        try:
            return stat.S_IMODE(Path(path).stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def modified(self, path: str) -> datetime | None:
        try:
            return datetime.fromtimestamp(Path(path).stat().st_mtime, timezone.utc)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(
        self, path: str, content: bytes, *, mode: int = ROOT_ONLY, owner: Ownership = THE_WRITER
    ) -> None:
        folder, name = os.path.split(path)
        self._sweep_once(folder)
        prefix, suffix = f".{name}.{os.getpid()}.", ".edge~"
        descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                _give(handle.fileno(), mode, owner, folder)
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
        _keep_names(folder)

    def _sweep_once(self, folder: str) -> None:
        """Remove what runs that were killed left in a folder; there may be keys in it."""
        if folder in self._swept:
            return
        self._swept.add(folder)
        for name in self.names(folder):
            found = _TEMPORARY.fullmatch(name)
            if found and _is_left(f"{folder}/{name}", int(found["pid"])):
                self.remove(f"{folder}/{name}")

    def rename(self, source: str, target: str) -> None:
        Path(source).replace(target)
        _keep_names(str(Path(target).parent))

    def link(self, target: str, path: str) -> None:
        folder, name = os.path.split(path)
        self._sweep_once(folder)
        temporary = Path(folder, f".{name}.{os.getpid()}.{secrets.token_hex(4)}.edge~")
        temporary.symlink_to(target)
        try:
            temporary.replace(path)
        except BaseException:
            temporary.unlink()
            raise
        _keep_names(folder)

    def remove(self, path: str) -> None:
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path)
        else:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                Path(path).unlink()

    def make_directory(
        self, path: str, *, mode: int = 0o700, owner: Ownership = THE_WRITER
    ) -> None:
        is_new = not Path(path).is_dir()
        Path(path).mkdir(mode=mode, parents=True, exist_ok=True)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # The owner of one that exists is a choice that somebody made.
            _give(folder, mode, owner, str(Path(path).parent) if is_new else path)
        finally:
            os.close(folder)

    def scratch(self) -> str:
        return tempfile.mkdtemp(prefix="hitless-edge-", dir=self._scratch_parent)

    @contextlib.contextmanager
    def lock(self, path: str, *, timeout_seconds: float) -> Iterator[None]:
        is_new = self.mode(path) is None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, ROOT_ONLY)
        try:
            if is_new:
                _give(descriptor, ROOT_ONLY, THE_WRITER, str(Path(path).parent))
            _acquire(descriptor, path, timeout_seconds)
            yield
        finally:
            os.close(descriptor)


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


class LocalRunner:
    """Commands of this host, in the C locale so that their words are the documented ones."""

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float = 60.0, stdin: str = ""
    ) -> Completed:
        try:
            done = subprocess.run(
                list(argv),
                input=stdin.encode(),
                capture_output=True,
                timeout=timeout_seconds,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except FileNotFoundError as error:
            raise Unavailable(f"there is no command {argv[0]} on this host") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{argv[0]} did not end within {timeout_seconds:.0f} s") from error
        return Completed(
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )


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
