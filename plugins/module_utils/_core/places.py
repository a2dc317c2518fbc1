# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a path leads, opened component by component.

Root works in folders of a service's own user, who could put a link there between two looks, to have
root read, give away or remove another file. So a path is walked once, to an open folder and a name
in it, and from the first folder of such a user on no link is followed. Links in folders of root,
and of the user of the process, are followed: whoever may set those needs no detour.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_WALKED = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINKS = 40
"""How many are followed. Source: path_resolution(7)."""


@dataclass(frozen=True)
class Place:
    """A name in an open folder. ``is_foreign``: somebody else may change what the name means."""

    folder: int
    name: str
    is_foreign: bool

    def stat(self) -> os.stat_result:
        """Of what has the name, be it a link.

        Raises: `FileNotFoundError`, also for a link of somebody else.
        """
        found = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        if self.is_foreign and stat.S_ISLNK(found.st_mode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.name)
        return found

    def open(self, flags: int, mode: int = 0) -> int:
        """A descriptor of what has the name, never by a link. Raises: `OSError`."""
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self.name, flags, mode, dir_fd=self.folder)

    def open_file(self) -> int:
        """A descriptor to read from.

        Raises: `FileNotFoundError`, also for what is no file and somebody else's: a link would lead
        elsewhere, a pipe would never end.
        """
        if not self.is_foreign:
            return self.open(os.O_RDONLY)
        self.stat()
        descriptor = self.open(os.O_RDONLY | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.name)

    def open_folder(self) -> int:
        """A descriptor to list, or to set modes by. Raises: `OSError`."""
        return self.open(_LISTED)

    def temporary(self) -> Place:
        """A new name beside it; `LocalFiles` tells by it what a run that was killed has left."""
        name = f".{self.name}.{os.getpid()}.{secrets.token_hex(4)}.edge~"
        return Place(self.folder, name, self.is_foreign)

    def move(self, target: Place) -> None:
        """Rename, and have the new name survive a power cut.

        Source: rename(2); fsync(2), on directories.
        """
        os.rename(self.name, target.name, src_dir_fd=self.folder, dst_dir_fd=target.folder)
        descriptor = os.open(".", _LISTED, dir_fd=target.folder)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_folder(self, mode: int) -> bool:
        """Make a folder of that name; ``False`` if something has the name already."""
        try:
            os.mkdir(self.name, mode, dir_fd=self.folder)
        except FileExistsError:
            return False
        return True

    def siblings(self) -> Iterator[Place]:
        """All names of the folder."""
        descriptor = os.open(".", _LISTED, dir_fd=self.folder)
        try:
            names = names_in(descriptor)
        finally:
            os.close(descriptor)
        return (Place(self.folder, name, self.is_foreign) for name in names)

    def remove(self) -> None:
        """Remove what has the name, a folder with all it holds; no error if there is none."""
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                os.unlink(self.name, dir_fd=self.folder)
                return
            descriptor = self.open_folder()
            try:
                for name in names_in(descriptor):
                    Place(descriptor, name, self.is_foreign).remove()
            finally:
                os.close(descriptor)
            os.rmdir(self.name, dir_fd=self.folder)


def names_in(folder: int) -> tuple[str, ...]:
    """Sorted names of an open folder."""
    with os.scandir(folder) as entries:
        return tuple(sorted(entry.name for entry in entries))


@contextlib.contextmanager
def located(path: str, trusted: Collection[int], *, follows: bool = False) -> Iterator[Place]:
    """The folder of a path, open, and the name in it.

    ``trusted``: users whose links are followed. ``follows``: also one that has the name itself.
    Raises: `OSError` that names the path.
    """
    try:
        walk = _Walk(path, trusted)
        try:
            yield walk.place(follows=follows)
        finally:
            os.close(walk.folder)
    except OSError as error:
        error.filename = path
        raise


class _Walk:
    """A walk along a path. ``folder``: how far it came."""

    def __init__(self, path: str, trusted: Collection[int]) -> None:
        self._trusted = trusted
        self._links = 0
        self._left: list[str] = []
        self._is_foreign = False
        self._push(path)
        self.folder = os.open("/" if path.startswith("/") else ".", _WALKED)

    def place(self, *, follows: bool) -> Place:
        """Walk to the end."""
        while True:
            self._is_foreign |= os.fstat(self.folder).st_uid not in self._trusted
            if not self._left:
                return Place(self.folder, ".", self._is_foreign)
            name = self._left.pop()
            if (self._left or follows) and self._follow(name):
                continue
            if not self._left and name != "..":
                return Place(self.folder, name, self._is_foreign)
            self._enter(name)

    def _push(self, path: str) -> None:
        self._left += [part for part in reversed(path.split("/")) if part not in ("", ".")]

    def _follow(self, name: str) -> bool:
        """Whether the name was a link that is walked along now."""
        if self._is_foreign:
            return False
        try:
            target = os.readlink(name, dir_fd=self.folder)
        except OSError:
            return False  # no link; if there is nothing at all, the next step says so
        self._links += 1
        if self._links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._push(target)
        if target.startswith("/"):
            self._move(os.open("/", _WALKED))
        return True

    def _enter(self, name: str) -> None:
        if self._is_foreign and name == "..":  # its owner may have moved the folder
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        self._move(os.open(name, _WALKED, dir_fd=self.folder))

    def _move(self, folder: int) -> None:
        os.close(self.folder)
        self.folder = folder
