# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes of STYLE: what is short is read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta import tree

FUNCTION_LINES = 40
FILE_LINES = 300
MODULE_LINES = 100
MAIN_LINES = 15
TASK_FILE_LINES = 60
TEMPLATE_LINES = 60
DOCUMENTS = ("DOCUMENTATION", "EXAMPLES", "RETURN")
CODE = [path for path in tree.below("plugins") if path.parent.name != "doc_fragments"]
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Each function with its number of lines, from `def`, without its docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            yield node.name, lines(node) - docstring_lines(node)


def lines(node: ast.stmt | ast.expr) -> int:
    """Lines from first to last."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def docstring_lines(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the docstring of a function or module."""
    has_one = ast.get_docstring(node, clean=False) is not None
    return lines(node.body[0]) if has_one else 0


def too_long(source: str, limit: int = FUNCTION_LINES) -> list[str]:
    """Functions over the limit."""
    return [f"{name}: {count}" for name, count in functions(source) if count > limit]


def lines_beside_documents(source: str) -> int:
    """Lines of a file without what explains it: its docstring, DOCUMENTATION, EXAMPLES, RETURN."""
    module = ast.parse(source)
    documents = [
        lines(node)
        for node in module.body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id in DOCUMENTS for target in node.targets)
    ]
    return len(source.splitlines()) - sum(documents) - docstring_lines(module)


@pytest.mark.parametrize("path", tree.below("plugins"), ids=tree.name_of)
def test_functions_are_short(path: Path) -> None:
    """A function fits on a screen."""
    assert too_long(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", CODE, ids=tree.name_of)
def test_files_are_short(path: Path) -> None:
    """A file has one subject; documentation is not counted."""
    assert lines_beside_documents(path.read_text(encoding="utf-8")) <= FILE_LINES


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name_of)
def test_modules_only_wire(path: Path) -> None:
    """What a module does is in the domain; itself is documentation, spec, ensure, main."""
    source = path.read_text(encoding="utf-8")
    assert lines_beside_documents(source) <= MODULE_LINES
    assert dict(functions(source))["main"] <= MAIN_LINES


@pytest.mark.parametrize("path", tree.files("roles/*/tasks/*.yml"), ids=tree.name_of)
def test_task_files_are_short(path: Path) -> None:
    """A task file has one subject."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= TASK_FILE_LINES


def test_templates_are_text() -> None:
    """A template is mostly text: no program in it."""
    for path in tree.below("roles", suffix=".j2"):
        text = path.read_text(encoding="utf-8")
        program = [
            word for word in ("{% set", "{%- set", "namespace(", "is defined") if word in text
        ]
        assert (program, len(text.splitlines()) <= TEMPLATE_LINES) == ([], True), path


def test_a_long_function_is_found() -> None:
    """The check can fail, and a docstring does not count."""
    body = "\n".join(["    x = 1"] * FUNCTION_LINES)
    assert too_long(f"def f():\n{body}\n") == [f"f: {FUNCTION_LINES + 1}"]
    assert too_long("def f():\n    '''" + "\n" * 99 + "    '''\n    x = 1\n") == []


def test_documents_are_not_counted() -> None:
    """Only what is code counts."""
    assert lines_beside_documents("DOCUMENTATION = '''\n\n\n'''\nx = 1\n") == 1
