# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command is one file, the same for the same sources, which runs where there is no Ansible."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.hitless.edge.plugins.action.edge_command import SOURCES, read_sources
from ansible_collections.hitless.edge.plugins.module_utils._command.login import REFUSAL
from ansible_collections.hitless.edge.plugins.module_utils._command.packing import (
    PACKAGES,
    is_packed,
    pack,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.version import VERSION
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Request,
    parse_reply,
    render_request,
)
from commanded import Fleet

from meta import tree

FLOOR = (3, 9)
VERSION_OF = "import sys; print(*sys.version_info[:2])"


def version_of(python: str) -> tuple[int, ...]:
    """Major and minor."""
    done = subprocess.run([python, "-c", VERSION_OF], capture_output=True, text=True, check=True)
    return tuple(int(number) for number in done.stdout.split())


def pythons() -> list[str]:
    """The oldest and the newest Python of this machine that it is written for, and this one."""
    found = [*Path("~/.pyenv/versions").expanduser().glob("3.*/bin/python3"), sys.executable]
    versions = {version_of(str(path)): str(path) for path in found}
    usable = sorted(version for version in versions if version >= FLOOR)
    return sorted({versions[usable[0]], versions[usable[-1]], sys.executable})


RUNS_IT = pythons()


def members(packed: bytes) -> list[str]:
    """Names of the files in it."""
    return zipfile.ZipFile(io.BytesIO(packed)).namelist()


def installed(folder: Path, interpreter: str) -> str:
    """The command as a host has it, of this interpreter."""
    path = folder / "hitless-edge"
    path.write_bytes(pack(read_sources(), interpreter))
    path.chmod(0o755)
    return str(path)


def said(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """What a command says, run where nothing of this collection is."""
    return subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
    )


def test_the_same_sources_give_the_same_bytes() -> None:
    """Whatever order they were found in."""
    sources = read_sources()
    backwards = dict(reversed(sources.items()))
    assert pack(sources, "/usr/bin/python3") == pack(backwards, "/usr/bin/python3")


def test_a_changed_source_gives_other_bytes() -> None:
    """Else an upgrade would not arrive."""
    sources = read_sources()
    changed = {**sources, "_core/version.py": b'VERSION = "9"\n'}
    assert pack(sources, "/usr/bin/python3") != pack(changed, "/usr/bin/python3")


def test_every_domain_package_is_in_it() -> None:
    """A new one cannot be forgotten."""
    assert set(PACKAGES) == {path.parent.name for path in SOURCES.glob("_*/__init__.py")}
    names = members(pack(read_sources(), "/usr/bin/python3"))
    assert names == sorted(names)
    assert {name.split("/")[1] for name in names if name.count("/") > 1} == set(PACKAGES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_core/errors.py", True),
        ("_haproxy/model/site.py", True),
        ("_core/module.py", False),
        ("_core/errors.py~", False),
        ("_core/__pycache__/errors.cpython-311.pyc", False),
        ("__init__.py", False),
        ("_other/errors.py", False),
    ],
)
def test_only_the_domain_is_in_it(name: str, expected: bool) -> None:
    """Nothing that knows Ansible, nothing that is no source."""
    assert is_packed(name) is expected


def test_nothing_in_it_needs_ansible() -> None:
    """Hosts do not have it."""
    archive = zipfile.ZipFile(io.BytesIO(pack(read_sources(), "/usr/bin/python3")))
    importing = [
        name
        for name in archive.namelist()
        if b"import ansible" in archive.read(name) or b"from ansible" in archive.read(name)
    ]
    assert importing == []


def test_nothing_is_imported_late() -> None:
    """A renewal may run while the file is replaced, and must not take the rest of it from there."""
    late = [
        (name, node.lineno)
        for name, text in read_sources().items()
        if is_packed(name)
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert late == []


@pytest.mark.parametrize(
    "interpreter",
    ["", "python3", "/usr/bin/env python3", "/a\nb", "/a\0b", "/" + 127 * "a"],
)
def test_an_interpreter_that_no_line_can_name_is_refused(interpreter: str) -> None:
    """The kernel would split or cut it."""
    with pytest.raises(InvalidInput, match="interpreter"):
        pack({}, interpreter)


@pytest.mark.parametrize("python", RUNS_IT)
def test_it_runs(python: str, tmp_path: Path) -> None:
    """By its own first line, on every Python of this machine from the floor on."""
    command = installed(tmp_path, python)
    version = said(command, "--version")
    assert (version.stdout, version.stderr, version.returncode) == (
        f"hitless-edge {VERSION}\n",
        "",
        0,
    )
    manual = said(command, "--help")
    assert (manual.stderr, manual.returncode) == ("", 0)
    assert "EXIT STATUS" in manual.stdout


@pytest.mark.parametrize("python", RUNS_IT)
def test_every_file_of_it_compiles(python: str, tmp_path: Path) -> None:
    """Also what is imported only later."""
    command = installed(tmp_path, python)
    program = (
        "import sys, zipfile\n"
        "archive = zipfile.ZipFile(sys.argv[1])\n"
        "for name in archive.namelist():\n"
        "    compile(archive.read(name), name, 'exec', dont_inherit=True)\n"
        "print(len(archive.namelist()))\n"
    )
    done = said(python, "-c", program, command)
    assert (done.stderr, int(done.stdout)) == ("", len(members(Path(command).read_bytes())))


def test_neither_environment_nor_own_files_take_part(tmp_path: Path) -> None:
    """What a caller puts into PYTHONPATH is not run."""
    (tmp_path / "argparse.py").write_text("raise SystemExit('mine')")
    command = installed(tmp_path, sys.executable)
    done = subprocess.run(
        [command, "--version"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert (done.stdout, done.stderr) == (f"hitless-edge {VERSION}\n", "")


def test_the_packer_finds_this_collection() -> None:
    """Not another one of the same name."""
    assert SOURCES.resolve() == tree.PLUGINS / "module_utils"


def test_a_balancer_needs_no_acme(tmp_path: Path) -> None:
    """Nor what comes with it: a host that orders nothing has none of it."""
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(Fleet().settings("lb2")))
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['acme', 'josepy', 'requests', 'ansible']))\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from hitless_edge._command.cli import main\n"
        "sys.exit(main(['hitless-edge', '--settings', *sys.argv[2:]]))\n"
    )
    command = installed(tmp_path, sys.executable)
    question = render_request(Request("lb1"))
    received = said(
        *(sys.executable, "-c", program, command, str(settings), "receive"), stdin=question
    )
    assert (received.stderr, received.returncode) == ("", 0)
    assert parse_reply(received.stdout).error is None
    told = said(sys.executable, "-c", program, command, str(settings), "status")
    assert "lb2 (balancer)" in told.stdout
    assert "Traceback" not in told.stderr


def test_a_login_is_turned_away_by_the_real_thing(tmp_path: Path) -> None:
    """As sshd would run it; no second line, and no traceback, reaches the peer."""
    command = installed(tmp_path, sys.executable)
    for words in (["-c", "id"], ["-c", "scp -t /etc"], ["-c"]):
        done = said(command, *words, stdin="{}")
        assert (done.stdout, done.stderr, done.returncode) == ("", f"{REFUSAL}\n", 2)


def test_the_real_thing_always_replies(tmp_path: Path) -> None:
    """Also where nothing is set up yet."""
    command = installed(tmp_path, sys.executable)
    settings = tmp_path / "none.json"
    done = said(command, "--settings", str(settings), "receive", stdin="")
    assert str(settings) in (parse_reply(done.stdout).error or "")
    assert (done.stderr, done.returncode) == ("", 2)
