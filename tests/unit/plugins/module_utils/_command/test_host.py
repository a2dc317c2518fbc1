# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real outside works, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.host import (
    ports_of,
    this_host,
)

from meta import tree


def test_scratch_folders_end_with_the_process() -> None:
    """Each one is private, and another one; there may have been keys in them."""
    with ExitStack() as stack:
        files = ports_of(stack).files
        folders = [Path(files.scratch()), Path(files.scratch())]
        files.write(f"{folders[0]}/key.pem", b"x")
        assert len(set(folders)) == 2
        assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert not any(folder.exists() for folder in folders)


def test_a_person_reads_what_is_shown_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output and error, by the streams of this process."""
    with this_host(is_for_peer=False) as outside:
        outside.show("a table\n")
        outside.journal.warning("an event")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("a table\n", "warning: an event\n")


def run(program: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """A Python that has done this within `standard_streams() as streams`."""
    lines = (
        "from ansible_collections.hitless.edge.plugins.module_utils._command import host",
        "with host.standard_streams() as streams:",
        f"    {program}",
    )
    environment = {"PYTHONPATH": str(tree.ROOT / "build"), **options.pop("env", {})}
    argv = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(argv, check=False, env=environment, **options)


def test_a_locale_without_a_letter_is_no_fault() -> None:
    """A name in the output must not end a renewal."""
    program = "streams.output.write('gespr\\u00e4ch\\u2026')"
    said = run(program, capture_output=True, env={"PYTHONIOENCODING": "ascii"})
    assert (said.stdout, said.stderr) == (rb"gespr\xe4ch\u2026", b"")


def test_a_stream_that_the_caller_closed_is_no_fault() -> None:
    """There is nothing to read then, and nowhere to write."""
    program = "assert streams.requests.read() == b''; streams.output.write('x')"
    done = run(program, stderr=subprocess.PIPE, preexec_fn=close_first_two)
    assert (done.stderr, done.returncode) == (b"", 0)


def close_first_two() -> None:
    """As `<&- >&-` in a shell."""
    os.closerange(0, 2)


def test_output_that_nobody_takes_is_dropped() -> None:
    """Python would complain at its end, and spoil the exit status."""
    with Path("/dev/full").open("wb") as full:
        done = run("streams.output.write('x')", stdout=full, stderr=subprocess.PIPE)
    assert (done.stderr, done.returncode) == (b"", 0)
