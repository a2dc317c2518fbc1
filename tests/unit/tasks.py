# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of a play as action plugins see it, and a host that answers modules from a dictionary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.template import Templar


def played(
    kind: type[ActionBase],
    arguments: dict[str, Any],
    *,
    answers: dict[str, dict[str, Any]] | None = None,
    task_vars: dict[str, Any] | None = None,
    check_mode: bool = False,
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The result of an action, and the arguments of each module that it ran on the host.

    ``answers``: module -> its result; a module that is not there must not be asked for.
    """
    asked: dict[str, dict[str, Any]] = {}

    class OnAHost(kind):  # type: ignore[misc, valid-type]
        def _execute_module(
            self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
        ) -> dict[str, Any]:
            del task_vars
            asked[module_name] = module_args
            return dict((answers or {})[module_name])

    task = Task()
    task.args = arguments
    task.check_mode = check_mode
    loader = DataLoader()
    action = OnAHost(
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="/nowhere")),
        play_context=PlayContext(),
        loader=loader,
        templar=Templar(loader=loader),
        shared_loader_obj=None,
    )
    return action.run(task_vars=task_vars or {}), asked
