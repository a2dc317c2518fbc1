# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result is that of a plain call; the progress is shown while it runs, and nothing is left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.shell.sh import ShellModule
from ansible_collections.hitless.edge.plugins.action import acme_certificates
from ansible_collections.hitless.edge.plugins.modules.acme_certificates import spec

RESULT = {"changed": True, "certificates": [{"name": "a"}], "failures": [], "diff": []}
JOB = {"ansible_job_id": "j1", "started": True, "finished": False, "results_file": "/x/j1"}


class Action(acme_certificates.ActionModule):
    """The plugin on a connection that answers from lists."""

    _pauses = staticmethod(lambda: iter([0.0] * 9))

    def __init__(self, task: Any, answers: list[dict[str, Any]], progress: list[str]) -> None:
        shell = ShellModule()
        shell.tmpdir = None
        connection = SimpleNamespace(_shell=shell)
        super().__init__(task, connection, None, None, None, None)
        self.answers = answers
        self.progress = progress
        self.calls: list[dict[str, Any]] = []

    def _make_tmp_path(self, **_arguments: Any) -> None:
        self._connection._shell.tmpdir = "/remote/tmp"

    def get_shell_option(self, _option: str, default: str) -> str:
        return default

    def _execute_module(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append({**arguments, "limit": self._task.async_val})
        return self.answers.pop(0)

    def _low_level_execute_command(self, cmd: str, **_arguments: Any) -> dict[str, Any]:
        assert cmd == "cat /remote/tmp/progress"
        text = self.progress.pop(0)
        return {"rc": 0 if text else 1, "stdout": text}


def action(answers: list[dict[str, Any]], *progress: str, **task: Any) -> Action:
    """A plugin whose task has these fields."""
    fields = {"check_mode": False, "async_val": 0, "args": {}, "delegate_to": None, "diff": False}
    return Action(SimpleNamespace(**{**fields, **task}), answers, list(progress))


VARIABLES = {"inventory_hostname": "lb1"}


@pytest.mark.parametrize(
    "task",
    [
        pytest.param({"check_mode": True}, id="check mode"),
        pytest.param({"args": {"progress_path": "/p"}}, id="a progress file of the user's"),
        pytest.param({"async_val": 60}, id="in the background by the user's wish"),
    ],
)
def test_a_call_that_needs_no_watching_is_plain(task: dict[str, Any]) -> None:
    """One execution of the module, its result untouched."""
    plugin = action([RESULT], **task)
    assert plugin.run(task_vars=VARIABLES) == RESULT
    (call,) = plugin.calls
    assert "module_args" not in call
    assert call["wrap_async"] == task.get("async_val", 0)


def test_progress_is_shown_once_each_and_the_result_is_the_modules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line repeated is not shown again; what the job's runner adds is gone."""
    done = {**JOB, **RESULT, "finished": True, "stdout": "", "stdout_lines": []}
    plugin = action(
        [dict(JOB), dict(JOB), dict(JOB), dict(JOB), done, {"erased": "/x/j1"}],
        "",
        "1 of 2 issued",
        "1 of 2 issued\n",
        args={"budget_seconds": 100},
        delegate_to="issuer1",
    )
    assert plugin.run(task_vars=VARIABLES) == RESULT
    assert capsys.readouterr().out.count("issuer1: 1 of 2 issued") == 1
    start = plugin.calls[0]
    assert start["limit"] == 100 + acme_certificates.GRACE_SECONDS
    assert start["module_args"] == {"budget_seconds": 100, "progress_path": "/remote/tmp/progress"}
    assert plugin.calls[-1]["module_args"]["mode"] == "cleanup"
    assert plugin._task.async_val == 0


def test_a_failed_module_fails_as_in_a_plain_call() -> None:
    """Its message and fields come through."""
    failure = {"failed": True, "msg": "no CA", "changed": False, "finished": True}
    plugin = action([dict(JOB), failure, {}])
    assert plugin.run(task_vars=VARIABLES) == {"failed": True, "msg": "no CA", "changed": False}


def test_a_job_that_does_not_start_is_told() -> None:
    """Nothing is waited for."""
    failure = {"failed": True, "msg": "no interpreter"}
    assert action([failure]).run(task_vars=VARIABLES) == failure


def test_the_default_budget_is_the_modules() -> None:
    """The job may not be ended before the module ends itself."""
    default = spec().options["budget_seconds"]["default"]
    assert default == acme_certificates.DEFAULT_BUDGET_SECONDS
