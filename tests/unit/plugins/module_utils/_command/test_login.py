# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever logs in can ask for one thing, to the letter."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.login import (
    ASKED,
    Login,
    login_of,
    peer_of,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.reach import COMMAND
from hypothesis import example, given
from hypothesis import strategies as st

PROGRAM = "/usr/local/bin/hitless-edge"
SSH = {"SSH_CONNECTION": "192.0.2.9 4711 192.0.2.11 22", "SHELL": PROGRAM}


def test_the_forced_command_that_was_asked_for_is_welcome() -> None:
    """As sshd calls a login shell."""
    login = login_of([PROGRAM, "-c", ASKED], {**SSH, "SSH_ORIGINAL_COMMAND": ASKED})
    assert login == Login(ASKED)
    assert login.is_welcome


def test_senders_ask_for_just_that() -> None:
    """Both sides have the same words."""
    assert COMMAND == ASKED


@pytest.mark.parametrize(
    "original",
    [None, "", "sh", "/usr/lib/openssh/sftp-server", "hitless-edge receive; id", "internal-sftp"],
)
def test_who_wants_something_else_is_not_welcome(original: str | None) -> None:
    """Although the key's forced command would be run; ``None``: an interactive login."""
    environment = SSH if original is None else {**SSH, "SSH_ORIGINAL_COMMAND": original}
    login = login_of([PROGRAM, "-c", ASKED], environment)
    assert login is not None
    assert not login.is_welcome


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "sh"],
        ["-c", "hitless-edge  receive"],
        ["-c", " hitless-edge receive"],
        ["-c", "hitless-edge receive\n"],
        ["-c", "/usr/local/bin/hitless-edge receive"],
        ["-c", "hitless-edge", "receive"],
        ["-c", ASKED, "more"],
        ["-c", ""],
        ["-c"],
        ["-c", "scp -t /etc"],
        ["-c", "hitless-edge renew --force"],
    ],
)
@pytest.mark.parametrize("original", [{}, {"SSH_ORIGINAL_COMMAND": ASKED}])
def test_any_other_command_is_not_welcome(arguments: list[str], original: dict[str, str]) -> None:
    """Not even one that means the same, and whatever the peer says that it asked for."""
    login = login_of([PROGRAM, *arguments], {**SSH, **original})
    assert login is not None
    assert not login.is_welcome


@given(st.text(), st.none() | st.text())
@example(ASKED, ASKED)
@example(ASKED, "id")
@example("id", ASKED)
def test_nothing_else_is_ever_welcome(command: str, original: str | None) -> None:
    """Of both, the forced command and the one that was asked for."""
    environment = SSH if original is None else {**SSH, "SSH_ORIGINAL_COMMAND": original}
    login = login_of([PROGRAM, "-c", command], environment)
    assert login is not None
    assert login.is_welcome == (command == original == ASKED)


@pytest.mark.parametrize(
    ("argv", "environment"),
    [
        pytest.param(["-hitless-edge"], {}, id="as login names a shell"),
        pytest.param([PROGRAM], {"SHELL": PROGRAM}, id="as sshd leaves it, through #!"),
    ],
)
def test_an_interactive_login_is_not_welcome(argv: list[str], environment: dict[str, str]) -> None:
    """There is no shell."""
    login = login_of(argv, environment)
    assert login == Login(None)
    assert not login.is_welcome


@pytest.mark.parametrize(
    "arguments", [[], ["receive"], ["status", "--json"], ["--version"], ["renew", "-c", "x"]]
)
def test_a_plain_call_is_no_login(arguments: list[str]) -> None:
    """By a unit or a person, who have a shell."""
    assert (
        login_of(
            [PROGRAM, *arguments],
            {
                "SHELL": "/bin/bash",
            },
        )
        is None
    )


def test_a_local_user_may_ask_for_it_too() -> None:
    """As `su hitless -c` does: there is no peer who could have wanted something else."""
    login = login_of([PROGRAM, "-c", ASKED], {"SHELL": PROGRAM})
    assert login is not None
    assert login.is_welcome


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (SSH, "from 192.0.2.9"),
        ({"SSH_CONNECTION": "2001:db8::9 1 2001:db8::1 22"}, "from 2001:db8::9"),
        ({}, "from this host"),
        ({"SSH_CONNECTION": ""}, "from this host"),
    ],
)
def test_a_peer_is_named_by_its_address(environment: dict[str, str], words: str) -> None:
    """As sshd saw it."""
    assert peer_of(environment) == words


def test_what_was_wanted_is_told() -> None:
    """For the journal."""
    assert Login(None).told == "a shell"
    assert Login("id").told == "`id`"
