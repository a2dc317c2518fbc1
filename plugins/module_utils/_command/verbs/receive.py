# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`hitless-edge receive`: one request in, one reply out, whatever comes."""

from __future__ import annotations

from argparse import Namespace

from ..._core.errors import Busy, EdgeError, InvalidInput
from ..._renewal.receive import receive
from ..._renewal.settings import load
from ..._renewal.wire import Action, Reply, render_reply
from ..._renewal.wire_fields import LIMIT_BYTES, decode, shortened
from ..exits import Exit, well_if
from ..login import peer_of
from ..outside import Outside
from ..told_received import tell_reply

SECONDS = 60.0
UNKNOWN = "unknown"
FAULT = "a fault of the program; its journal has the traceback"


def run(arguments: Namespace, outside: Outside) -> Exit:
    """Take a request; whatever happens, the peer hears of it in the form that it reads."""
    try:
        reply = _handle(arguments.settings, outside)
    except InvalidInput as error:
        return _fail(outside, "; ".join(map(str, error.faults)), Exit.USAGE)
    except Busy as error:
        return _fail(outside, error.message, Exit.BUSY)
    except (EdgeError, OSError) as error:
        return _fail(outside, str(error), Exit.ATTENTION)
    except Exception as error:
        outside.journal.crash(error)
        return _fail(outside, FAULT, Exit.FAULT)
    tell_reply(outside.journal, reply, peer_of(outside.environment))
    _answer(outside, reply)
    refused = [one for one in reply.bundles if one.action is Action.REFUSED]
    return well_if(not refused and reply.error is None)


def _handle(path: str, outside: Outside) -> Reply:
    # Read first: a peer that is slow shall not find settings that were replaced meanwhile.
    with outside.deadline(SECONDS, "the request did not come to its end"):
        raw = outside.streams.requests.read(LIMIT_BYTES + 1)
    settings = load(outside.ports.files, path)
    return receive(outside.ports, settings, decode(raw))


def _fail(outside: Outside, error: str, status: Exit) -> Exit:
    outside.journal.error(f"a request {peer_of(outside.environment)} failed: {error}")
    _answer(outside, Reply(host=UNKNOWN, error=shortened(error) or FAULT))
    return status


def _answer(outside: Outside, reply: Reply) -> None:
    with outside.deadline(SECONDS, "the reply was not read"):
        outside.streams.replies.write(render_reply(reply).encode())
        outside.streams.replies.flush()
