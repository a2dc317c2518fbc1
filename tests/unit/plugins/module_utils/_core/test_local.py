# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real ports keep the contracts of ports.py."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Busy, Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.local import (
    LocalFiles,
    ProgressFile,
    SystemClock,
    UnixSocket,
    local_ports,
)

HOLD_A_LOCK = """
import fcntl, sys
with open(sys.argv[1], "w") as handle:
    fcntl.flock(handle, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


WRITE_AND_DIE = """
import os, sys
from ansible_collections.hitless.edge.plugins.module_utils._core import local

os.fsync = lambda _descriptor: os.kill(os.getpid(), 9)
local.LocalFiles("").write(sys.argv[1], b"key")
"""

TELL_THE_ORDER = """
import os, stat, sys
from ansible_collections.hitless.edge.plugins.module_utils._core import local

def hook(event, _arguments):
    if event == "os.rename":
        print("rename")

def told(descriptor):
    print("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

os.fsync = told
sys.addaudithook(hook)
local.LocalFiles("").write(sys.argv[1], b"key")
"""


def in_another_process(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    """What only another process can show."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", program, str(path)]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(str(tmp_path))


def test_absence_is_an_answer_not_an_error(files: LocalFiles, tmp_path: Path) -> None:
    """Reading what is not there is normal on a fresh host."""
    missing = str(tmp_path / "none" / "here")
    assert files.read(missing) is None
    assert files.names(missing) == ()
    assert files.mode(missing) is None
    assert files.modified(missing) is None
    files.remove(missing)


def test_a_write_replaces_content_and_mode_in_one_step(files: LocalFiles, tmp_path: Path) -> None:
    """The target is the new file, complete, with its mode; nothing is left beside it."""
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    files.write(str(path), b"new")
    assert files.read(str(path)) == b"new"
    assert files.mode(str(path)) == 0o600
    assert files.names(str(tmp_path)) == ("secret",)


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(
    files: LocalFiles, tmp_path: Path
) -> None:
    """The target is a folder: the rename fails."""
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        files.write(str(tmp_path / "folder"), b"x")
    assert files.names(str(tmp_path)) == ("folder",)


def test_a_write_survives_a_power_cut(tmp_path: Path) -> None:
    """The content is on the disk before the name, and then the name is."""
    done = in_another_process(TELL_THE_ORDER, tmp_path / "secret")
    assert done.stdout.split() == ["file", "rename", "folder"]


def test_what_a_killed_write_left_goes_with_the_next(files: LocalFiles, tmp_path: Path) -> None:
    """It may be a key. The next run writes to that folder, perhaps another file."""
    assert in_another_process(WRITE_AND_DIE, tmp_path / "a.pem").returncode == -9
    (left,) = files.names(str(tmp_path))
    assert left.startswith(".a.pem.")
    files.write(str(tmp_path / "b.pem"), b"")
    assert files.names(str(tmp_path)) == ("b.pem",)


def test_only_what_is_left_is_swept(files: LocalFiles, tmp_path: Path) -> None:
    """Not the file of a run that writes right now, nor what others name alike."""
    alive = f".a.pem.{os.getpid()}.abcd1234.edge~"
    others = (".a.pem.abcd1234", ".a.pem.1.abcd1234.edge", "a.pem.1.abcd1234.edge~", ".x.y.edge~")
    for name in (alive, *others):
        (tmp_path / name).write_text("")
    files.write(str(tmp_path / "b.pem"), b"")
    assert set(files.names(str(tmp_path))) == {alive, "b.pem", *others}


def test_a_temporary_file_of_yesterday_is_left(files: LocalFiles, tmp_path: Path) -> None:
    """Its process may have another's number since."""
    left = tmp_path / f".a.pem.{os.getpid()}.abcd1234.edge~"
    left.write_text("")
    os.utime(left, (0, 0))
    files.write(str(tmp_path / "b.pem"), b"")
    assert files.names(str(tmp_path)) == ("b.pem",)


def test_folders_get_their_mode_and_go_with_their_content(
    files: LocalFiles, tmp_path: Path
) -> None:
    """An existing folder with a wrong mode is corrected."""
    path = str(tmp_path / "a" / "b")
    files.make_directory(path, mode=0o755)
    files.make_directory(path, mode=0o700)
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o700
    files.write(path + "/file", b"")
    files.remove(str(tmp_path / "a"))
    assert files.names(str(tmp_path)) == ()


def test_a_link_is_removed_not_what_it_points_to(files: LocalFiles, tmp_path: Path) -> None:
    """Somebody else's folder must survive."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    files.remove(str(tmp_path / "link"))
    assert files.names(str(tmp_path)) == ("theirs",)


def test_a_link_replaces_what_was_there_in_one_step(files: LocalFiles, tmp_path: Path) -> None:
    """Also another link or a file, never a folder; nothing is left beside."""
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    for name in ("first", "second"):
        files.link(name, str(tmp_path / "link"))
        assert (tmp_path / "link").is_symlink()
        assert files.read(str(tmp_path / "link")) == name.encode()
    files.link("second", str(tmp_path / "first"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        files.link("second", str(tmp_path / "folder"))
    assert files.names(str(tmp_path)) == ("first", "folder", "link", "second")


def test_a_lock_held_by_another_process_is_busy_then_free(
    files: LocalFiles, tmp_path: Path
) -> None:
    """Two runs never change one HAProxy at once."""
    path = str(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_LOCK, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match="another run holds"), files.lock(path, timeout_seconds=0.1):
            pass
        holder.communicate()
    with files.lock(path, timeout_seconds=0.1):
        pass


def test_the_clock_is_aware_utc() -> None:
    """Local time never leaks in."""
    assert SystemClock().now().utcoffset() == timedelta(0)
    assert SystemClock().monotonic() <= SystemClock().monotonic()


def test_a_socket_answer_is_read_to_its_end(tmp_path: Path) -> None:
    """An answer in pieces is one answer."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                request = b""
                while part := connection.recv(64):
                    request += part
                connection.sendall(b"you said ")
                connection.sendall(request)

        thread = threading.Thread(target=serve)
        thread.start()
        assert UnixSocket().ask(path, "show info\n") == "you said show info\n"
        thread.join()


def test_a_socket_without_a_listener_or_an_answer_is_unavailable(tmp_path: Path) -> None:
    """A dead HAProxy is told from a silent one."""
    path = str(tmp_path / "socket")
    with pytest.raises(Unavailable, match="does not answer"):
        UnixSocket().ask(path, "x")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        with pytest.raises(Unavailable, match="timed out"):
            UnixSocket().ask(path, "x", timeout_seconds=0.05)


def test_progress_is_written_only_where_somebody_watches(tmp_path: Path) -> None:
    """Without a file it is silent."""
    ProgressFile(None).report("1 of 2 issued")
    ProgressFile(str(tmp_path / "progress")).report("2 of 2 issued")
    assert (tmp_path / "progress").read_text() == "2 of 2 issued"


def test_scratch_folders_are_private_and_below_the_given_parent(tmp_path: Path) -> None:
    """The module's temporary folder is removed by Ansible, and they with it."""
    path = Path(local_ports(scratch_parent=str(tmp_path)).files.scratch())
    assert path.parent == tmp_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


SERVICE = 4711
"""The number of a service's user, where the tests run as root and so may give files away."""


@pytest.fixture
def folder_of_a_service(tmp_path: Path) -> Path:
    """A folder of another user, as far as the tests may make one."""
    folder = tmp_path / "service"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, SERVICE, SERVICE)
    return folder


@pytest.mark.parametrize("put", ["file", "folder", "lock"])
def test_what_is_put_into_a_folder_belongs_to_its_owner(
    folder_of_a_service: Path, put: str
) -> None:
    """Root and the service's own user work on the same files."""
    files, path = LocalFiles(""), folder_of_a_service / "new"
    if put == "file":
        files.write(str(path), b"key")
    elif put == "folder":
        files.make_directory(str(path))
    else:
        with files.lock(str(path), timeout_seconds=1):
            pass
    made, above = path.stat(), folder_of_a_service.stat()
    assert (made.st_uid, made.st_gid) == (above.st_uid, above.st_gid)
    assert stat.S_IMODE(made.st_mode) == (0o700 if put == "folder" else 0o600)


def test_the_owner_of_a_folder_is_kept(folder_of_a_service: Path) -> None:
    """Only the mode of one that exists is set."""
    before = folder_of_a_service.stat()
    LocalFiles("").make_directory(str(folder_of_a_service), mode=0o750)
    after = folder_of_a_service.stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert stat.S_IMODE(after.st_mode) == 0o750


def test_a_lock_is_no_way_to_another_file(tmp_path: Path) -> None:
    """A link in its place is refused: whoever may write the folder would choose what root opens."""
    (tmp_path / "lock").symlink_to(tmp_path / "other")
    with (
        pytest.raises(OSError, match="lock"),
        LocalFiles("").lock(str(tmp_path / "lock"), timeout_seconds=1),
    ):
        pass
    assert not (tmp_path / "other").exists()


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder whose owner put links to what is not theirs, all over it."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "secret").write_text("key")
    (tmp_path / "root").chmod(0o711)
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "file").symlink_to(tmp_path / "root" / "secret")
    (folder / "folder").symlink_to(tmp_path / "root")
    return folder


@pytest.fixture
def wary() -> LocalFiles:
    """Every folder is somebody else's."""
    return LocalFiles("", trusted=())


@pytest.mark.parametrize("name", ["file", "folder/secret", "folder/../file"])
def test_a_link_of_somebody_else_reads_as_absent(wary: LocalFiles, theirs: Path, name: str) -> None:
    """Be it the file or a folder on the way: root reads nothing for others."""
    path = str(theirs / name) if ".." not in name else f"{theirs}/{name}"
    assert (wary.read(path), wary.mode(path), wary.modified(path)) == (None, None, None)
    assert wary.names(str(theirs / "folder")) == ()


def test_a_write_puts_a_file_in_the_place_of_such_a_link(wary: LocalFiles, theirs: Path) -> None:
    """What it led to stays."""
    wary.write(str(theirs / "file"), b"new")
    assert not (theirs / "file").is_symlink()
    assert wary.read(str(theirs / "file")) == b"new"
    assert (theirs.parent / "root" / "secret").read_text() == "key"


def test_nothing_is_changed_by_way_of_such_a_link(wary: LocalFiles, theirs: Path) -> None:
    """Neither written, moved, removed nor made, and no mode is set."""
    way = f"{theirs}/folder"
    (theirs / "mine").write_text("")
    wary.remove(f"{way}/secret")
    for change in (
        lambda: wary.write(f"{way}/new", b""),
        lambda: wary.link("secret", f"{way}/new"),
        lambda: wary.rename(f"{theirs}/mine", f"{way}/new"),
        lambda: wary.rename(f"{way}/secret", f"{theirs}/new"),
        lambda: wary.make_directory(way, mode=0o777),
        lambda: wary.make_directory(f"{way}/new"),
        lambda: wary.lock(f"{way}/new", timeout_seconds=1).__enter__(),
    ):
        with pytest.raises(OSError, match=str(theirs)):
            change()
    assert wary.names(str(theirs.parent / "root")) == ("secret",)
    assert wary.mode(str(theirs.parent / "root")) == 0o711


def test_a_folder_that_goes_takes_nothing_with_it_that_its_links_lead_to(
    wary: LocalFiles, theirs: Path
) -> None:
    """Links in it are removed as what they are."""
    wary.remove(str(theirs))
    assert wary.names(str(theirs.parent)) == ("root",)
    assert wary.names(str(theirs.parent / "root")) == ("secret",)


def test_a_pipe_of_somebody_else_does_not_hold_up_root(wary: LocalFiles, tmp_path: Path) -> None:
    """It is no file to read."""
    os.mkfifo(tmp_path / "pipe")
    assert wary.read(str(tmp_path / "pipe")) is None


def test_links_in_folders_of_ones_own_are_followed(files: LocalFiles, theirs: Path) -> None:
    """An administrator who moved a folder may leave one."""
    assert files.read(str(theirs / "file")) == b"key"
    files.write(str(theirs / "folder" / "new"), b"")
    assert files.names(str(theirs / "folder")) == ("new", "secret")
    files.make_directory(str(theirs / "folder"), mode=0o700)
    assert files.mode(str(theirs.parent / "root")) == 0o700


def test_only_what_was_made_changes_hands(folder_of_a_service: Path) -> None:
    """Not a folder that was there, as it may be one that somebody moved to that name."""
    there = folder_of_a_service / "there"
    there.mkdir()
    LocalFiles("").make_directory(str(there / "made"))
    LocalFiles("").make_directory(str(there))
    assert there.stat().st_uid == os.geteuid()
    assert (there / "made").stat().st_uid == there.stat().st_uid
