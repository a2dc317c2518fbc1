# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shell of every module, and the only shared file that knows AnsibleModule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .change import Change
from .errors import EdgeError
from .local import local_ports
from .ports import Ports

NOT_SHOWN = "NOT_LOGGING_PARAMETER"
"""As Ansible writes it."""


@dataclass(frozen=True)
class ArgumentSpec:
    """Options of a module and the constraints between them."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_together: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()
    required_if: Sequence[Sequence[Any]] = ()

    def merge(self, *others: ArgumentSpec) -> ArgumentSpec:
        """This and others as one."""
        specs = (self, *others)
        return ArgumentSpec(
            options={name: option for spec in specs for name, option in spec.options.items()},
            mutually_exclusive=[rule for spec in specs for rule in spec.mutually_exclusive],
            required_together=[rule for spec in specs for rule in spec.required_together],
            required_one_of=[rule for spec in specs for rule in spec.required_one_of],
            required_if=[rule for spec in specs for rule in spec.required_if],
        )

    def create(self, *, supports_check_mode: bool = True, is_logged: bool = True) -> AnsibleModule:
        """The module; parses its arguments, exits if they are wrong.

        ``is_logged``: whether its arguments are shown in the target's log and in the result; no,
        where they are long or may hold secrets. Neither censors the rest of the result.
        """
        return AnsibleModule(
            argument_spec={name: dict(option) for name, option in self.options.items()},
            mutually_exclusive=list(self.mutually_exclusive),
            required_together=list(self.required_together),
            required_one_of=list(self.required_one_of),
            required_if=list(self.required_if),
            supports_check_mode=supports_check_mode,
            no_log=not is_logged,
        )


def run(module: AnsibleModule, ensure: Callable[[Ports], Change]) -> None:
    """Find the change, make it unless in check mode, tell of it, exit.

    ``ensure`` reads and plans; it writes nothing and knows no check mode.
    """
    ports = local_ports(
        scratch_parent=module.tmpdir, progress_path=module.params.get("progress_path")
    )
    diff: list[dict[str, Any]] = []
    try:
        change = ensure(ports)
        diff = change.diff()
        for warning in change.warnings:
            module.warn(warning)
        result = dict(change.result)
        if change.is_needed and not module.check_mode:
            result.update(change.apply())
        for warning in result.pop("warnings", ()):
            module.warn(warning)
        if change.failure is not None:
            raise change.failure
    except EdgeError as error:
        module.fail_json(msg=error.message, diff=diff, **error.details, **_invocation(module))
    else:
        told = {"changed": change.is_needed, **result, "diff": diff}
        module.exit_json(**told, **_invocation(module))


def _invocation(module: AnsibleModule) -> dict[str, Any]:
    """Stands for the arguments in the result, where they are not to be shown."""
    if not module.no_log:
        return {}
    given = [name for name, value in module.params.items() if value is not None]
    return {"invocation": {"module_args": dict.fromkeys(given, NOT_SHOWN)}}
