# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `hitless-edge` on hosts in memory, which reach each other as over SSH."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, BinaryIO

from ansible_collections.hitless.edge.plugins.module_utils._command.cli import main
from ansible_collections.hitless.edge.plugins.module_utils._command.deadline import Deadline
from ansible_collections.hitless.edge.plugins.module_utils._command.journal import Journal, Level
from ansible_collections.hitless.edge.plugins.module_utils._command.outside import Outside, Streams
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from delivering import Balancer
from fakes import FakeHost

PROGRAM = "/usr/local/bin/hitless-edge"
SETTINGS = "/etc/hitless-edge/settings.json"
HOME = "/var/lib/hitless-edge"
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Said:
    """How a run ended, what it printed, and what it told the journal: priority and text."""

    status: int
    output: str
    errors: str
    events: tuple[tuple[str, str], ...]

    @property
    def told(self) -> str:
        """All events as one text."""
        return "\n".join(text for _level, text in self.events)

    @property
    def json(self) -> dict[str, Any]:
        """What it printed, read."""
        document: dict[str, Any] = json.loads(self.output)
        return document


@contextlib.contextmanager
def no_deadline(_seconds: float, _words: str) -> Iterator[None]:
    """Time stands still."""
    yield


def command(
    host: FakeHost,
    *words: str,
    request: bytes | BinaryIO = b"",
    environment: Mapping[str, str] = NOTHING,
    deadline: Deadline = no_deadline,
) -> Said:
    """Run it with these words."""
    events: list[tuple[str, str]] = []
    replies, output, errors = io.BytesIO(), io.StringIO(), io.StringIO()

    def tell(level: Level, text: str) -> None:
        events.append((level.name, text))

    @contextlib.contextmanager
    def world(*, is_for_peer: bool) -> Iterator[Outside]:
        del is_for_peer
        requests = io.BytesIO(request) if isinstance(request, bytes) else request
        streams = Streams(requests, replies, output, errors)
        yield Outside(host.ports, streams, Journal(tell), environment, deadline)

    status = main([PROGRAM, *words], environment=environment, world=world)
    printed = output.getvalue() + replies.getvalue().decode()
    return Said(status, printed, errors.getvalue(), tuple(events))


@dataclass
class Fleet:
    """Balancers with the settings of one play; the first ``issuers`` of them issue.

    ``down``: hosts that do not answer. ``heard``: what the receivers told their journals.
    """

    names: tuple[str, ...] = ("lb1", "lb2", "lb3")
    issuers: int = 1
    certificates: tuple[Mapping[str, Any], ...] = ()
    certbot: Mapping[str, Any] | None = None
    down: set[str] = field(default_factory=set)
    heard: list[tuple[str, Said]] = field(default_factory=list)
    balancers: dict[str, Balancer] = field(init=False)

    def __post_init__(self) -> None:
        self.balancers = {name: Balancer() for name in self.names}
        for name, balancer in self.balancers.items():
            balancer.files.write(SETTINGS, json.dumps(self.settings(name)).encode())
            balancer.host.runner = Shell(self)

    def settings(self, host: str) -> dict[str, Any]:
        """The settings of a host."""
        return {
            "format": 1,
            "host": host,
            "home": HOME,
            "certificates": list(self.certificates),
            "authorities": [],
            "account": None,
            "certbot": self.certbot,
            "issuers": list(self.names[: self.issuers]),
            "balancers": [{"name": name, "addresses": []} for name in self.names],
            "hosts": {name: {"address": f"{name}.test", "port": 22} for name in self.names},
        }

    def wait(self, seconds: float) -> None:
        """Time goes by, on all hosts alike."""
        for balancer in self.balancers.values():
            balancer.host.clock.sleep(seconds)

    def run(self, host: str, *words: str, **options: Any) -> Said:
        """The command on one of them."""
        return command(self.balancers[host].host, *words, **options)


@dataclass
class Shell:
    """What an issuer runs: `ssh`, as sshd on the other side takes it, and `openssl`."""

    fleet: Fleet
    runs: list[tuple[str, ...]] = field(default_factory=list)

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float = 60.0, stdin: str = ""
    ) -> Completed:
        """Source: sshd(8): the login shell gets the forced command, and what was asked for."""
        del timeout_seconds
        self.runs.append(tuple(argv))
        if argv[0] != "ssh":
            return Completed(0, "", "")  # openssl: what tests mint here is to be trusted
        address, asked = argv[-2:]
        host = address.partition(".")[0]
        if host in self.fleet.down:
            words = f"ssh: connect to host {address} port 22: No route to host"
            return Completed(255, "", words)
        environment = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "SSH_ORIGINAL_COMMAND": asked}
        said = self.fleet.run(
            host,
            *("-c", "hitless-edge receive"),
            request=stdin.encode(),
            environment=environment,
        )
        self.fleet.heard.append((host, said))
        return Completed(said.status, said.output, said.errors)
