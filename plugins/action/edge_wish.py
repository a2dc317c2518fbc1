# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole model parsed on the controller, before any host is touched."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._core.errors import EdgeError, Fault, InvalidInput
from ..module_utils._edge.provided import VARIABLE, inspect
from ..module_utils._edge.variables import NO_SITES, misspelt
from ..module_utils._haproxy.model.inventory import Inventory
from ..module_utils._haproxy.model.wish import OPTIONS, Model, parse_options


class ActionModule(ActionBase):
    """Parses; connects to nothing."""

    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({*OPTIONS, VARIABLE})

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            model, warnings = _parse(self._task.args, task_vars or {})
        except EdgeError as error:
            return {**result, "failed": True, "msg": error.message, **error.details}
        told = {"warnings": list(warnings)} if warnings else {}
        return {**result, "changed": False, **model.summary, **told}


def _parse(options: dict[str, Any], variables: dict[str, Any]) -> tuple[Model, tuple[str, ...]]:
    """The model and what its owner should know of.

    Raises: `InvalidInput` with its faults, those of the variables' names and of what is provided.
    """
    now = datetime.now(timezone.utc)
    faults: tuple[Fault, ...] = misspelt(variables)
    if options.get("sites") is None:
        faults = (*faults, NO_SITES)
    inventory = Inventory(variables.get("groups", {}), variables.get("hostvars", {}))
    try:
        model = parse_options(options, inventory)
    except InvalidInput as error:
        of_pems = inspect(options.get(VARIABLE), None, now).faults
        raise InvalidInput((*faults, *error.faults, *of_pems)) from error
    wishes = [wish.to_data() for wish in model.certificates]
    found = inspect(options.get(VARIABLE), wishes, now)
    if faults or found.faults:
        raise InvalidInput((*faults, *found.faults))
    return model, found.warnings
