# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A visitor of the demo: runs on the infra host, trusts only Pebble's root, and tells what it got.

Standard input: this file. First argument: JSON `{"balancers": {name: address}, "domains": [...]}`.
Standard output: a JSON list, one entry per balancer and domain.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import http.client
import json
import socket
import ssl
import sys
import time
from typing import Any

ROOTS = "/etc/lab/roots.pem"


def visit(balancer: str, address: str, domain: str) -> dict[str, object]:
    """Ask one balancer for one domain, with name and chain verified."""
    seen: dict[str, object] = {"balancer": balancer, "domain": domain}
    try:
        with socket.create_connection((address, 443), timeout=10) as plain:
            context = ssl.create_default_context(cafile=ROOTS)
            with context.wrap_socket(plain, server_hostname=domain) as secured:
                seen.update(certificate_of(secured), status=http_status(secured, domain))
    except (OSError, http.client.HTTPException) as error:
        seen["error"] = str(error) or type(error).__name__
    return seen


def certificate_of(secured: ssl.SSLSocket) -> dict[str, object]:
    """Issuer, days left and SHA-256 of the certificate that was served."""
    leaf: dict[str, Any] = secured.getpeercert() or {}
    issuer = dict(pair for part in leaf["issuer"] for pair in part)
    seconds_left = ssl.cert_time_to_seconds(leaf["notAfter"]) - time.time()
    return {
        "issuer": issuer.get("commonName", ""),
        "days_left": int(seconds_left // 86400),
        "fingerprint": hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest(),
    }


def http_status(secured: ssl.SSLSocket, domain: str) -> int:
    """Status of GET /."""
    request = f"GET / HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n"
    secured.sendall(request.encode("ascii"))
    response = http.client.HTTPResponse(secured)
    response.begin()
    return response.status


def main() -> None:
    """Visit every balancer for every domain, all at once."""
    wish = json.loads(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        visits = [
            pool.submit(visit, balancer, address, domain)
            for domain in wish["domains"]
            for balancer, address in wish["balancers"].items()
        ]
    json.dump([each.result() for each in visits], sys.stdout)


if __name__ == "__main__":
    main()
