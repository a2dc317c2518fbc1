# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell of every module: check mode, diff, failure, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    EdgeError,
    Fault,
    InvalidInput,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.module import (
    NOT_SHOWN,
    ArgumentSpec,
    run,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports

NAME = ArgumentSpec(options={"name": {"type": "str", "required": True}})
SIZE = ArgumentSpec(options={"size": {"type": "int"}}, required_together=[["name", "size"]])


def played(
    ensure: Callable[[Ports], Change],
    capsys: pytest.CaptureFixture[str],
    **args: Any,
) -> dict[str, Any]:
    with patch_module_args({"name": "x", **args}), pytest.raises(SystemExit) as ended:
        run(NAME.create(), ensure)
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert bool(ended.value.code) == bool(result.get("failed"))
    return result


def changing(done: list[str]) -> Callable[[Ports], Change]:
    def apply() -> dict[str, Any]:
        done.append("applied")
        return {"colour": "green"}

    return lambda _ports: Change(
        before={"colour": "red"}, after={"colour": "green"}, result={"was": "red"}, apply=apply
    )


def test_a_needed_change_is_made_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """changed, the diff, and what was known before and after."""
    done: list[str] = []
    result = played(changing(done), capsys)
    assert done == ["applied"]
    assert result["changed"]
    assert result["was"] == "red"
    assert result["colour"] == "green"
    assert result["diff"][0]["after"] == "green"


def test_check_mode_predicts_and_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The same changed and diff, no effect."""
    done: list[str] = []
    result = played(changing(done), capsys, _ansible_check_mode=True)
    assert done == []
    assert result["changed"]
    assert result["diff"][0]["after"] == "green"
    assert "colour" not in result


@dataclass
class Recorder:
    """What a module tells Ansible; the real one prints warnings where plugins are loaded."""

    tmpdir: str
    params: dict[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    no_log: bool = False
    warnings: list[str] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def exit_json(self, **result: Any) -> None:
        self.result = result


def test_warnings_of_the_change_are_shown(tmp_path: Path) -> None:
    """What only the change could tell; as Ansible's warnings, not as a field of the result."""
    recorder = Recorder(str(tmp_path))
    change = Change(after={"a": "1"}, apply=lambda: {"warnings": ["ca2 is down"], "left": "b"})
    run(recorder, lambda _ports: change)
    assert recorder.warnings == ["ca2 is down"]
    assert recorder.result["left"] == "b"
    assert "warnings" not in recorder.result


def test_no_difference_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    """Apply is not called."""

    def explode() -> dict[str, Any]:
        raise AssertionError

    result = played(
        lambda _ports: Change(before={"a": "1"}, after={"a": "1"}, apply=explode), capsys
    )
    assert not result["changed"]


def test_an_edge_error_becomes_a_failure_with_its_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Msg for people, fields for machines."""

    def refuse(_ports: Ports) -> Change:
        raise InvalidInput([Fault("a", "is empty")])

    result = played(refuse, capsys)
    assert result["failed"]
    assert result["msg"].endswith("a: is empty")
    assert result["faults"][0]["path"] == "a"


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_failure_comes_after_the_rest_is_done(
    check_mode: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Check mode foretells it."""
    done: list[str] = []

    def ensure(ports: Ports) -> Change:
        return replace(changing(done)(ports), failure=EdgeError("one of two", left="b"))

    result = played(ensure, capsys, _ansible_check_mode=check_mode)
    assert done == ([] if check_mode else ["applied"])
    assert result["failed"]
    assert (result["msg"], result["left"]) == ("one of two", "b")
    assert result["diff"][0]["after"] == "green"


def test_specs_merge_options_and_constraints() -> None:
    """Fragments by axis add up."""
    merged = NAME.merge(SIZE)
    assert set(merged.options) == {"name", "size"}
    assert merged.required_together == [["name", "size"]]


@pytest.mark.parametrize("fails", [False, True], ids=["changes", "fails"])
def test_arguments_that_are_not_logged_are_not_in_the_result(
    capsys: pytest.CaptureFixture[str], fails: bool
) -> None:
    """Their names are, and the rest of the result is not censored."""

    def ensure(_ports: Ports) -> Change:
        if fails:
            raise EdgeError("refused: hunter22 is not the reason")
        return Change(result={"colour": "hunter22"})

    with patch_module_args({"name": "hunter22"}):
        module = NAME.create(is_logged=False)
        with pytest.raises(SystemExit):
            run(module, ensure)
    assert module.no_log
    result = json.loads(capsys.readouterr().out)
    assert result["invocation"] == {"module_args": {"name": NOT_SHOWN}}
    assert "hunter22" in (result["msg"] if fails else result["colour"])
