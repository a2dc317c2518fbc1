# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A config with its maps, there and back."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import (
    SHOWN_LINES,
    Candidate,
    changed_lines,
    read_folder,
    read_live,
    to_bytes,
    to_text,
)
from fake_haproxy import LAYOUT, config, digest_of
from fakes import FakeHost
from hypothesis import given
from hypothesis import strategies as st

FOLDER = LAYOUT.staged
names = st.from_regex(r"[a-z][a-z0-9._-]{0,8}\.map", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"))


@given(texts, st.dictionaries(names, texts, max_size=3))
def test_what_is_written_is_read(text: str, maps: dict[str, str]) -> None:
    """Whatever the text."""
    files = FakeHost().files
    Candidate(text, maps).write(files, FOLDER)
    assert read_folder(files, FOLDER) == Candidate(text, maps)


@given(st.binary())
def test_a_file_that_is_not_utf8_comes_back_as_it_was(content: bytes) -> None:
    """A config of somebody else is restored byte by byte."""
    assert to_bytes(to_text(content)) == content


@pytest.mark.parametrize("lost", ["wish.json", "haproxy.cfg", "maps/a.map"])
def test_half_a_candidate_is_none(lost: str) -> None:
    """A run died while it wrote."""
    files = FakeHost().files
    Candidate("global\n", {"a.map": "x y\n"}).write(files, FOLDER)
    files.remove(f"{FOLDER}/{lost}")
    assert read_folder(files, FOLDER) is None


def test_an_edited_candidate_is_none() -> None:
    """What was validated is what is taken."""
    files = FakeHost().files
    Candidate("global\n").write(files, FOLDER)
    files.write(f"{FOLDER}/haproxy.cfg", b"global\n# more\n")
    assert read_folder(files, FOLDER) is None


def test_an_earlier_candidate_is_replaced() -> None:
    """With its maps."""
    files = FakeHost().files
    Candidate("one", {"a.map": "", "b.map": ""}).write(files, FOLDER)
    Candidate("two", {"b.map": ""}).write(files, FOLDER)
    assert files.names(f"{FOLDER}/maps") == ("b.map",)


def test_passwords_are_not_for_everyone() -> None:
    """A config may hold some; a map holds none, and the mode says so."""
    files = FakeHost().files
    Candidate(config(), {"a.map": "x y\n"}).install(files, LAYOUT)
    assert files.mode(LAYOUT.config) == 0o640
    assert files.mode(f"{LAYOUT.maps}/a.map") == 0o644


def test_files_that_are_right_are_not_written() -> None:
    """Their times tell when they changed."""
    files = FakeHost().files
    candidate = Candidate(config(), {"a.map": "x y\n"})
    candidate.install(files, LAYOUT)
    files.writes.clear()
    candidate.install(files, LAYOUT)
    assert files.writes == []
    assert read_live(files, LAYOUT) == candidate


def test_the_digest_is_that_of_the_description() -> None:
    """A foreign config has none."""
    assert Candidate(config()).digest == digest_of(config())
    assert Candidate("global\n    description my balancer\n").digest is None


def test_a_diff_of_maps_shows_what_differs() -> None:
    """Not ten thousand lines that do not."""
    assert changed_lines("a 1\nb 2\n", "a 1\nb 3\nc 4\n") == ("b 2\n", "b 3\nc 4\n")


def test_a_diff_of_maps_has_an_end() -> None:
    """And says how much more there is."""
    lines = "".join(f"h{number} x\n" for number in range(SHOWN_LINES + 5))
    before, after = changed_lines("", lines)
    assert before == ""
    assert after.endswith(f"h{SHOWN_LINES - 1} x\n(and 5 more lines)\n")


def test_another_order_is_a_difference() -> None:
    """Of two equal keys the first counts."""
    before, after = changed_lines("a 1\na 2\n", "a 2\na 1\n")
    assert before != after
