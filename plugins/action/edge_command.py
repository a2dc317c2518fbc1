# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `hitless-edge` packed on the controller, and put on the host by Ansible's `copy`."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase

from ..module_utils._command.packing import pack
from ..module_utils._core.errors import EdgeError
from ..module_utils._core.reader import Reader, parse
from ..module_utils._core.version import VERSION

SOURCES = Path(__file__).parent.parent / "module_utils"
"""Of the collection that runs, in a checkout as well as installed."""

PATH = "/usr/local/bin/hitless-edge"
FIXED = {"owner": "root", "group": "root", "mode": "0755"}
Result = dict[str, Any]


def read_sources(folder: Path = SOURCES) -> dict[str, bytes]:
    """Every Python file below a folder: its path from there -> content."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}


def parse_options(reader: Reader) -> tuple[str, str]:
    """Path of the command on the host, and of the Python that runs it."""
    return reader["path"].text(PATH), reader["interpreter"].text()


def in_words(copied: Result, interpreter: str) -> Result:
    """The result of `copy`; if the host's Python could not run the command, that is said."""
    if not (copied.get("failed") and "exit_status" in copied):
        return copied
    words = str(copied.get("stderr") or copied.get("stdout") or "").strip()
    told = f"{interpreter} on this host does not run the command"
    return {**copied, "msg": f"{told}:\n{words}" if words else told}


class ActionModule(ActionBase):
    """Packs here, copies there."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset({"path", "interpreter"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Ansible's entry."""
        result: Result = super().run(tmp, task_vars)
        try:
            path, interpreter = parse(dict(self._task.args), "", parse_options)
            packed = pack(read_sources(), interpreter)
        except EdgeError as error:
            return {**result, "failed": True, "msg": error.message, **error.details}
        copied = in_words(self._copy(packed, path, interpreter, task_vars or {}), interpreter)
        digest = hashlib.sha256(packed).hexdigest()
        return {**result, **copied, "path": path, "version": VERSION, "sha256": digest}

    def _copy(
        self, packed: bytes, path: str, interpreter: str, task_vars: dict[str, Any]
    ) -> Result:
        """Put it there, once that host's Python has run it. Source: the action `template`."""
        folder = tempfile.mkdtemp(dir=constants.DEFAULT_LOCAL_TMP)
        try:
            source = Path(folder) / Path(path).name
            source.write_bytes(packed)
            task = self._task.copy()
            validate = f"{interpreter} -I %s --version"
            task.args = {"src": str(source), "dest": path, "validate": validate, **FIXED}
            copied: Result = self._copier(task).run(task_vars=task_vars)
            return copied
        finally:
            shutil.rmtree(folder)

    def _copier(self, task: Any) -> Any:
        """Ansible's own action, for a task of ours."""
        return self._shared_loader_obj.action_loader.get(
            "ansible.legacy.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
