# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole model parsed on the controller, before any host is touched."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._core.errors import EdgeError
from ..module_utils._haproxy.model.inventory import Inventory
from ..module_utils._haproxy.model.wish import OPTIONS, parse_options


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
        known = task_vars or {}
        inventory = Inventory(known.get("groups", {}), known.get("hostvars", {}))
        try:
            model = parse_options(self._task.args, inventory)
        except EdgeError as error:
            return {**result, "failed": True, "msg": error.message, **error.details}
        return {**result, "changed": False, **model.summary}
