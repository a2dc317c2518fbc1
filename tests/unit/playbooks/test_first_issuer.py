# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A first issuer without a key does not take the fleet's account away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = Path(__file__).parents[3]
KEY = "/var/lib/hitless-edge/account/key.pem"
SETTINGS = "/etc/hitless-edge/settings.json"


def loaded(path: str) -> Any:
    """A file of the playbooks, with templates that may be played."""
    return DataLoader().load_from_file(str(ROOT / "playbooks" / path), trusted_as_template=True)


def refusal(**answers: str | None) -> str:
    """What a run says, given the files of each host that tell of an account; ``None``: is down."""
    results = [
        {"item": host, "unreachable": True} if found is None else {"item": host, "stdout": found}
        for host, found in answers.items()
    ]
    known = {
        "groups": {"balancers": ["lb1", "lb2", "lb3"]},
        "__edge_account_known": {"results": results},
    }
    variables = {**loaded("vars/edge.yml"), **known}
    told = Templar(DataLoader(), variables=variables).template(variables["__edge_other_account"])
    assert isinstance(told, str)
    return told


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        pytest.param({"lb1": "", "lb2": KEY}, "lb2 holds its key. Put lb2 first", id="a standby"),
        pytest.param({"lb1": "", "lb2": "", "lb3": SETTINGS}, "lb3 knows of it", id="a balancer"),
        pytest.param({"lb1": SETTINGS, "lb2": None}, "lb1 knows of it", id="its key alone is gone"),
    ],
)
def test_an_account_that_others_know_of_is_not_replaced(answers: Any, words: str) -> None:
    """The words name the host and both remedies."""
    told = refusal(**answers)
    assert told.startswith("lb1, the first issuer, has no account key")
    assert words in told
    assert "first in the group issuers" in told
    assert "issuer_new_account: true" in told


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"lb1": "", "lb2": "", "lb3": ""},
        {"lb1": f"{KEY}\n{SETTINGS}", "lb2": f"{KEY}\n{SETTINGS}"},
        {"lb1": "", "lb2": None, "lb3": None},
    ],
    ids=["nobody was asked", "a new fleet", "the first issuer has it", "all others are down"],
)
def test_where_nobody_knows_of_another_account_nothing_is_refused(answers: Any) -> None:
    """A host that cannot be asked says nothing."""
    assert refusal(**answers) == ""


def test_the_others_are_asked_before_a_key_is_made() -> None:
    """And the key is made by a task behind the refusal."""
    tasks = [one["name"] for one in loaded("tasks/account.yml")]
    asked = tasks.index("Who knows of an account, before a key is made")
    refused = tasks.index("The fleet has no other account")
    assert tasks.index("Environment of the issuer") < asked < refused
    assert refused < tasks.index("Account key of the issuer")
