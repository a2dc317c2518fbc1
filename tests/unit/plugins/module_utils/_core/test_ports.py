# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ports hand over."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [("out\n", "err\n", "out\nerr"), ("", " err ", "err"), ("", "", "")],
    ids=["both", "one", "none"],
)
def test_the_words_of_a_command_are_all_it_said(stdout: str, stderr: str, words: str) -> None:
    """Both streams, and nothing around them."""
    assert Completed(1, stdout, stderr).words == words
