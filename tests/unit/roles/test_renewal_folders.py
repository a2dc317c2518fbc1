# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role does as root in folders of the command's own user."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).resolve().parents[3] / "roles" / "renewal"
LEFT = ["due.json", "push/id_ed25519", "push/id_ed25519.pub", "status/push.json"]
KEPT = ["due.json.old", "push/other", "status/sync.json", "status/x/push.json", "x/due.json"]


def task(file: str, name: str, **variables: Any) -> dict[str, Any]:
    """The arguments of a task, rendered."""
    loader = DataLoader()
    known = loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True)
    tasks = loader.load_from_file(str(ROLE / "tasks" / file), trusted_as_template=True)
    (found,) = [one for one in tasks if one["name"] == name]
    (arguments,) = [value for key, value in found.items() if key.startswith("ansible.builtin.")]
    rendered = Templar(loader=loader, variables={**known, **variables}).template(arguments)
    return dict(rendered)


def forget(home: Path) -> None:
    """As on a host that is no issuer any more."""
    name = "Its push key and what it remembers of its turns are gone"
    argv = task("leave.yml", name, issuer_home=str(home))["argv"]
    subprocess.run(argv, check=True)


def fill(home: Path) -> None:
    """With what an issuer keeps, and more."""
    for name in (*LEFT, *KEPT):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("")


def held(home: Path) -> list[str]:
    """Files in it, at any depth."""
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["home", "a home", "it's"])
def test_a_host_that_is_no_issuer_forgets_its_turns(tmp_path: Path, name: str) -> None:
    """And nothing else."""
    fill(tmp_path / name)
    forget(tmp_path / name)
    assert held(tmp_path / name) == KEPT


@pytest.mark.parametrize("folder", ["push", "status"])
def test_nothing_is_deleted_through_a_link(tmp_path: Path, folder: str) -> None:
    """The user could have put it there to have root delete a key of root's."""
    home, victim = tmp_path / "home", tmp_path / "root" / folder
    fill(tmp_path / "root")
    home.mkdir()
    (home / folder).symlink_to(victim)
    forget(home)
    assert held(tmp_path / "root") == sorted([*LEFT, *KEPT])


@pytest.mark.parametrize(
    ("path", "owner", "follows"),
    [
        ("/var/lib/x/status", "hitless", False),
        ("/var/lib/x/metrics", "root", False),
        ("/var/lib/x", "hitless", True),
        ("/var/lib/xy", "root", True),
        ("/etc/hitless-edge", "root", True),
    ],
)
def test_a_folder_in_one_of_the_user_is_made_without_following(
    path: str, owner: str, follows: bool
) -> None:
    """An administrator's link, in a folder of root, is no danger."""
    item = {"path": path, "mode": "700", "owner": owner}
    variables = {"issuer_home": "/var/lib/x", "__renewal_owner": "hitless", "item": item}
    assert task("folders.yml", "Folders", **variables)["follow"] is follows


def test_what_changes_hands_is_named_from_within_its_folder() -> None:
    """A path could lead elsewhere by the time that chown looks at it. Source: find(1), -execdir."""
    name = "What the command writes belongs to its user"
    variables = {"issuer_home": "/var/lib/x", "__renewal_is_balancer": True}
    command = task("folders.yml", name, **variables)["argv"][-1]
    assert command.endswith(" -execdir chown -h hitless:hitless -- {} +")
    assert " -exec " not in command
