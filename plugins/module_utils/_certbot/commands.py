# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot as a command: what it is told, and what it says when it fails.

It is told everything on the command line, which goes over what /etc/letsencrypt/cli.ini says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._acme.wish import Lineage, is_address
from .._core.errors import Busy, Refused, Unavailable
from .._core.ports import Clock, Completed, Runner
from .conf import HOOK, Terms
from .lineages import CONFIG
from .versions import Version, parse_version

COMMAND = "/opt/certbot/bin/certbot"
PAUSE_SECONDS = 3.0
SHOWN_LINES = 12

_AGAIN = re.compile(r"Another instance of Certbot is already running|anti-replay nonce|badNonce")
"""What passes: a run of the timer, and a nonce refused twice, at which certbot gives up."""

_CHATTER = re.compile(
    r"Saving debug log to|Ask for help or search for|^Requesting a|^Renewing an|^$"
)


@dataclass(frozen=True)
class Tool:
    """The command and where it keeps its state. ``ca_bundle``: what its CA is trusted by."""

    command: str = COMMAND
    config: str = CONFIG
    ca_bundle: str | None = None

    def argv(self, *arguments: str) -> tuple[str, ...]:
        """The command with what holds for all of its verbs."""
        trusted = ("env", f"REQUESTS_CA_BUNDLE={self.ca_bundle}") if self.ca_bundle else ()
        return (*trusted, self.command, *arguments)


@dataclass(frozen=True)
class Order:
    """A certificate to get. ``name``: of certbot's lineage; ``has_one``: whether there is one."""

    lineage: Lineage
    name: str
    has_one: bool

    def arguments(self, config: str, terms: Terms) -> tuple[str, ...]:
        """What certbot is told.

        Hooks of its folder are for the timer: now the play delivers, and nothing is to be stopped.
        """
        one = self.lineage
        names = [("--ip-address" if is_address(name) else "--domain", name) for name in one.domains]
        return (
            *("certonly", "--non-interactive", "--config-dir", config),
            *("--server", terms.directory, "--account", terms.account),
            *("--manual", "--manual-auth-hook", HOOK, "--preferred-challenges", "http-01"),
            *("--no-directory-hooks", "--cert-name", self.name, "--key-type", one.key_type.value),
            *(("--required-profile", one.profile) if one.profile else ()),
            *(("--preferred-chain", one.preferred_chain) if one.preferred_chain else ()),
            *(("--renew-with-new-domains", "--force-renewal") if self.has_one else ()),
            *(word for pair in names for word in pair),
        )


def find_version(runner: Runner, tool: Tool) -> Version:
    """Which version the command is.

    Raises: `Unavailable` if there is no such command, `EdgeError` if it is no certbot.
    """
    return parse_version(runner.run([tool.command, "--version"]).words)


def place_order(
    runner: Runner, clock: Clock, argv: tuple[str, ...], *, budget_seconds: float
) -> None:
    """Have certbot get a certificate.

    Raises: `Refused` with its words, `Busy` or `Unavailable` if there was no time for it.
    """
    end = clock.monotonic() + budget_seconds
    while True:
        left = end - clock.monotonic()
        if left <= 0:
            raise Unavailable("there was no time left in this run; the next one goes on")
        done = runner.run(argv, timeout_seconds=left)
        if done.rc == 0:
            return
        if not _AGAIN.search(done.words):
            raise Refused("certbot did not get it", words_of(done))
        if clock.monotonic() + PAUSE_SECONDS >= end:
            raise Busy(f"certbot did not come to it: {words_of(done)}")
        clock.sleep(PAUSE_SECONDS)


def words_of(done: Completed) -> str:
    """What a person wants to read of certbot's words."""
    lines = [line.rstrip() for line in done.stderr.splitlines() + done.stdout.splitlines()]
    told = [line for line in lines if not _CHATTER.search(line) and line.strip("- ")]
    return "\n".join(told[:SHOWN_LINES])
