# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kill -9` of `hitless-edge`, as systemd and sshd run it, at a step of the test's choice."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dying import MARK
from fleet_view import Fleet
from testinfra.host import Host

PROGRAM = Path(__file__).parent / "dying.py"
INSTALLED = "/usr/local/lib/lab/dying.py"
COMMAND, REAL = "/usr/local/bin/hitless-edge", "/usr/local/lib/lab/hitless-edge"
FOLDER = "/run/lab-deaths"
DROP_IN = "/run/systemd/system/hitless-edge-renew.service.d/lab-deaths.conf"
NEVER = 0
# The interpreter of the real command, whichever that is on this host, with its options.
WRAPPER = f"""#!/bin/sh
exec $(sed -n '1s/^#!//p' {REAL}) {INSTALLED} "$@"
"""


@dataclass(frozen=True)
class Deaths:
    """Who dies when, on one host."""

    host: Host

    def nobody(self) -> None:
        """Let all runs live."""
        self.order("nothing", NEVER)

    def order(self, verb: str, step: int) -> None:
        """Let the runs of a verb die just before this step."""
        text = json.dumps({"verb": verb, "step": step})
        self.host.check_output(f": > {FOLDER}/trace && echo {shlex.quote(text)} > {FOLDER}/order")

    def prevented(self) -> str | None:
        """The step that did not happen, since somebody died before it; none if nobody did."""
        trace = str(self.host.check_output(f"cat {FOLDER}/trace"))
        found = re.search(rf"^{MARK} (.*)$", trace, re.MULTILINE)
        return found[1] if found else None


@contextmanager
def mortal(fleet: Fleet, host: Host) -> Iterator[Deaths]:
    """The command of a host can be told to die, to the end of the block."""
    fleet.put(host, PROGRAM.read_bytes(), INSTALLED)
    fleet.put(host, WRAPPER.encode(), f"{COMMAND}.lab")
    host.check_output(
        f"mkdir -p {FOLDER} $(dirname {DROP_IN}) && : > {FOLDER}/trace && chmod 666 {FOLDER}/trace"
        f" && printf '[Service]\\nReadWritePaths={FOLDER}\\n' > {DROP_IN}"
        f" && systemctl daemon-reload && cp -p {COMMAND} {REAL} && mv {COMMAND}.lab {COMMAND}"
    )
    deaths = Deaths(host)
    deaths.nobody()
    try:
        yield deaths
    finally:
        host.check_output(
            f"mv {REAL} {COMMAND} && rm -r {FOLDER} {DROP_IN} && systemctl daemon-reload"
        )
