# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH's command line, and its words made ours."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.commands import LocalRunner
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Unavailable,
    Unreachable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._renewal.reach import SshReach
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import (
    Host,
    Settings,
)
from fakes import FakeRunner

HOSTS = {"lb1": Host("192.0.2.11"), "lb2": Host("2001:db8::2", 2222)}
SETTINGS = Settings("lb1", "/home", (), (), None, None, ("lb1", "lb2"), (), HOSTS)


def reach(rc: int = 0, stdout: str = "", stderr: str = "") -> tuple[SshReach, FakeRunner]:
    runner = FakeRunner(lambda _argv: Completed(rc, stdout, stderr))
    return SshReach(runner, SETTINGS), runner


def test_the_reply_is_what_the_other_side_wrote() -> None:
    """Unread and unchanged."""
    found, _runner = reach(stdout='{"format": 1}\n')
    assert found.exchange("lb2", "{}") == '{"format": 1}\n'


def test_a_reply_with_an_error_is_a_reply() -> None:
    """`receive` may end in failure; why is in its reply."""
    found, _runner = reach(rc=1, stdout='{"error": "x"}', stderr="x")
    assert found.exchange("lb2", "{}") == '{"error": "x"}'


def test_the_command_line_trusts_nobody() -> None:
    """Only our key, only pinned host keys, no configuration, no terminal, no forwarding."""
    found, runner = reach(stdout="{}")
    found.exchange("lb2", "{}")
    (argv,) = runner.runs
    assert argv[:9] == ("ssh", "-F", "none", "-T", "-x", "-a", "-i", "/home/push/id_ed25519", "-o")
    assert argv[-7:] == ("-p", "2222", "-l", "hitless", "--", "2001:db8::2", "hitless-edge receive")
    options = set(argv[9:-7:2])
    assert {
        "IdentitiesOnly=yes",
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/etc/hitless-edge/known_hosts",
        "GlobalKnownHostsFile=/dev/null",
        "ConnectTimeout=10",
    } <= options


def test_openssh_takes_these_options() -> None:
    """Every option exists and has the value that was meant, by OpenSSH's own reading of it."""
    found, _runner = reach()
    argv = list(found.argv("lb2"))
    asked = [argv[0], "-G", *argv[1:]]
    shown = LocalRunner().run(asked)
    assert shown.rc == 0, shown.words
    read = dict(line.partition(" ")[::2] for line in shown.stdout.splitlines())
    assert (read["user"], read["hostname"], read["port"]) == ("hitless", "2001:db8::2", "2222")
    assert read["stricthostkeychecking"] in ("yes", "true")
    assert read["userknownhostsfile"] == "/etc/hitless-edge/known_hosts"
    assert read["globalknownhostsfile"] == "/dev/null"
    assert (read["batchmode"], read["identitiesonly"]) == ("yes", "yes")
    assert (read["forwardagent"], read["forwardx11"]) == ("no", "no")
    assert (read["requesttty"], read["preferredauthentications"]) == ("false", "publickey")


CHANGED = (
    "@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@\n"
    "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\nHost key verification failed."
)
UNKNOWN = (
    "No ED25519 host key is known for 192.0.2.12 and you have requested strict checking.\n"
    "Host key verification failed."
)


@pytest.mark.parametrize(
    ("words", "meaning", "kind"),
    [
        pytest.param(CHANGED, "another host key than the one pinned", Unavailable, id="changed"),
        pytest.param(UNKNOWN, "no host key of lb2 is pinned", Unavailable, id="unknown"),
        pytest.param(
            "hitless@192.0.2.12: Permission denied (publickey).",
            "lb2 refuses our push key.*hitless.edge.keep.*AllowUsers.*AuthorizedKeysFile",
            Unavailable,
            id="refused key",
        ),
        pytest.param(
            "Warning: Identity file /home/push/id_ed25519 not accessible: No such file or "
            "directory.\nhitless@192.0.2.12: Permission denied (publickey).",
            "push key /home/push/id_ed25519 is missing",
            Unavailable,
            id="no key",
        ),
        pytest.param(
            'Load key "/home/push/id_ed25519": Permission denied\n'
            "hitless@192.0.2.12: Permission denied (publickey).",
            "cannot be read",
            Unavailable,
            id="key of another user",
        ),
        pytest.param(
            "ssh: connect to host 2001:db8::2 port 2222: Connection refused",
            "lb2 runs no sshd at 2001:db8::2 port 2222",
            Unreachable,
            id="no sshd",
        ),
        pytest.param(
            "ssh: connect to host 2001:db8::2 port 2222: Connection timed out",
            "lb2 does not answer at 2001:db8::2 port 2222",
            Unreachable,
            id="down",
        ),
        pytest.param(
            "ssh: connect to host 2001:db8::2 port 2222: No route to host",
            "does not answer",
            Unreachable,
            id="no route",
        ),
        pytest.param(
            "ssh: Could not resolve hostname lb2: Name or service not known",
            "does not resolve here",
            Unreachable,
            id="no name",
        ),
        pytest.param(
            "Timeout, server 2001:db8::2 not responding.",
            "broke the connection off",
            Unavailable,
            id="died meanwhile",
        ),
        pytest.param(
            "kex_exchange_identification: Connection closed by remote host\n"
            "Connection closed by 2001:db8::2 port 2222",
            "MaxStartups",
            Unavailable,
            id="too many",
        ),
        pytest.param("something new", "cannot be asked: something new", Unavailable, id="other"),
        pytest.param(
            "Connection to 2001:db8::2 closed by remote host.",
            "lb2 broke the connection off",
            Unavailable,
            id="killed meanwhile",
        ),
        pytest.param("", "lb2 stopped answering", Unavailable, id="frozen meanwhile"),
    ],
)
def test_what_ssh_says_becomes_what_it_means(
    words: str, meaning: str, kind: type[Unavailable]
) -> None:
    """The host, the cause, what to do, and ssh's last words for those who want them."""
    found, _runner = reach(rc=255, stderr=words)
    with pytest.raises(kind, match=f"(?s){meaning}") as caught:
        found.exchange("lb2", "{}")
    assert caught.type is kind
    assert "lb2" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("rc", "meaning"),
    [
        pytest.param(127, "has no command hitless-edge", id="not installed"),
        pytest.param(0, "gave no reply", id="empty"),
        pytest.param(2, "gave no reply .exit status 2.: hitless-edge: refused", id="refused"),
    ],
)
def test_no_reply_is_unavailable(rc: int, meaning: str) -> None:
    """A host that answers nothing is one that did not answer."""
    found, _runner = reach(rc=rc, stderr="hitless-edge: refused\n")
    with pytest.raises(Unavailable, match=meaning):
        found.exchange("lb2", "{}")


def test_a_host_that_hangs_is_given_up() -> None:
    """The runner ends ssh; the words name the host."""

    def hang(_argv: object) -> Completed:
        raise Unavailable("ssh did not end within 90 s")

    found = SshReach(FakeRunner(hang), SETTINGS)
    with pytest.raises(Unavailable, match="lb2 cannot be asked: ssh did not end within 90 s"):
        found.exchange("lb2", "{}")
