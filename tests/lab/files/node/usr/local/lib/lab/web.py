# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's web server: answers each request with its host's name, and keeps connections open."""

from __future__ import annotations

import http.server
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """`/healthz` says ok; every other path says who served it, what was asked, and how it came."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave in one packet, else Nagle's algorithm costs 40 ms
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer GET."""
        self.answer()

    def do_HEAD(self) -> None:
        """Answer HEAD."""
        self.answer()

    def do_POST(self) -> None:
        """Answer POST, its body read and dropped so that the connection can be used again."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer()

    def answer(self) -> None:
        """Send the page of this path."""
        if self.path == "/healthz":
            page = "ok\n"
        else:
            forwarded = {
                name: self.headers.get(name) for name in ("X-Forwarded-For", "X-Forwarded-Proto")
            }
            page = f"{socket.gethostname()} {self.headers.get('Host')} {self.path} {forwarded}\n"
        body = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", socket.gethostname())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a test sends tens of thousands of requests."""


class Server(http.server.ThreadingHTTPServer):
    """One thread per connection, and a queue long enough for a test's rush."""

    request_queue_size = 1024


if __name__ == "__main__":
    Server(("", int(sys.argv[1]) if len(sys.argv) > 1 else 80), Handler).serve_forever()
