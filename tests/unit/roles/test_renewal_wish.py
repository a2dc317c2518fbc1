# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of the command are written twice in a run: the wish first, the rest at its end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).resolve().parents[3] / "roles" / "renewal"
OLD = {"certificates": [{"name": "a.test"}], "format": 1, "host": "lb1"}
NEW = [{"name": "a.test"}, {"name": "b.test"}]


def evaluated(expression: str, **variables: Any) -> Any:
    """An expression with the variables of the role."""
    loader = DataLoader()
    known = loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True)
    there = {"stdout_lines": [f"settings {json.dumps(OLD)}"]}
    given = {"renewal_certificates": NEW, "__renewal_there": there, **variables}
    templar = Templar(loader=loader, variables={**known, **given})
    return templar.template(trust_as_template("{{ " + expression + " }}"))


@pytest.mark.parametrize(
    ("check_mode", "changed", "is_foreseen"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_check_mode_foresees_what_the_wish_leaves(
    *, check_mode: bool, changed: bool, is_foreseen: bool
) -> None:
    """To the byte, or it would tell of a change that a run does not make. A run looks itself."""
    foreseen = evaluated(
        "__renewal_foreseen", ansible_check_mode=check_mode, __renewal_wish={"changed": changed}
    )
    written = json.dumps({**OLD, "certificates": NEW}, indent=2, sort_keys=True) + "\n"
    assert foreseen == (written if is_foreseen else None)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"format": 1,\n "host": "lb1"}', 'settings {"format": 1, "host": "lb1"}\n'),
        (b"\0" * 40, ""),
        (b'{"format": 1,', ""),
        (None, ""),
    ],
    ids=["good", "zeros", "half", "absent"],
)
def test_settings_that_cannot_be_read_count_as_absent(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    """After a loss of power too the remedy is a run of the play."""
    file = tmp_path / "settings.json"
    if content is not None:
        file.write_bytes(content)
    line = evaluated("__renewal_tell_settings").replace(
        "/etc/hitless-edge/settings.json", f"{file}"
    )
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stdout == told
