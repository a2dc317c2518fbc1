# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is untested, and no tool is told to look away."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from meta import tree

HEADER = (
    "# Copyright: the hitless.edge authors",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)
UNIT = tree.ROOT / "tests/unit"
PLAYED = ("playbooks", "roles", "molecule")
NAMES_OF_NO_MEANING = {"utils", "util", "helper", "helpers", "common", "manager", "misc"}
LOOKS_AWAY = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no\s*cover|pylint:)")
LICENSED = [
    path
    for path in tree.files("*.py", "*.yml", "*.yaml", "*.sh", "Makefile", "*.j2")
    if path.stat().st_size and path.name != "changelog.yaml"  # which antsibull-changelog writes
]
TESTED = [path for path in tree.below("plugins") if path.name != "__init__.py"]


def has_header(text: str) -> bool:
    """Whether the licence stands in the first lines."""
    first = text.splitlines()[:8]
    return all(line in first for line in HEADER)


def test_file_of(path: Path) -> Path:
    """Where the unit test of a plugin's file is."""
    return UNIT / path.relative_to(tree.ROOT).parent / f"test_{path.stem.removeprefix('_')}.py"


test_file_of.__test__ = False  # type: ignore[attr-defined]


def has_code(path: Path) -> bool:
    """Whether there is something to test: a function or a method that does something."""
    bodies = [
        [statement for statement in node.body if not isinstance(statement, ast.Expr)]
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.FunctionDef)
    ]
    return any(bodies)


@pytest.mark.parametrize("path", [path for path in TESTED if has_code(path)], ids=tree.name_of)
def test_every_file_has_a_unit_test(path: Path) -> None:
    """tests/unit/plugins/ mirrors plugins/."""
    assert test_file_of(path).is_file()


@pytest.mark.parametrize("path", tree.below("tests/unit/plugins"), ids=tree.name_of)
def test_every_unit_test_has_its_file(path: Path) -> None:
    """No test outlives what it tests."""
    if path.name.startswith("test_"):
        tested = tree.ROOT / path.relative_to(UNIT).parent
        names = (f"{path.stem.removeprefix('test_')}.py", f"_{path.stem.removeprefix('test_')}.py")
        assert any((tested / name).is_file() for name in names)


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name_of)
def test_every_module_is_played(path: Path) -> None:
    """A scenario runs it, by way of a playbook or a role or by itself."""
    called = re.compile(rf"hitless\.edge\.{path.stem}\b")
    callers = tree.below(*PLAYED, suffix=".yml") + tree.below("plugins/action", "molecule")
    assert [file for file in callers if called.search(file.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", LICENSED, ids=tree.name_of)
def test_the_licence_is_in_every_file(path: Path) -> None:
    """Three lines, the same everywhere."""
    assert has_header(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", tree.below("plugins"), ids=tree.name_of)
def test_names_mean_something(path: Path) -> None:
    """No file is named for what it is not."""
    assert not NAMES_OF_NO_MEANING & set(path.stem.strip("_").split("_"))


@pytest.mark.parametrize("path", tree.below("plugins"), ids=tree.name_of)
def test_no_tool_is_told_to_look_away(path: Path) -> None:
    """The plugins pass every check without an exception."""
    marks = [
        line for line in path.read_text(encoding="utf-8").splitlines() if LOOKS_AWAY.search(line)
    ]
    assert marks == []


def test_sanity_ignores_nothing() -> None:
    """ansible-test has no list of exceptions, or an empty one."""
    lists = tree.files("tests/sanity/ignore*.txt")
    assert [tree.name_of(path) for path in lists if path.read_text(encoding="utf-8").strip()] == []


def test_ansible_lint_skips_nothing() -> None:
    """The production profile, whole."""
    settings = tree.load_yaml(tree.ROOT / ".ansible-lint")
    assert settings["profile"] == "production"
    assert not settings.get("skip_list")
    assert not settings.get("warn_list")


@pytest.mark.parametrize("path", tree.below(*PLAYED, suffix=".yml"), ids=tree.name_of)
def test_no_task_is_told_to_look_away(path: Path) -> None:
    """No exception for ansible-lint in a line."""
    assert "noqa" not in path.read_text(encoding="utf-8")


def test_a_missing_header_is_found() -> None:
    """The check can fail."""
    assert has_header("#!/usr/bin/python\n" + "\n".join(HEADER))
    assert not has_header("\n".join(HEADER[1:]))


@pytest.mark.parametrize(
    "mark", ["# noqa: S101", "# type: ignore[x]", "#noqa", "# pragma: no cover"]
)
def test_a_mark_is_found(mark: str) -> None:
    """The check can fail."""
    assert LOOKS_AWAY.search(f"x = 1  {mark}")
