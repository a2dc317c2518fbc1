# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other hosts: one request, one reply, over OpenSSH with a key that can do nothing else.

Host keys are those that the play pinned; one that is unknown or differs is never accepted. No
configuration of the user or of the host is read, so nothing there can weaken this.

Source: OpenSSH 9.2 ssh(1), ssh_config(5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .._core.errors import Unavailable, Unreachable
from .._core.ports import Completed, Runner
from .settings import Settings

USER = "hitless"
COMMAND = "hitless-edge receive"
KNOWN_HOSTS = "/etc/hitless-edge/known_hosts"
CONNECT_SECONDS = 10
ALIVE_SECONDS = 10
EXCHANGE_SECONDS = 90.0
"""Connection, the minute that the other side takes at most, and some."""

FAILED_BY_ITSELF = 255
NO_COMMAND = (126, 127)
AGAIN = "run hitless.edge.keep"

OPTIONS = (
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "BatchMode=yes",
    "PreferredAuthentications=publickey",
    "StrictHostKeyChecking=yes",
    f"UserKnownHostsFile={KNOWN_HOSTS}",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ControlPath=none",
    "LogLevel=ERROR",
    f"ConnectTimeout={CONNECT_SECONDS}",
    f"ServerAliveInterval={ALIVE_SECONDS}",
    "ServerAliveCountMax=3",
)


class Reach(Protocol):
    """How other hosts are talked to."""

    def exchange(self, host: str, request: str) -> str:
        """Hand a request to `receive` on a host; its reply.

        Raises: `Unavailable` with the cause and what to do about it, `Unreachable` if there is not
        even a connection.
        """


@dataclass(frozen=True)
class Cause:
    """What OpenSSH says, and what it means for a person."""

    pattern: re.Pattern[str]
    meaning: str
    is_unreachable: bool = False


def _cause(pattern: str, meaning: str, *, is_unreachable: bool = False) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE), meaning, is_unreachable)


CAUSES = (
    _cause(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed",
        "{host} shows another host key than the one pinned in {known_hosts}: if it was installed "
        f"anew, {AGAIN}; if not, somebody stands between us, and nothing was sent",
    ),
    _cause(
        r"No .* host key is known for|Host key verification failed",
        f"no host key of {{host}} is pinned in {{known_hosts}}: {AGAIN}; nothing was sent",
    ),
    _cause(
        r"Identity file .* not accessible|Load key .*(No such file|invalid format|error in lib)",
        f"{{host}} was not asked: the push key {{key}} is missing or broken: {AGAIN}",
    ),
    _cause(
        r"Load key .*Permission denied|UNPROTECTED PRIVATE KEY|bad permissions",
        "{host} was not asked: the push key {key} cannot be read, or others can read it: "
        "it shall belong to hitless with mode 0600",
    ),
    _cause(
        r"Permission denied \(",
        f"{{host}} refuses our push key: this host is no issuer for it (any more): {AGAIN}; or its "
        f"sshd lets {USER} not in, by AllowUsers or AllowGroups, or by an AuthorizedKeysFile other "
        "than .ssh/authorized_keys",
    ),
    _cause(
        r"Connection refused",
        "{host} runs no sshd at {where}",
        is_unreachable=True,
    ),
    _cause(
        r"Could not resolve hostname",
        "the address of {host}, {where}, does not resolve here",
        is_unreachable=True,
    ),
    _cause(
        r"Connection timed out|No route to host|Network is (unreachable|down)|Host is down"
        r"|Operation timed out|Connection to .* timed out",
        "{host} does not answer at {where}: it is down, or a firewall or the network is in between",
        is_unreachable=True,
    ),
    _cause(
        r"not responding|Broken pipe|Connection (closed|reset)|closed by remote host"
        r"|kex_exchange_identification",
        "{host} broke the connection off: it went down meanwhile, or its sshd has too many "
        "(MaxStartups) or bans us",
    ),
    _cause(r"\A\Z", "{host} stopped answering: it is overloaded, or the network broke off"),
)


@dataclass(frozen=True)
class SshReach:
    """By the ``ssh`` of this host. ``settings``: where the others are."""

    runner: Runner
    settings: Settings

    @property
    def key(self) -> str:
        """The push key of this issuer."""
        return f"{self.settings.home}/push/id_ed25519"

    def exchange(self, host: str, request: str) -> str:
        try:
            done = self.runner.run(self.argv(host), timeout_seconds=EXCHANGE_SECONDS, stdin=request)
        except Unavailable as error:
            raise Unavailable(f"{host} cannot be asked: {error.message}") from error
        if done.rc != FAILED_BY_ITSELF and done.stdout.strip():
            return done.stdout  # `receive` ends with an error for some requests, and says why
        raise self._failure(host, done)

    def argv(self, host: str) -> Sequence[str]:
        """The command line; what is asked for is fixed on the other side as well."""
        where = self.settings.hosts[host]
        options = [word for option in OPTIONS for word in ("-o", option)]
        return (
            *("ssh", "-F", "none", "-T", "-x", "-a", "-i", self.key, *options),
            *("-p", str(where.port), "-l", USER, "--", where.address, COMMAND),
        )

    def _failure(self, host: str, done: Completed) -> Unavailable:
        words = done.stderr.strip() or done.stdout.strip()
        if done.rc in NO_COMMAND:
            return Unavailable(f"{host} has no command hitless-edge: {AGAIN} ({_last(words)})")
        if done.rc != FAILED_BY_ITSELF:
            return Unavailable(f"{host} gave no reply (exit status {done.rc}): {_last(words)}")
        for cause in CAUSES:
            if cause.pattern.search(words):
                kind = Unreachable if cause.is_unreachable else Unavailable
                return kind(f"{self._told(cause, host)} ({_last(words)})")
        return Unavailable(f"{host} cannot be asked: {_last(words)}")

    def _told(self, cause: Cause, host: str) -> str:
        where = self.settings.hosts[host]
        place = f"{where.address} port {where.port}"
        return cause.meaning.format(host=host, where=place, key=self.key, known_hosts=KNOWN_HOSTS)


def _last(words: str) -> str:
    """What ssh said last, on one line of a journal."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
