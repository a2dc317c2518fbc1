# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every role has the same anatomy, and its documented defaults are the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.runtime import (
    PAYLOAD_LIMIT_BYTES,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import parse_settings

from meta import tree

IMPORTS = {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"}
BESIDE_AN_IMPORT = {"name", "when", "tags", "vars", "become", "delegate_to", "run_once"}
ROLES = tree.roles()
MODEL = {"sites", "backends", "global", "defaults", "listeners", "sections"}


def differing_defaults(defaults: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Variables whose default is not the documented one; a null default says "none" and is both."""
    return [
        name
        for name in sorted({*defaults, *options})
        if defaults.get(name) != options.get(name, {}).get("default") or name not in options
    ]


def all_defaults(role: Path) -> dict[str, Any]:
    """The public variables of a role."""
    return tree.load_yaml(role / "defaults/main.yml") or {}


def all_options(role: Path) -> dict[str, Any]:
    """The options of all entry points."""
    return {
        name: option for spec in tree.role_specs(role).values() for name, option in spec.items()
    }


def test_there_are_roles() -> None:
    """The tests below have something to look at."""
    assert ROLES


@pytest.mark.parametrize("role", ROLES, ids=tree.name_of)
def test_a_role_is_complete(role: Path) -> None:
    """Public defaults, a spec, a table of contents, a licence to be found by Galaxy."""
    for file in ("defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml"):
        assert (role / file).is_file(), file


@pytest.mark.parametrize("role", ROLES, ids=tree.name_of)
def test_documented_defaults_are_the_real_ones(role: Path) -> None:
    """Every variable is in defaults/ and in the spec, with one and the same default."""
    assert differing_defaults(all_defaults(role), all_options(role)) == []


def test_the_model_is_the_same_for_the_role_and_for_its_module() -> None:
    """One model, documented twice: types, choices and nested options never part."""
    documented = dict(tree.flattened(tree.fragment_options("hitless.edge.model"), "suboptions"))
    accepted = dict(tree.flattened(tree.role_specs(tree.ROOT / "roles/haproxy")["main"], "options"))
    own = {name: option for name, option in documented.items() if "." in name}
    of_role = {
        name.removeprefix("haproxy_"): option for name, option in accepted.items() if "." in name
    }
    assert {name: shape(option) for name, option in own.items() if name.split(".")[0] in MODEL} == {
        name: shape(option) for name, option in of_role.items()
    }


def shape(option: Mapping[str, Any]) -> dict[str, Any]:
    """What an option accepts, without the words about it."""
    words = {"description", "options", "suboptions"}
    return {key: value for key, value in option.items() if key not in words}


@pytest.mark.parametrize("role", ROLES, ids=tree.name_of)
def test_public_variables_carry_the_prefix(role: Path) -> None:
    """haproxy_*, issuer_*, certificates_*: no role takes a name that others may use."""
    prefix = role.name.removeprefix("_").split("_")[0]
    assert [
        name for name in all_options(role) if not name.startswith((f"{prefix}_", "edge_"))
    ] == []


@pytest.mark.parametrize("role", ROLES, ids=tree.name_of)
def test_private_variables_are_private(role: Path) -> None:
    """What vars/ holds is nobody else's: `__role_x`."""
    private = [path for path in tree.role_files() if path.is_relative_to(role / "vars")]
    for path in private:
        names = tree.load_yaml(path) or {}
        assert [name for name in names if not name.startswith("__")] == [], tree.name_of(path)


def test_a_reload_is_foreseen_by_the_limit_that_asks_for_it() -> None:
    """The role tells which deliveries may go at once by the size that the module decides by."""
    private = tree.load_yaml(tree.ROOT / "roles/certificates/vars/main.yml")
    assert private["__certificates_hot_limit"] == PAYLOAD_LIMIT_BYTES


def test_the_settings_that_are_written_are_those_that_are_read() -> None:
    """The role writes every key that the command knows, and none besides."""
    private = tree.load_yaml(tree.ROOT / "roles/renewal/vars/main.yml")
    with pytest.raises(InvalidInput) as caught:
        parse({"zzz": None}, "", parse_settings)
    (told,) = (fault.remedy for fault in caught.value.faults if fault.path == "zzz")
    assert sorted(private["__renewal_settings"]) == told.removeprefix("known are ").split(", ")


def test_the_look_sees_every_file_that_is_written() -> None:
    """A file that nobody looked at would be written at every run."""
    private = tree.load_yaml(tree.ROOT / "roles/renewal/vars/main.yml")
    groups = ("files", "units_of_all", "units_of_issuers")
    written = [file["path"] for group in groups for file in private[f"__renewal_{group}"]]
    assert private["__renewal_paths_of_files"] == written


@pytest.mark.parametrize("role", ROLES, ids=tree.name_of)
def test_main_is_a_table_of_contents(role: Path) -> None:
    """tasks/main.yml names files and does nothing itself."""
    for task in tree.load_yaml(role / "tasks/main.yml"):
        assert len(IMPORTS & set(task)) == 1, task
        assert set(task) <= IMPORTS | BESIDE_AN_IMPORT, task


@pytest.mark.parametrize("role", ROLES, ids=tree.name_of)
def test_handlers_never_restart_haproxy(role: Path) -> None:
    """A restart drops every connection; a handler reloads."""
    path = role / "handlers/main.yml"
    handlers = tree.load_yaml(path) if path.is_file() else []
    assert not [task for task in handlers if "restarted" in str(task)]


@pytest.mark.parametrize(
    ("defaults", "options", "differing"),
    [
        ({"a": 1}, {"a": {"default": 1}}, []),
        ({"a": None}, {"a": {}}, []),
        ({"a": 1}, {"a": {"default": 2}}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({"a": None}, {}, ["a"]),
        ({}, {"a": {"default": 1}}, ["a"]),
        ({"a": []}, {"a": {}}, ["a"]),
    ],
)
def test_a_differing_default_is_found(
    defaults: dict[str, Any], options: dict[str, Any], differing: list[str]
) -> None:
    """The comparison can fail."""
    assert differing_defaults(defaults, options) == differing
