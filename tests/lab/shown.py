# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks all the time at which certificates a client is shown, and forgets no change.

One verified handshake after the other with each name at each address, until the stop file appears.
Prints JSON: ``{address: {name: [[what, handshakes], ...]}}``, in the order in which it was shown;
`what` is a fingerprint (SHA-256, hex, upper case), or begins with ``failed:``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

TIMEOUT_SECONDS = 10.0


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


def watch(
    context: ssl.SSLContext, address: str, name: str, seen: list[list[object]], stop: Path
) -> None:
    """Look again and again; note what changed."""
    count = 0
    last = ""
    while not stop.exists():
        now = look(context, address, name)
        if now != last:
            seen.append([now, 0])
            last, count = now, 0
        count += 1
        seen[-1][1] = count
        time.sleep(0.2)


def main() -> None:
    """Watch until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", action="append", required=True, help="repeatable")
    parser.add_argument("--site", action="append", required=True, help="repeatable")
    parser.add_argument("--cacert", required=True)
    parser.add_argument("--stop-file", required=True)
    arguments = parser.parse_args()
    context = ssl.create_default_context(cafile=arguments.cacert)
    shown: dict[str, dict[str, list[list[object]]]] = {
        address: {name: [] for name in arguments.site} for address in arguments.address
    }
    threads = [
        threading.Thread(
            target=watch, args=(context, address, name, seen, Path(arguments.stop_file))
        )
        for address, names in shown.items()
        for name, seen in names.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    main()
