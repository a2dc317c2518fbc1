# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `hitless-edge`: from the words of the command line to an exit status.

A shell around `_renewal`, as the modules are: what a verb does is there, what a process is and how
people read it is here.
"""

from __future__ import annotations

import importlib
import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, cast

from .._core.errors import Busy, EdgeError, InvalidInput
from .exits import Exit
from .host import this_host
from .login import ASKED, REFUSAL, Login, login_of, peer_of
from .outside import Outside
from .parser import RECEIVE, make_parser

FAULT = "a fault of this program; please report it with its traceback"
GONE = "nobody reads the output any more"
DENIED = "run it as root, or as the user hitless"


class World(Protocol):
    """Makes the outside. ``is_for_peer``: what the command prints goes to another host."""

    def __call__(self, *, is_for_peer: bool) -> AbstractContextManager[Outside]: ...


class Verb(Protocol):
    """The module of a verb."""

    def run(self, arguments: Namespace, outside: Outside) -> Exit:
        """Do it; `EdgeError` and `OSError` are told by the caller."""


def main(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    world: World = this_host,
) -> int:
    """Run; ``argv`` begins with the name of the program.

    ``environment``: that of this process by default.
    Raises: `SystemExit` of argparse, for `--help` and with the usage if that is wrong.
    """
    login = login_of(argv, os.environ if environment is None else environment)
    words = list(argv[1:]) if login is None else [RECEIVE]
    arguments = make_parser().parse_args(words)
    with world(is_for_peer=arguments.verb == RECEIVE) as outside:
        if login is not None and not login.is_welcome:
            return _turn_away(login, outside)
        return _guarded(arguments, outside)


def _turn_away(login: Login, outside: Outside) -> Exit:
    peer = peer_of(outside.environment)
    outside.journal.warning(f"refused {peer}: wanted {login.told}, may only `{ASKED}`")
    outside.complain(REFUSAL)
    return Exit.USAGE


def _guarded(arguments: Namespace, outside: Outside) -> Exit:
    """Run the verb; whatever goes wrong, tell it in one line."""
    try:
        return _verb(arguments.verb).run(arguments, outside)
    except Busy as error:
        outside.journal.warning(error.message)
        return Exit.BUSY
    except InvalidInput as error:
        outside.journal.error(error.message)
        return _failed(arguments, Exit.USAGE)
    except BrokenPipeError:
        outside.journal.info(GONE)
    except PermissionError as error:
        outside.journal.error(f"{error.filename}: {error.strerror}; {DENIED}")
    except (EdgeError, OSError) as error:
        outside.journal.error(str(error))
    except Exception as error:
        outside.journal.crash(error)
        outside.journal.error(f"{type(error).__name__}: {error}: {FAULT}")
        return _failed(arguments, Exit.FAULT)
    return _failed(arguments, Exit.ATTENTION)


def _failed(arguments: Namespace, status: Exit) -> Exit:
    """A failure's status, or the one that this verb has for all of them."""
    return cast("Exit", arguments.failure or status)


def _verb(name: str) -> Verb:
    """The module of a verb; no other one is read, since reading takes longer than most verbs."""
    return cast("Verb", importlib.import_module(f"{__package__}.verbs.{name}"))
