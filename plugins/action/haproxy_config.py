# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model compiled and rendered on the controller, then handed to the module of the same name."""

from __future__ import annotations

import re
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from ..module_utils._core.errors import EdgeError, Refused
from ..module_utils._core.reader import Reader, parse
from ..module_utils._haproxy.compile import Compiled, compile_model, origin_of
from ..module_utils._haproxy.digest import Sealed, seal
from ..module_utils._haproxy.layout import Layout
from ..module_utils._haproxy.masking import mask
from ..module_utils._haproxy.model.certificate import Source
from ..module_utils._haproxy.model.inventory import Inventory
from ..module_utils._haproxy.model.wish import OPTIONS, Model, parse_options, with_ipv6
from ..module_utils._haproxy.text import Config, render
from ..module_utils._haproxy.versions import FLOOR, Build

THUMBPRINTS = {"thumbprint": Source.ACME, "certbot_thumbprint": Source.CERTBOT}
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_NUMBERED = re.compile(r"\[[^\]\s]*:(\d+)\]")


def read_thumbprints(reader: Reader) -> dict[Source, str]:
    """The thumbprints of the accounts that answer; none before there is an account."""
    found = {}
    for name, source in THUMBPRINTS.items():
        one = reader[name]
        if one.value in (None, ""):
            continue
        found[source] = one.text()
        if not _THUMBPRINT.fullmatch(found[source]):
            one.fault("is not the thumbprint of a key", "SHA-256, base64url, 43 letters")
    return found


def with_origins(words: str, text: str, config: Config) -> str:
    """Which variable each line that HAProxy names comes from; empty if from none.

    Source: the form ``[/path:12]`` of HAProxy's messages.
    """
    numbers = dict.fromkeys(int(match) for match in _NUMBERED.findall(words))
    lines = text.split("\n")
    told = [(number, origin_of(config, text, number)) for number in numbers]
    return "\n".join(
        f"line {number} is from {origin}: {mask(lines[number - 1]).strip()}"
        for number, origin in told
        if origin
    )


class ActionModule(ActionBase):
    """Compiles for the host's own HAProxy."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset({*OPTIONS, *THUMBPRINTS, "template"})

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            return {**result, **self._ensure(task_vars or {})}
        except EdgeError as error:
            return {**result, "failed": True, "msg": error.message, **error.details}

    def _ensure(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = self._task.args
        inventory = Inventory(task_vars.get("groups", {}), task_vars.get("hostvars", {}))
        model: Model = parse_options(arguments, inventory)
        thumbprints = parse(dict(arguments), "", read_thumbprints)
        info = self._execute_module(
            module_name="hitless.edge.haproxy_info",
            module_args={"gather": []},
            task_vars=task_vars,
        )
        build, warnings = self._build(info)
        if info.get("ipv6"):
            model = with_ipv6(model, arguments.get("listeners"))
        compiled = compile_model(model, build, layout=Layout(), thumbprints=thumbprints)
        sealed = seal(self._lay_out(compiled, task_vars))
        result = self._execute_module(
            module_name="hitless.edge.haproxy_config",
            module_args={
                "config": sealed.text,
                "maps": dict(compiled.maps),
                "digest": sealed.digest,
            },
            task_vars=task_vars,
        )
        return _finished(result, sealed, compiled.config, warnings)

    def _build(self, info: dict[str, Any]) -> tuple[Build, list[str]]:
        if info.get("version"):
            return Build.parse(str(info["version"]), str(info.get("openssl_version"))), []
        if self._task.check_mode:
            return FLOOR, ["HAProxy is not installed yet: the config is predicted for 2.6"]
        raise Refused("HAProxy is not installed on this host", str(info.get("msg") or ""))

    def _lay_out(self, compiled: Compiled, task_vars: dict[str, Any]) -> str:
        """The text: as it is rendered, or as the user's template has it."""
        text = render(compiled.config)
        path = self._task.args.get("template")
        if not path:
            return text
        found = self._find_needle("templates", str(path))
        template = trust_as_template(self._loader.get_text_file_contents(found))
        variables = {**task_vars, "config": text, "sections": _sections(compiled.config)}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        laid_out = templar.template(template, overrides={"trim_blocks": True})
        if not isinstance(laid_out, str):
            raise AnsibleError(f"the template {path} makes no text")
        return laid_out if laid_out.endswith("\n") else f"{laid_out}\n"


def _sections(config: Config) -> list[dict[str, Any]]:
    return [
        {
            "kind": section.kind,
            "name": section.name,
            "header": str(section.header),
            "lines": [str(line) for line in section.lines],
        }
        for section in config.sections
    ]


def _finished(
    result: dict[str, Any], sealed: Sealed, config: Config, warnings: list[str]
) -> dict[str, Any]:
    finished = {**result, "warnings": [*result.get("warnings", []), *warnings]}
    if not finished["warnings"]:
        del finished["warnings"]
    if result.get("failed"):
        origins = with_origins(str(result.get("words") or result.get("msg")), sealed.text, config)
        finished["msg"] = "\n".join(part for part in (result.get("msg", ""), origins) if part)
        finished["origins"] = origins.splitlines()
        # Ansible would show the module's own words instead of the message.
        finished.pop("exception", None)
    return finished
