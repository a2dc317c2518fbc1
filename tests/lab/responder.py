# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers every HTTP-01 challenge on port 80 for one account: `responder.py THUMBPRINT`."""

from __future__ import annotations

import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """`TOKEN.THUMBPRINT` for any token. Source: RFC 8555 §8.3."""

    def do_GET(self) -> None:
        """Answer GET."""
        body = f"{self.path.rpartition('/')[2]}.{sys.argv[1]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()
