# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole model parsed on the controller, before any host is touched."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._core.errors import EdgeError, Fault, InvalidInput
from ..module_utils._edge.variables import NO_SITES, misspelt
from ..module_utils._haproxy.model.inventory import Inventory
from ..module_utils._haproxy.model.wish import OPTIONS, Model, parse_options


class ActionModule(ActionBase):
    """Parses; connects to nothing."""

    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset(OPTIONS)

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            model = _parse(self._task.args, task_vars or {})
        except EdgeError as error:
            return {**result, "failed": True, "msg": error.message, **error.details}
        return {**result, "changed": False, **model.summary}


def _parse(options: dict[str, Any], variables: dict[str, Any]) -> Model:
    """The model; raises `InvalidInput` with its faults and those of the variables' names."""
    faults: tuple[Fault, ...] = misspelt(variables)
    if options.get("sites") is None:
        faults = (*faults, NO_SITES)
    inventory = Inventory(variables.get("groups", {}), variables.get("hostvars", {}))
    try:
        model = parse_options(options, inventory)
    except InvalidInput as error:
        raise InvalidInput((*faults, *error.faults)) from error
    if faults:
        raise InvalidInput(faults)
    return model
