# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documented options are the real ones, by value; no secret is written to a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.options import MODEL

from meta import tree

SECRET = re.compile(
    r"(^|_)(key|pem|secret|password|passphrase|token|hmac|credentials?|private)(_|$)"
)
NO_SECRET = {
    "key_type",
    "key_types",
}
"""Names that sound secret and hold none."""


def documented(option: Mapping[str, Any]) -> dict[str, Any]:
    """What the documentation says of an option."""
    return normal(option, nested="suboptions")


def specified(option: Mapping[str, Any]) -> dict[str, Any]:
    """What the argument spec says of an option."""
    return normal(option, nested="options")


def normal(option: Mapping[str, Any], *, nested: str) -> dict[str, Any]:
    """An option's facts in one form, whichever of the two it comes from."""
    fields = {
        "type": option.get("type", "str"),
        "default": option.get("default"),
        "required": bool(option.get("required", False)),
        "choices": list(option.get("choices") or []),
        "elements": option.get("elements"),
        "aliases": sorted(option.get("aliases") or []),
    }
    inner = option.get(nested) or {}
    return {
        **fields,
        nested.replace("suboptions", "options"): {
            k: normal(v, nested=nested) for k, v in inner.items()
        },
    }


def unlogged_secrets(options: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Dotted names of options that sound secret and do not say `no_log`.

    `no_log: false` is a decision, and visible.
    """
    return [
        name
        for name, option in tree.flattened(options, "options")
        if SECRET.search(name.rpartition(".")[2])
        and name.rpartition(".")[2] not in NO_SECRET
        and option.get("type", "str") in ("str", "list", "dict", "raw")
        and "no_log" not in option
    ]


def taken_by_action(path: Path) -> set[str]:
    """Options that a module's action plugin takes for itself, on the controller."""
    action = tree.PLUGINS / "action" / path.name
    if not action.is_file():
        return set()
    taken = getattr(tree.load(action).ActionModule, "_VALID_ARGS", frozenset())
    return set(taken) - set(tree.spec_options(path))


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name_of)
def test_documented_options_are_the_real_ones(path: Path) -> None:
    """Name, type, default, choices and nesting of every option, as users read them."""
    by_action = taken_by_action(path)
    options = tree.documentation(path)["options"]
    documentation = {name: documented(option) for name, option in options.items()}
    real = {name: specified(option) for name, option in tree.spec_options(path).items()}
    assert {name: documentation[name] for name in set(documentation) - by_action} == real
    assert set(documentation) == set(real) | by_action


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name_of)
def test_the_documented_model_is_the_real_one(path: Path) -> None:
    """Where an action plugin parses the model, its documentation is held to the model's spec."""
    options = tree.documentation(path)["options"]
    for name in taken_by_action(path) & set(MODEL):
        assert documented(options[name]) == specified(MODEL[name])


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name_of)
def test_modules_are_documented(path: Path) -> None:
    """What it does, examples that play it, results with samples."""
    module = tree.load(path)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["module"] == path.stem
    assert documentation["short_description"]
    assert f"hitless.edge.{path.stem}:" in module.EXAMPLES
    assert yaml.safe_load(module.EXAMPLES)
    results = yaml.safe_load(module.RETURN)
    assert results
    assert all({"description", "returned", "type"} <= set(value) for value in results.values())


@pytest.mark.parametrize("path", tree.modules(), ids=tree.name_of)
def test_no_secret_is_logged(path: Path) -> None:
    """Every option that sounds secret decides about `no_log`."""
    assert unlogged_secrets(tree.spec_options(path)) == []


@pytest.mark.parametrize("role", tree.roles(), ids=tree.name_of)
def test_no_secret_of_a_role_is_logged(role: Path) -> None:
    """The same for the variables of roles."""
    for options in tree.role_specs(role).values():
        assert unlogged_secrets(options) == []


@pytest.mark.parametrize(
    ("change", "value"),
    [("default", 2), ("type", "str"), ("choices", [1]), ("required", True), ("elements", "int")],
)
def test_a_difference_is_found(change: str, value: Any) -> None:
    """The comparison can fail, also below the first level."""
    option = {"type": "int", "default": 1}
    outer = {"type": "dict"}
    true = documented({**outer, "suboptions": {"inner": option}})
    assert true == specified({**outer, "options": {"inner": option}})
    assert true != specified({**outer, "options": {"inner": {**option, change: value}}})


def test_a_logged_secret_is_found() -> None:
    """The check of secrets can fail, also below the first level."""
    options = {
        "eab": {"type": "dict", "options": {"hmac_key": {}, "kid": {}}},
        "key_type": {},
        "pem": {"no_log": True},
    }
    assert unlogged_secrets(options) == ["eab.hmac_key"]
