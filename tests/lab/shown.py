# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks all the time at which certificates a client is shown, and forgets no change.

One verified handshake after the other with each name at each address, until the stop file appears;
just one where there is none. Prints JSON: ``{address: {name: [[what, handshakes], ...]}}``, in the
order in which it was shown; `what` is a fingerprint (SHA-256, hex, upper case), or begins with
``failed:``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT_SECONDS = 30.0
PAUSE_SECONDS = 0.2


def look(context: ssl.SSLContext, address: str, name: str) -> str:
    """What one client is shown."""
    try:
        with (
            socket.create_connection((address, 443), timeout=TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            leaf = connection.getpeercert(binary_form=True)
    except OSError as error:
        return f"failed: {error!r}"
    return hashlib.sha256(leaf or b"").hexdigest().upper()


@dataclass
class Watch:
    """One name at one address."""

    address: str
    name: str
    seen: list[tuple[str, int]] = field(default_factory=list)

    def look(self, context: ssl.SSLContext) -> None:
        """Note what is shown now."""
        now = look(context, self.address, self.name)
        before, count = self.seen[-1] if self.seen else ("", 0)
        if now == before:
            self.seen[-1] = (now, count + 1)
        else:
            self.seen.append((now, 1))

    def look_on(self, context: ssl.SSLContext, stop: Path) -> None:
        """Look again and again."""
        while not stop.exists():
            self.look(context)
            time.sleep(PAUSE_SECONDS)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", action="append", required=True, help="repeatable")
    parser.add_argument("--site", action="append", required=True, help="repeatable")
    parser.add_argument("--cacert", required=True)
    parser.add_argument("--stop-file")
    return parser.parse_args()


def main() -> None:
    """Look once, or until told to stop."""
    arguments = parse_arguments()
    context = ssl.create_default_context(cafile=arguments.cacert)
    watches = [Watch(address, name) for address in arguments.address for name in arguments.site]
    with ThreadPoolExecutor(len(watches)) as pool:
        for watch in watches:
            if arguments.stop_file:
                pool.submit(watch.look_on, context, Path(arguments.stop_file))
            else:
                pool.submit(watch.look, context)
    shown: dict[str, dict[str, list[tuple[str, int]]]] = {}
    for watch in watches:
        shown.setdefault(watch.address, {})[watch.name] = watch.seen
    sys.stdout.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    main()
