# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command as the login shell of the user that receives: one thing can be asked for.

sshd runs ``SHELL -c COMMAND``, with the forced command of the key as COMMAND and what the peer
wanted in SSH_ORIGINAL_COMMAND, or SHELL alone for an interactive login. Source: sshd(8),
"Login process" and "AUTHORIZED_KEYS FILE FORMAT".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

ASKED = "hitless-edge receive"
NAME = "hitless-edge"
REFUSAL = f"refused: this account does nothing but `{ASKED}`"


@dataclass(frozen=True)
class Login:
    """What somebody who logged in wants; ``None``: a shell."""

    wanted: str | None

    @property
    def is_welcome(self) -> bool:
        """Whether it is the one thing, to the letter."""
        return self.wanted == ASKED

    @property
    def told(self) -> str:
        """For the journal."""
        return "a shell" if self.wanted is None else f"`{self.wanted}`"


def login_of(argv: Sequence[str], environment: Mapping[str, str]) -> Login | None:
    """What is wanted, if this is a login; ``None`` if it is a plain call.

    With a forced command sshd says what the peer wanted in the environment. It must be the same:
    who asks for something else, or for a shell, is not our sender, and is told so.
    """
    arguments = list(argv[1:])
    if not arguments:
        is_shell = PurePosixPath(environment.get("SHELL", "")).name == NAME
        return Login(None) if is_shell or argv[0].startswith("-") else None
    if arguments[0] != "-c":
        return None
    if arguments[1:] != [ASKED]:
        return Login(repr(arguments[1:]))  # more words, too, are another command
    if "SSH_CONNECTION" in environment:
        return Login(environment.get("SSH_ORIGINAL_COMMAND"))
    return Login(ASKED)


def peer_of(environment: Mapping[str, str]) -> str:
    """Where the peer is, in words. Source: ssh(1), SSH_CONNECTION."""
    address = environment.get("SSH_CONNECTION", "").partition(" ")[0]
    return f"from {address}" if address else "from this host"
