# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table is printed as plain lines, unless the user does not want it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.action import edge_probe

TABLE = ["balancer  domain", "lb1       a.test"]


class Action(edge_probe.ActionModule):
    """The plugin with a module that answers at once."""

    def __init__(self, args: dict[str, Any]) -> None:
        task = SimpleNamespace(check_mode=False, async_val=0, args=args, diff=False)
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        super().__init__(task, connection, None, None, None, None)

    def _execute_module(self, **_arguments: Any) -> dict[str, Any]:
        return {"changed": False, "table": TABLE, "failures": []}


@pytest.mark.parametrize(("args", "shown"), [({}, True), ({"show": False}, False)])
def test_the_table_is_shown_as_wished(
    args: dict[str, Any], shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result has it in either case."""
    result = Action(args).run(task_vars={})
    assert result["table"] == TABLE
    assert ("\n".join(TABLE) in capsys.readouterr().out) is shown
