# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs `hitless-edge` in this process and kills it, by SIGKILL, just before its n-th step.

A step is what others can see: a file that appears, changes its name or goes, a lock, a command that
is started, a connection. (A temporary file that is left half written is met before its rename; the
steps at the CA are those of the scenario `faults`.) Python tells of each before it happens
(PEP 578), so nothing of the command is replaced, and no ptrace is needed.

Stands where the command stood (see `deaths.py`); the command itself waits at `REAL`. `ORDER` holds
who dies and when: ``{"verb": "renew", "step": 17}``. Every step goes to `TRACE`, with its number; a
process counts on from the one before (a push calls `receive` twice). What did not happen any more
is marked.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path

REAL = "/usr/local/lib/lab/hitless-edge"
FOLDER = Path("/run/lab-deaths")
ORDER = FOLDER / "order"
TRACE = FOLDER / "trace"
STEPS = {
    "fcntl.flock",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "socket.connect",
    "subprocess.Popen",
}
MARK = "killed before"


class Death:
    """Counts steps, from any thread."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.count = len(TRACE.read_text(encoding="utf-8").splitlines())
        self.lock = threading.RLock()
        self.trace = os.open(TRACE, os.O_WRONLY | os.O_APPEND)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        """Is told of everything; the process does not get beyond the step that is its last."""
        if event not in STEPS:
            return
        with self.lock:
            self.count += 1
            is_last = self.count == self.step
            what = " ".join(str(argument)[:120] for argument in arguments[:2])
            line = f"{MARK if is_last else self.count} {event} {what}".replace("\n", " ")
            os.write(self.trace, line.encode(errors="replace") + b"\n")
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the command, with the death that is ordered for its verb."""
    words = " ".join(sys.argv[1:])
    order = json.loads(ORDER.read_text(encoding="utf-8"))
    if order["verb"] in words.split():
        sys.addaudithook(Death(order["step"]).hook)
    sys.argv[0] = REAL
    runpy.run_path(REAL, run_name="__main__")


if __name__ == "__main__":
    main()
