# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA with bad days: an HTTPS proxy before Pebble that fails on demand and remembers everything.

The Host header goes through unchanged: Pebble makes its URLs from it, so the client stays here and
the signed URLs are right. Faults are ordered over a plain HTTP port::

    POST /faults   {"kind": "finalize", "action": "status", "status": 429, "retry_after": 3}
    GET  /held     the requests held now; with ?wait=SECONDS, as soon as there is one
    POST /release  drop the held requests: whoever sent them was killed in the meantime
    GET  /log      requests, their counts by kind, and the orders as the CA has them
    POST /reset    forget faults and log, release what is held

A fault befalls the next `count` requests of its `kind` (after `skip` others of that kind), or each
with `percent` probability. Actions: ``status`` (with Retry-After in seconds, or as a date with
`retry_after_date`), ``bad-nonce``, ``drop`` and ``hold`` before the CA sees the request,
``drop-answer`` and ``hold-answer`` after the CA acted on it.
"""

from __future__ import annotations

import argparse
import base64
import email.utils
import http.client
import json
import random
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATHS = (  # Pebble's own, on purpose unlike those of other CAs
    ("/dir", "directory"),
    ("/nonce-plz", "new-nonce"),
    ("/sign-me-up", "new-account"),
    ("/order-plz", "new-order"),
    ("/authZ/", "authz"),
    ("/chalZ/", "challenge"),
    ("/my-order/", "order"),
    ("/finalize-order/", "finalize"),
    ("/certZ/", "certificate"),
    ("/draft-ietf-acme-ari-03/renewalInfo/", "renewal-info"),
    ("/my-account/", "account"),
    ("/rollover-account-key", "key-change"),
    ("/revoke-cert", "revocation"),
)
KINDS = (*(kind for _unused, kind in PATHS), "any")
BEFORE = ("status", "bad-nonce", "drop", "hold")
AFTER = ("drop-answer", "hold-answer")
PROBLEMS = {429: "rateLimited", 503: "rateLimited", 500: "serverInternal"}
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")
HOLD_LIMIT_SECONDS = 120.0
UPSTREAM_TIMEOUT_SECONDS = 30.0


def kind_of(path: str) -> str:
    """What a request is for, by its path."""
    return next((kind for part, kind in PATHS if path.startswith(part)), "other")


@dataclass
class Fault:
    """What shall go wrong, and how often."""

    kind: str
    action: str
    count: int = 1
    skip: int = 0
    percent: int = 100
    status: int = 503
    retry_after: int | None = None
    retry_after_date: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {KINDS}")
        if self.action not in BEFORE + AFTER:
            raise ValueError(f"action {self.action!r} is none of {BEFORE + AFTER}")

    def befalls(self, kind: str, method: str) -> bool:
        """Whether it is this request's turn; counts it."""
        if self.count <= 0 or self.kind not in (kind, "any"):
            return False
        if self.action == "bad-nonce" and method != "POST":
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if random.uniform(0, 100) >= self.percent:
            return False
        self.count -= 1
        return True


@dataclass
class Seen:
    """A request as the log has it; `forwarded`: the CA saw it."""

    number: int
    method: str
    path: str
    kind: str
    names: tuple[str, ...] = ()
    action: str = ""
    forwarded: bool = False
    status: int | None = None


@dataclass
class Order:
    """An order at the CA; `finalized`: the CA accepted a CSR for it, so it has issued."""

    names: tuple[str, ...]
    status: str
    finalized: bool = False


@dataclass
class Answer:
    """A response."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def identifiers(document: Any) -> tuple[str, ...]:
    """The names of an order or of what asks for one; sorted."""
    entries = document.get("identifiers", []) if isinstance(document, dict) else []
    return tuple(sorted(entry["value"] for entry in entries))


def payload_of(body: bytes) -> Any:
    """What a JWS signs, nothing if it is none."""
    try:
        payload = json.loads(body)["payload"]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, KeyError, TypeError):
        return None


def document_of(answer: Answer) -> Any:
    """The JSON of an answer, nothing if it holds none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


class Ledger:
    """The faults ordered and the requests seen; shared by all connections."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.faults: list[Fault] = []
        self.requests: list[Seen] = []
        self.orders: dict[str, Order] = {}
        self.held: list[Seen] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self.changed:
            self.faults.append(fault)

    def arrive(self, method: str, path: str, body: bytes) -> tuple[Seen, Fault | None]:
        """Note a request and decide its fate."""
        kind = kind_of(path)
        with self.changed:
            names = identifiers(payload_of(body))
            seen = Seen(len(self.requests) + 1, method, path, kind, names)
            self.requests.append(seen)
            fault = next((fault for fault in self.faults if fault.befalls(kind, method)), None)
            seen.action = fault.action if fault else ""
            return seen, fault

    def learn(self, seen: Seen, answer: Answer) -> None:
        """Note what the CA did."""
        seen.forwarded = True
        document = document_of(answer)
        if not (answer.status < 300 and isinstance(document, dict) and "finalize" in document):
            return
        with self.changed:
            known = self.orders.get(document["finalize"])
            finalized = seen.kind == "finalize" or (known is not None and known.finalized)
            self.orders[document["finalize"]] = Order(
                identifiers(document), document["status"], finalized
            )

    def hold(self, seen: Seen) -> None:
        """Wait until the held requests are released."""
        with self.changed:
            self.held.append(seen)
            self.changed.notify_all()
            self.changed.wait_for(lambda: seen not in self.held, HOLD_LIMIT_SECONDS)

    def release(self) -> None:
        """Let go of the held requests."""
        with self.changed:
            self.held = []
            self.changed.notify_all()

    def wait_for_held(self, seconds: float) -> list[Seen]:
        """The requests held now, or within the time."""
        with self.changed:
            self.changed.wait_for(lambda: bool(self.held), seconds)
            return list(self.held)

    def log(self) -> dict[str, Any]:
        """All of it, for JSON."""
        with self.changed:
            return {
                "requests": [asdict(seen) for seen in self.requests],
                "counts": Counter(seen.kind for seen in self.requests),
                "orders": [asdict(order) for order in self.orders.values()],
            }


@dataclass(frozen=True)
class Upstream:
    """The CA behind."""

    address: str
    port: int
    context: ssl.SSLContext

    def connect(self) -> http.client.HTTPSConnection:
        """A connection, not yet open."""
        return http.client.HTTPSConnection(
            self.address, self.port, context=self.context, timeout=UPSTREAM_TIMEOUT_SECONDS
        )

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request and its answer."""
        connection = self.connect()
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            kept = [pair for pair in response.getheaders() if pair[0].lower() not in HOP_BY_HOP]
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()


def failure(fault: Fault) -> Answer:
    """The answer of a CA that will not serve now."""
    headers = [("Content-Type", "application/problem+json")]
    if fault.retry_after is not None:
        date = email.utils.formatdate(time.time() + fault.retry_after, usegmt=True)
        value = date if fault.retry_after_date else str(fault.retry_after)
        headers.append(("Retry-After", value))
    problem = PROBLEMS.get(fault.status, "serverInternal")
    return Answer(fault.status, headers, problem_document(problem, fault.status))


def problem_document(problem: str, status: int) -> bytes:
    """RFC 7807, as ACME uses it."""
    kind = f"urn:ietf:params:acme:error:{problem}"
    return json.dumps({"type": kind, "detail": "made by the test", "status": status}).encode()


class Proxy(BaseHTTPRequestHandler):
    """One connection of an ACME client."""

    protocol_version = "HTTP/1.1"
    ledger: Ledger
    upstream: Upstream

    def relay(self) -> None:
        """Pass on a request, or do what was ordered for it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen, fault = self.ledger.arrive(self.command, self.path, body)
        if fault is not None and fault.action in BEFORE:
            answer = self.refuse(seen, fault)
        else:
            answer = self.upstream.ask(self.command, self.path, dict(self.headers.items()), body)
            self.ledger.learn(seen, answer)
            if fault is not None:
                self.lose(seen, fault)
                return
        if answer is not None:
            seen.status = answer.status
            self.give(answer)

    def do_GET(self) -> None:
        self.relay()

    def do_HEAD(self) -> None:
        self.relay()

    def do_POST(self) -> None:
        self.relay()

    def refuse(self, seen: Seen, fault: Fault) -> Answer | None:
        """The answer instead of the CA's; nothing if the connection is dropped."""
        if fault.action == "status":
            return failure(fault)
        if fault.action == "bad-nonce":
            fresh = self.upstream.ask("HEAD", "/nonce-plz", dict(self.headers.items()), b"")
            nonce = dict(fresh.headers)["Replay-Nonce"]
            headers = [("Content-Type", "application/problem+json"), ("Replay-Nonce", nonce)]
            return Answer(400, headers, problem_document("badNonce", 400))
        self.lose(seen, fault)
        return None

    def lose(self, seen: Seen, fault: Fault) -> None:
        """Drop the connection, at once or when the hold ends."""
        if fault.action.startswith("hold"):
            self.ledger.hold(seen)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def give(self, answer: Answer) -> None:
        """Send an answer."""
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_arguments: Any) -> None:
        """The ledger is the log."""


class Control(BaseHTTPRequestHandler):
    """One connection of a test."""

    ledger: Ledger

    def do_GET(self) -> None:
        """The log, or what is held."""
        url = urlsplit(self.path)
        if url.path == "/held":
            seconds = float(parse_qs(url.query).get("wait", ["0"])[0])
            self.give(200, [asdict(seen) for seen in self.ledger.wait_for_held(seconds)])
        elif url.path == "/log":
            self.give(200, self.ledger.log())
        else:
            self.give(404, {"error": f"{url.path} is none of /held, /log"})

    def do_POST(self) -> None:
        """Order, release, reset."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.obey(json.loads(body or b"{}"))
        except (ValueError, TypeError) as error:
            self.give(400, {"error": str(error)})
        else:
            self.give(200, {})

    def obey(self, document: dict[str, Any]) -> None:
        """Do as told.

        Raises: ValueError or TypeError for what makes no sense.
        """
        if self.path == "/faults":
            self.ledger.add(Fault(**document))
        elif self.path in ("/release", "/reset"):
            self.ledger.release()
            if self.path == "/reset":
                self.ledger.clear()
        else:
            raise ValueError(f"{self.path} is none of /faults, /release, /reset")

    def give(self, status: int, document: Any) -> None:
        """Answer in JSON."""
        body = json.dumps(document).encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Nobody reads it."""


class Server(ThreadingHTTPServer):
    """Connections in threads; TLS, where there is any, is spoken in the thread as well."""

    daemon_threads = True
    request_queue_size = 128
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HOLD_LIMIT_SECONDS)
        with self.context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed, or whose connection we cut, is no error here."""
        if not isinstance(sys.exc_info()[1], (OSError, http.client.HTTPException)):
            super().handle_error(request, client_address)


def start(
    upstream: Upstream,
    context: ssl.SSLContext,
    *,
    listen: tuple[str, int],
    control: tuple[str, int],
) -> tuple[Server, Server]:
    """The proxy and its control, bound and not yet serving."""
    ledger = Ledger()
    proxy = Server(listen, type("BoundProxy", (Proxy,), {"ledger": ledger, "upstream": upstream}))
    proxy.context = context
    return proxy, Server(control, type("BoundControl", (Control,), {"ledger": ledger}))


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", type=int, default=14001)
    parser.add_argument("--control", type=int, default=14002)
    parser.add_argument("--upstream", default="localhost:14000", help="HOST:PORT of the CA")
    parser.add_argument("--upstream-ca", required=True, help="roots of the CA's own endpoint")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    arguments = parser.parse_args()
    host, _unused, port = arguments.upstream.rpartition(":")
    trust = ssl.create_default_context(cafile=arguments.upstream_ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    proxy, control = start(
        Upstream(host, int(port), trust),
        context,
        listen=("", arguments.listen),
        control=("", arguments.control),
    )
    threading.Thread(target=control.serve_forever, daemon=True).start()
    proxy.serve_forever()


if __name__ == "__main__":
    main()
