# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From words to a status: whoever calls is told in one line, and nobody sees a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._command.cli import FAULT
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from ansible_collections.hitless.edge.plugins.module_utils._command.login import ASKED, REFUSAL
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Busy, Refused
from commanded import command
from fakes import FakeFiles, FakeHost

SSH = {"SSH_CONNECTION": "192.0.2.9 4711 192.0.2.11 22"}


class BrokenFiles(FakeFiles):
    """Files of which none can be read, for one reason."""

    error: BaseException

    def read(self, path: str) -> bytes | None:
        del path
        raise self.error


def broken(error: BaseException) -> FakeHost:
    """A host with such files."""
    host = FakeHost()
    files = BrokenFiles(host.clock)
    files.error = error
    host.files = files
    return host


def test_settings_that_are_not_there_are_named() -> None:
    """With what to do, and nothing else is done."""
    said = command(FakeHost(), "push")
    assert said.status == Exit.USAGE
    assert said.events[0][0] == "ERROR"
    assert "/etc/hitless-edge/settings.json: is not there; run hitless.edge.site" in said.told
    assert (said.output, said.errors) == ("", "")


def test_other_settings_may_be_named() -> None:
    """For a try by hand."""
    assert "/x/y.json: is not there" in command(FakeHost(), "--settings", "/x/y.json", "push").told


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        pytest.param(Busy("another run holds /x"), Exit.BUSY, "another run holds /x", id="busy"),
        pytest.param(Refused("no", "words"), Exit.ATTENTION, "no:\nwords", id="refused"),
        pytest.param(
            PermissionError(13, "Permission denied", "/x"),
            Exit.ATTENTION,
            "/x: Permission denied; run it as root, or as the user hitless",
            id="denied",
        ),
        pytest.param(
            OSError(28, "No space left on device", "/x"),
            Exit.ATTENTION,
            "[Errno 28] No space left on device: '/x'",
            id="full",
        ),
    ],
)
def test_what_goes_wrong_is_told_in_words(error: Exception, status: Exit, words: str) -> None:
    """By a status that a program can act on, and one event."""
    said = command(broken(error), "push")
    assert (said.status, said.told) == (status, words)
    assert len(said.events) == 1


def test_a_fault_of_the_program_leaves_its_traceback_in_the_journal() -> None:
    """And a line for whoever called."""
    said = command(broken(RuntimeError("oops")), "push")
    assert said.status == Exit.FAULT
    assert said.events[0][1] == "Traceback (most recent call last):"
    assert said.events[-1][1] == f"RuntimeError: oops: {FAULT}"
    assert (said.output, said.errors) == ("", "")


def test_a_reader_that_has_gone_is_no_fault() -> None:
    """As of `status | head`."""
    said = command(broken(BrokenPipeError(32, "Broken pipe")), "push")
    assert said.status == Exit.ATTENTION
    assert said.events == (("INFO", "nobody reads the output any more"),)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(143)])
def test_who_stops_it_stops_it(stop: BaseException) -> None:
    """Neither is a fault."""
    with pytest.raises(type(stop)):
        command(broken(stop), "push")


@pytest.mark.parametrize(
    ("words", "environment", "wanted"),
    [
        (["-c", "id"], {}, "`['id']`"),
        (["-c", ASKED], {"SSH_ORIGINAL_COMMAND": "id\n<3>forged"}, "`id\n<3>forged`"),
        (["-c", ASKED], {}, "a shell"),
    ],
)
def test_who_logs_in_for_something_else_is_turned_away(
    words: list[str], environment: dict[str, str], wanted: str
) -> None:
    """With one line on standard error, and one in the journal; nothing is read or done."""
    said = command(broken(AssertionError()), *words, environment={**SSH, **environment})
    assert said.status == Exit.USAGE
    assert (said.output, said.errors) == ("", f"{REFUSAL}\n")
    assert said.events == (
        ("WARNING", f"refused from 192.0.2.9: wanted {wanted}, may only `hitless-edge receive`"),
    )


def test_the_forced_command_is_receive() -> None:
    """As sshd calls it."""
    environment = {**SSH, "SSH_ORIGINAL_COMMAND": ASKED}
    said = command(FakeHost(), "-c", ASKED, environment=environment, request=b"{}")
    reply: dict[str, Any] = json.loads(said.output)
    assert "settings.json: is not there" in reply["error"]
    assert said.status == Exit.USAGE
