# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a path leads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.places import located, names_in

ALL = frozenset({0, os.geteuid()})
NOBODY: frozenset[int] = frozenset()


def read(path: Path, trusted: frozenset[int]) -> bytes:
    """By a place."""
    with located(str(path), trusted, follows=True) as place:
        descriptor = place.open_file()
        try:
            return os.read(descriptor, 100)
        finally:
            os.close(descriptor)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A file, and links of all kinds that lead there."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("found")
    (tmp_path / "absolute").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "relative").symlink_to("a/./b")
    (tmp_path / "a" / "up").symlink_to("../relative/file")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    return tmp_path


@pytest.mark.parametrize(
    "path", ["a/b/file", "absolute/file", "relative/file", "a/up", "a/b/../b/file"]
)
def test_a_path_leads_where_the_kernel_leads(tree: Path, path: str) -> None:
    """By links of those who are trusted."""
    assert read(tree / path, ALL) == (tree / path).read_bytes() == b"found"


@pytest.mark.parametrize("path", ["absolute/file", "relative/file", "a/up", "a/b/../b/file"])
def test_no_link_of_others_is_followed(tree: Path, path: str) -> None:
    """Nor is a way back: they may have moved the folder since."""
    assert read(tree / "a/b/file", NOBODY) == b"found"
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        read(Path(f"{tree}/{path}"), NOBODY)


@pytest.mark.parametrize(("path", "words"), [("loop", "Too many"), ("dangling", "No such file")])
def test_a_link_that_leads_nowhere_is_an_error(tree: Path, path: str, words: str) -> None:
    """It names the path as it was asked for."""
    with pytest.raises(OSError, match=words) as caught:
        read(tree / path, ALL)
    assert caught.value.filename == str(tree / path)


def test_a_link_in_a_trusted_folder_may_lead_to_others_and_no_further(tree: Path) -> None:
    """From the first folder of theirs on nothing is followed."""
    if os.geteuid() == 0:
        os.chown(tree / "a", 4711, 4711)
    with located(str(tree / "relative" / "file"), ALL) as place:
        assert place.is_foreign is (os.geteuid() == 0)


def test_a_place_stays_though_its_path_is_turned(tree: Path) -> None:
    """What was opened is meant, not what has the name now."""
    with located(str(tree / "a" / "b" / "file"), NOBODY) as place:
        (tree / "a" / "b").rename(tree / "moved")
        (tree / "a" / "b").symlink_to("/etc")
        temporary = place.temporary()
        os.close(temporary.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        temporary.move(place)
    assert (tree / "moved" / "file").read_bytes() == b""


def test_no_descriptor_is_left(tree: Path) -> None:
    """Whether it goes well or not."""

    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    read(tree / "a" / "up", ALL)
    for path in ("loop", "dangling", "none/file"):
        with pytest.raises(OSError, match=path):
            read(tree / path, ALL)
    assert opened() == before


@pytest.mark.parametrize("path", ["/", "/.", "//", "."])
def test_a_path_without_a_name_is_its_folder(path: str) -> None:
    """Of which the names can be had."""
    with located(path, ALL, follows=True) as place:
        descriptor = place.open_folder()
        try:
            assert names_in(descriptor) == tuple(sorted(one.name for one in Path(path).iterdir()))
        finally:
            os.close(descriptor)
