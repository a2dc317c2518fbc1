# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module of the same name, with its progress on the screen while it runs.

The module runs in the background of the issuer, as a task with ``async`` does, and is looked at
until it is done. Its result is that of a plain call. The progress file lies in the job's temporary
folder, which the job removes at its end.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

MODULE = "hitless.edge.acme_certificates"
STATUS = "ansible.legacy.async_status"
DEFAULT_BUDGET_SECONDS = 600
GRACE_SECONDS = 300
"""How much longer than its own budget the job may take before it is ended from outside."""
OF_THE_JOB = ("ansible_job_id", "started", "finished", "results_file", "erased", "stdout", "stderr")
Result = dict[str, Any]


def pauses() -> Iterator[float]:
    """Seconds between two looks: short orders end soon, long ones can wait."""
    return itertools.chain((0.3, 0.5, 0.7, 1.0), itertools.repeat(1.5))


def without_job(result: Result) -> Result:
    """What the module said, without what the job's runner adds."""
    return {
        name: value
        for name, value in result.items()
        if name not in OF_THE_JOB and not name.endswith("_lines")
    }


class ActionModule(ActionBase):
    """Runs the module, in the background unless in check mode."""

    _supports_check_mode = True
    _supports_async = True
    _pauses = staticmethod(pauses)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Ansible's entry."""
        result: Result = super().run(tmp, task_vars)
        variables = task_vars or {}
        if self._task.check_mode or self._task.async_val or self._task.args.get("progress_path"):
            plain = self._execute_module(
                module_name=MODULE, task_vars=variables, wrap_async=self._task.async_val
            )
            return {**result, **plain}
        return {**result, **self._run_watched(variables)}

    def _run_watched(self, task_vars: dict[str, Any]) -> Result:
        self._make_tmp_path()
        path = self._connection._shell.join_path(self._connection._shell.tmpdir, "progress")
        job = self._start(path, task_vars)
        if "ansible_job_id" not in job:
            return job
        job_id = job["ansible_job_id"]
        shown = ""
        for pause in self._pauses():
            time.sleep(pause)
            status = self._ask({"jid": job_id}, task_vars)
            if status.get("finished") or "started" not in status:
                self._ask({"jid": job_id, "mode": "cleanup"}, task_vars)
                return without_job(status)
            shown = self._show(path, shown, task_vars)
        raise AssertionError("the pauses have no end")

    def _start(self, path: str, task_vars: dict[str, Any]) -> Result:
        budget = int(self._task.args.get("budget_seconds") or DEFAULT_BUDGET_SECONDS)
        self._task.async_val = budget + GRACE_SECONDS
        try:
            job: Result = self._execute_module(
                module_name=MODULE,
                module_args={**self._task.args, "progress_path": path},
                task_vars=task_vars,
                wrap_async=True,
            )
        finally:
            self._task.async_val = 0
        return job

    def _ask(self, arguments: dict[str, str], task_vars: dict[str, Any]) -> Result:
        folder = self.get_shell_option("async_dir", default="~/.ansible_async")
        answer: Result = self._execute_module(
            module_name=STATUS,
            module_args={**arguments, "_async_dir": folder},
            task_vars=task_vars,
        )
        return answer

    def _show(self, path: str, shown: str, task_vars: dict[str, Any]) -> str:
        """The progress, if it is not what was shown last."""
        read = self._low_level_execute_command(f"cat {self._connection._shell.quote(path)}")
        text = str(read.get("stdout", "")).strip() if read.get("rc") == 0 else ""
        if not text or text == shown:
            return shown
        host = self._task.delegate_to or task_vars.get("inventory_hostname")
        Display().display(f"{host}: {text}")
        return text
