# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback that writes what each task did on each host, one JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: run_record
type: notification
short_description: Record what each task did on each host
description: Appends one JSON object a line to the file named by LAB_RECORD.
requirements: [enabled in configuration]
"""


class CallbackModule(CallbackBase):
    """Writes as it happens, so that a test may act in the middle of a run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "run_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file = Path(os.environ["LAB_RECORD"])
        self.play = ""

    def write(self, entry: dict[str, Any]) -> None:
        """Append one line."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=str) + "\n")

    def record(self, result: Any, status: str) -> None:
        """Append what a task did on a host; its secrets are censored by Ansible before."""
        task = result.task
        self.write(
            {
                "play": self.play,
                "task": task.get_name(),
                "action": task.resolved_action or task.action,
                "path": task.get_path(),
                "host": result.host.get_name(),
                "status": status,
                "changed": bool(result.result.get("changed", False)),
                "result": result.result,
            }
        )

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.play = play.get_name()

    def v2_runner_on_ok(self, result: Any) -> None:
        self.record(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self.record(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self.record(result, "unreachable")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = {host: stats.summarize(host) for host in stats.processed}
        self.write({"stats": hosts})
