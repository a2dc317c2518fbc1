# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tree of this repository as the tests of the tree see it."""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.hitless.edge"


def files(*patterns: str) -> list[Path]:
    """Files of the project (tracked, or new and not ignored) that match a glob from its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    ).stdout.split("\0")
    # Without git, as where ansible-galaxy installed it, there are no ignored files to leave out.
    names = [name for name in listed if name] or [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()
    ]
    found = {ROOT / name for name in names for pattern in patterns if Path(name).match(pattern)}
    return sorted(path for path in found if path.is_file())


def below(*folders: str, suffix: str = ".py") -> list[Path]:
    """Files of one kind anywhere below folders."""
    return [
        path
        for path in files(f"*{suffix}")
        if any(path.is_relative_to(ROOT / folder) for folder in folders)
    ]


def name_of(path: Path) -> str:
    """A path from the root, to be read in messages and test ids."""
    return str(path.relative_to(ROOT))


def modules() -> list[Path]:
    """The collection's modules."""
    return [path for path in below("plugins/modules") if path.stem != "__init__"]


def roles() -> list[Path]:
    """The folders of the collection's roles."""
    return sorted(
        {ROOT / "roles" / path.relative_to(ROOT / "roles").parts[0] for path in role_files()}
    )


def role_files() -> list[Path]:
    """Every YAML file of every role."""
    return below("roles", suffix=".yml")


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def load_yaml(path: Path) -> Any:
    """A YAML file as plain values; Ansible's own tags become their text."""
    return AnsibleLoader(path.read_text(encoding="utf-8")).get_single_data()


class AnsibleLoader(yaml.SafeLoader):
    """Safe YAML that reads `!unsafe` and `!vault` as strings."""


AnsibleLoader.add_multi_constructor(
    "!", lambda loader, _suffix, node: loader.construct_scalar(node)
)


def load(path: Path) -> ModuleType:
    """A plugin as Python imports it."""
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return importlib.import_module(f"{COLLECTION}.{dotted}")


def documentation(path: Path) -> dict[str, Any]:
    """A module's DOCUMENTATION, with the options of its fragments."""
    document: dict[str, Any] = yaml.safe_load(load(path).DOCUMENTATION)
    own = dict(document.get("options") or {})
    shared: dict[str, Any] = {}
    for reference in document.get("extends_documentation_fragment") or []:
        shared |= fragment_options(reference)
    # As Ansible does it: what a module says of an option goes over what the fragment says.
    options = {name: {**shared.get(name, {}), **own.get(name, {})} for name in {*shared, *own}}
    return {**document, "options": options}


def fragment_options(reference: str) -> Mapping[str, Any]:
    """The options of one of our own doc fragments, `hitless.edge.file[.variant]`."""
    namespace, collection, file, *variant = reference.split(".")
    if (namespace, collection) != ("hitless", "edge"):
        return {}  # of Ansible itself: attributes of plugins, no options
    fragment = load(PLUGINS / "doc_fragments" / f"{file}.py").ModuleDocFragment
    text = getattr(fragment, variant[0].upper() if variant else "DOCUMENTATION")
    return dict(yaml.safe_load(text).get("options") or {})


def spec_options(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The options that a module really takes."""
    make: Callable[[], Any] = load(path).spec
    options: Mapping[str, Mapping[str, Any]] = make().options
    return options


def role_specs(role: Path) -> dict[str, Any]:
    """The options of each entry point of a role."""
    document = load_yaml(role / "meta/argument_specs.yml")
    return {entry: spec.get("options") or {} for entry, spec in document["argument_specs"].items()}


def flattened(
    options: Mapping[str, Any], key: str, path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Options with those nested in them under `key`, by their dotted path."""
    for name, option in options.items():
        dotted = f"{path}.{name}" if path else name
        yield dotted, option
        yield from flattened(option.get(key) or {}, key, dotted)


def ids(paths: Iterable[Path]) -> list[str]:
    """Test ids."""
    return [name_of(path) for path in paths]
