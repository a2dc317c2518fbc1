# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import what: docs/architecture.md, "Layers"."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta import tree

MAY_USE = {
    "_core": set(),
    "_pki": {"_core"},
    "_haproxy": {"_core", "_pki"},
    "_acme": {"_core", "_pki"},
    "_edge": {"_core", "_pki", "_haproxy", "_acme"},
    "_certbot": {"_core", "_pki", "_acme"},
    "_renewal": {"_core", "_pki", "_haproxy", "_acme", "_edge", "_certbot"},
    "_command": {"_core", "_pki", "_haproxy", "_acme", "_edge", "_certbot", "_renewal"},
}
"""Domain package: the packages that it may import besides itself."""

THIRD_PARTY = {
    "cryptography": {"_pki/x509.py", "_pki/keys.py"},
    "acme": {"_acme/transport.py"},
    "josepy": {"_acme/transport.py"},
    "requests": {"_acme/transport.py"},
}
"""Library: the only files of plugins/module_utils/ that may import it."""

KNOWS_ANSIBLE = ("plugins/modules", "plugins/action", "plugins/filter", "plugins/doc_fragments")
SHELL = "plugins/module_utils/_core/module.py"
UTILS = tree.PLUGINS / "module_utils"
DOMAIN = tree.below("plugins/module_utils")


def run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, but for what only a type checker reads."""
    yield node
    if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from run_time_nodes(child)


def imports(source: str, package: tuple[str, ...]) -> set[str]:
    """Absolute dotted names of everything a file of this package imports, wherever it does.

    What stands under ``if TYPE_CHECKING`` is never imported.
    """
    found: set[str] = set()
    for node in run_time_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*base, *((node.module or "").split(".") if node.module else ())))
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    return found


def faults_of(source: str, path: str) -> list[str]:
    """What a file of plugins/ (path from the root) imports and must not."""
    package = ("ansible_collections", "hitless", "edge", *Path(path).parent.parts)
    names = imports(source, package)
    tops = {name.partition(".")[0] for name in names}
    third_party = tops - sys.stdlib_module_names - {"ansible", "ansible_collections", "__future__"}
    file = path.removeprefix("plugins/module_utils/")
    faults = [f"imports {top}" for top in third_party if file not in THIRD_PARTY.get(top, set())]
    if "ansible" in tops and path != SHELL and not path.startswith(KNOWS_ANSIBLE):
        faults.append("knows Ansible")
    own = Path(file).parts[0]
    for name in names:
        other = name.partition("plugins.module_utils.")[2].partition(".")[0]
        if own in MAY_USE and other and other != own and other not in MAY_USE[own]:
            faults.append(f"{own} uses {other}")
        if own in MAY_USE and ".plugins." in name and not other:
            faults.append(f"{own} uses {name}")
    return sorted(set(faults))


@pytest.mark.parametrize("path", tree.below("plugins"), ids=tree.name_of)
def test_imports_point_inwards(path: Path) -> None:
    """Nothing below the modules knows Ansible, each library is known to its own file, no cycles."""
    assert faults_of(path.read_text(encoding="utf-8"), tree.name_of(path)) == []


@pytest.mark.parametrize(
    "package", sorted({path.relative_to(UTILS).parts[0] for path in DOMAIN} - {"__init__.py"})
)
def test_every_package_has_its_place(package: str) -> None:
    """A new domain package is put into the order of dependencies."""
    assert package in MAY_USE


def test_the_order_has_no_cycle() -> None:
    """Each package uses only packages that stand before it."""
    order = list(MAY_USE)
    assert all(set(MAY_USE[name]) <= set(order[: order.index(name)]) for name in order)


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("_pki/pem.py", "from ansible.module_utils.basic import AnsibleModule", "knows Ansible"),
        ("_pki/pem.py", "def f():\n    import ansible", "knows Ansible"),
        ("_pki/pem.py", "from .._haproxy.runtime import X", "_pki uses _haproxy"),
        ("_pki/pem.py", "from .. import _acme", "_pki uses _acme"),
        ("_haproxy/model/site.py", "from ..._acme import due", "_haproxy uses _acme"),
        ("_core/change.py", "from .._pki.pem import X", "_core uses _pki"),
        ("_pki/pem.py", "from cryptography import x509", "imports cryptography"),
        (
            "_acme/due.py",
            "try:\n    import josepy\nexcept ImportError:\n    pass",
            "imports josepy",
        ),
        ("_pki/pem.py", "import yaml", "imports yaml"),
        (
            "_pki/pem.py",
            "from ansible_collections.hitless.edge.plugins.modules import acme_account",
            "_pki uses ansible_collections.hitless.edge.plugins.modules.acme_account",
        ),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str, fault: str) -> None:
    """The checker can fail."""
    assert faults_of(source, f"plugins/module_utils/{path}") == [fault]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (SHELL, "from ansible.module_utils.basic import AnsibleModule"),
        ("plugins/module_utils/_haproxy/model/site.py", "from ..._pki.pem import X\nimport json"),
        ("plugins/module_utils/_pki/x509.py", "from cryptography import x509"),
        ("plugins/module_utils/_acme/due.py", "if TYPE_CHECKING:\n    import requests"),
        ("plugins/modules/haproxy_info.py", "from ..module_utils._core.module import run"),
    ],
)
def test_a_right_import_is_none(path: str, source: str) -> None:
    """The checker can pass."""
    assert faults_of(source, path) == []
