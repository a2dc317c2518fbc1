# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is packed goes through Ansible's own `copy`, which does check mode and replacement."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.playbook.task import Task
from ansible_collections.hitless.edge.plugins.action.edge_command import ActionModule, read_sources
from ansible_collections.hitless.edge.plugins.module_utils._command.packing import pack
from ansible_collections.hitless.edge.plugins.module_utils._core.version import VERSION

PYTHON = "/usr/bin/python3"


class Copy:
    """A `copy` that remembers what it was told to do, and what its source held."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}
        self.content = b""
        self.result: dict[str, Any] = {"changed": True}

    def run(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        del task_vars
        self.content = Path(self.arguments["src"]).read_bytes()
        return self.result


class Action(ActionModule):
    """The plugin with that copy."""

    def __init__(self, arguments: dict[str, Any], copy: Copy) -> None:
        task = Task()
        task.args = arguments
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="/nowhere"))
        super().__init__(task, connection, None, None, None, None)
        self.copy = copy

    def _copier(self, task: Task) -> Copy:
        self.copy.arguments = dict(task.args)
        return self.copy


def run(arguments: dict[str, Any], **result: Any) -> tuple[dict[str, Any], Copy]:
    """The result of the action, and the copy that it made, which ends in this result."""
    copy = Copy()
    copy.result |= result
    return Action(arguments, copy).run(task_vars={}), copy


def test_the_packed_command_is_copied() -> None:
    """Owned by root, run by all, and only after that host has run it."""
    result, copy = run({"interpreter": PYTHON})
    assert copy.content == pack(read_sources(), PYTHON)
    assert copy.arguments["dest"] == result["path"] == "/usr/local/bin/hitless-edge"
    assert copy.arguments["validate"] == f"{PYTHON} -I %s --version"
    assert [copy.arguments[name] for name in ("owner", "group", "mode")] == [
        "root",
        "root",
        "0755",
    ]
    assert result["changed"]
    assert result["version"] == VERSION
    assert result["sha256"] == hashlib.sha256(copy.content).hexdigest()


def test_nothing_is_left_on_the_controller() -> None:
    """The packed file was a temporary one."""
    _result, copy = run({"interpreter": PYTHON, "path": "/opt/bin/edge"})
    assert copy.arguments["dest"] == "/opt/bin/edge"
    assert not Path(copy.arguments["src"]).parent.exists()


@pytest.mark.parametrize("arguments", [{}, {"interpreter": "/usr/bin/env python3"}])
def test_a_wrong_interpreter_is_told_before_anything_is_copied(arguments: dict[str, Any]) -> None:
    """By the name of the option."""
    result, copy = run(arguments)
    assert result["failed"]
    assert "interpreter: " in result["msg"]
    assert copy.arguments == {}


def test_a_python_that_cannot_run_it_is_named() -> None:
    """With what it said; `copy` alone would say "failed to validate"."""
    failed = {"failed": True, "exit_status": 1, "stderr": "SyntaxError: no\n", "changed": False}
    result, _copy = run({"interpreter": PYTHON}, **failed)
    assert result["failed"]
    assert result["msg"] == f"{PYTHON} on this host does not run the command:\nSyntaxError: no"


def test_another_failure_is_told_in_its_own_words() -> None:
    """A disk that is full has nothing to do with Python."""
    result, _copy = run({"interpreter": PYTHON}, failed=True, msg="No space left on device")
    assert result["msg"] == "No space left on device"
