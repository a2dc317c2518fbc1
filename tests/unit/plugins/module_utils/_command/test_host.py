# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real outside works, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

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


def test_a_locale_without_a_letter_is_no_fault() -> None:
    """A name in the output must not end a renewal."""
    program = (
        "from ansible_collections.hitless.edge.plugins.module_utils._command import host\n"
        "host.standard_streams().output.write('gespr\u00e4ch\u2026')\n"
    )
    environment = {"PYTHONPATH": str(tree.ROOT / "build"), "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, env=environment
    )
    assert (said.stdout, said.stderr) == (rb"gespr\xe4ch\u2026", b"")
