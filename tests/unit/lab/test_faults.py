# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy before the CA: each fault does what it says, and the log tells what the CA saw."""

from __future__ import annotations

import base64
import email.utils
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import faults
import pytest
import trustme

HOST = "ca.example:14001"
ORDER_PATHS = ("/my-order/1", "/finalize-order/1")


class FakeCa(BaseHTTPRequestHandler):
    """Answers as Pebble would, as far as a proxy can see it."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, str, bytes]]

    def answer(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, self.headers["Host"], body))
        document: dict[str, Any] = {"url": f"https://{self.headers['Host']}{self.path}"}
        if self.path in ("/order-plz", *ORDER_PATHS):
            document["finalize"] = f"https://{self.headers['Host']}/finalize-order/1"
            document["identifiers"] = [{"type": "dns", "value": "a.example"}]
            document["status"] = "valid" if self.path in ORDER_PATHS else "pending"
        content = json.dumps(document).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Replay-Nonce", f"nonce-{len(self.seen)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def log_message(self, *_arguments: Any) -> None:
        """Quiet."""


@dataclass
class Lab:
    """The proxy before the fake CA, its control, and what the CA saw."""

    proxy: faults.Server
    control: faults.Server
    trust: ssl.SSLContext
    at_ca: list[tuple[str, str, str, bytes]] = field(default_factory=list)

    def ask(self, path: str, *, method: str = "POST", payload: Any = None) -> Any:
        """A request of an ACME client through the proxy: status, headers, document."""
        encoded = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
        port = self.proxy.server_address[1]
        connection = http.client.HTTPSConnection("localhost", port, context=self.trust, timeout=10)
        try:
            connection.request(method, path, json.dumps({"payload": encoded}), {"Host": HOST})
            response = connection.getresponse()
            return response.status, response.headers, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def tell(self, path: str, document: Any = None, *, method: str = "POST") -> tuple[int, Any]:
        """A request of a test to the control."""
        port = self.control.server_address[1]
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        try:
            connection.request(method, path, json.dumps(document or {}))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def log(self) -> Any:
        """What the proxy remembers."""
        return self.tell("/log", method="GET")[1]


@pytest.fixture
def lab() -> Iterator[Lab]:
    """All of it on loopback, for one test."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    at_ca: list[tuple[str, str, str, bytes]] = []
    ca = faults.Server(("localhost", 0), type("Ca", (FakeCa,), {"seen": at_ca}))
    ca.context = context
    upstream = faults.Upstream("localhost", ca.server_address[1], trust)
    free = ("localhost", 0)
    proxy, control = faults.start(upstream, context, listen=free, control=free)
    servers = (ca, proxy, control)
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        for server in servers
    ]
    for thread in threads:
        thread.start()
    yield Lab(proxy, control, trust, at_ca)
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def order_for(*names: str) -> dict[str, Any]:
    """The payload of a new order."""
    return {"identifiers": [{"type": "dns", "value": name} for name in names]}


def test_the_host_header_goes_through(lab: Lab) -> None:
    """So the CA makes URLs that lead back here, and what was signed is what it sees."""
    status, headers, document = lab.ask("/dir", method="GET")
    assert (status, document["url"]) == (200, f"https://{HOST}/dir")
    assert headers["Replay-Nonce"] == "nonce-1"


@pytest.mark.parametrize("path", [path for path, _unused in faults.PATHS])
def test_every_kind_is_known_by_its_path(path: str) -> None:
    """Pebble's paths, with what may follow them."""
    assert faults.kind_of(f"{path}x9") == dict(faults.PATHS)[path]


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_status_comes_with_retry_after_in_seconds(lab: Lab, status: int) -> None:
    """The CA does not see the request; the one after it goes through."""
    fault = {"kind": "new-order", "action": "status", "status": status, "retry_after": 7}
    lab.tell("/faults", fault)
    refused, headers, problem = lab.ask("/order-plz", payload=order_for("a.example"))
    assert (refused, headers["Retry-After"]) == (status, "7")
    assert problem["type"].startswith("urn:ietf:params:acme:error:")
    assert lab.at_ca == []
    assert lab.ask("/order-plz", payload=order_for("a.example"))[0] == 200


def test_retry_after_may_be_a_date(lab: Lab) -> None:
    """An HTTP date, which parses and is in GMT."""
    fault = {"kind": "any", "action": "status", "retry_after": 60, "retry_after_date": True}
    lab.tell("/faults", fault)
    value = lab.ask("/dir", method="GET")[1]["Retry-After"]
    assert value.endswith(" GMT")
    assert email.utils.parsedate_to_datetime(value).tzinfo is not None


def test_a_bad_nonce_brings_a_fresh_one(lab: Lab) -> None:
    """RFC 8555 §6.5: the error carries a nonce that the CA has made."""
    lab.tell("/faults", {"kind": "any", "action": "bad-nonce"})
    assert lab.ask("/dir", method="GET")[0] == 200
    status, headers, problem = lab.ask("/order-plz")
    assert (status, problem["type"]) == (400, "urn:ietf:params:acme:error:badNonce")
    assert headers["Replay-Nonce"] == "nonce-2"
    assert [path for _unused, path, _unused, _unused in lab.at_ca] == ["/dir", "/nonce-plz"]


@pytest.mark.parametrize(("action", "reaches_the_ca"), [("drop", 0), ("drop-answer", 1)])
def test_a_drop_loses_the_answer(lab: Lab, action: str, reaches_the_ca: int) -> None:
    """Before the CA acted, or after; the client cannot tell which."""
    lab.tell("/faults", {"kind": "finalize", "action": action})
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected, ssl.SSLError)):
        lab.ask("/finalize-order/1")
    assert len(lab.at_ca) == reaches_the_ca
    assert lab.log()["requests"][0]["forwarded"] is bool(reaches_the_ca)


@pytest.mark.parametrize(("action", "reaches_the_ca"), [("hold", 0), ("hold-answer", 1)])
def test_a_hold_lasts_until_released(lab: Lab, action: str, reaches_the_ca: int) -> None:
    """The test sees what is held, and the client gets nothing even then."""
    lab.tell("/faults", {"kind": "finalize", "action": action})
    outcome: list[BaseException] = []

    def client() -> None:
        try:
            lab.ask("/finalize-order/1")
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    thread = threading.Thread(target=client)
    thread.start()
    held = lab.tell("/held?wait=10", method="GET")[1]
    assert [entry["kind"] for entry in held] == ["finalize"]
    assert len(lab.at_ca) == reaches_the_ca
    assert outcome == []
    lab.tell("/release")
    thread.join(10)
    assert len(outcome) == 1
    assert len(lab.at_ca) == reaches_the_ca


def test_a_fault_keeps_its_count_and_skips(lab: Lab) -> None:
    """The second and third of four requests fail."""
    lab.tell("/faults", {"kind": "authz", "action": "status", "status": 500, "skip": 1, "count": 2})
    assert [lab.ask("/authZ/1")[0] for _unused in range(4)] == [200, 500, 500, 200]


def test_the_log_has_orders_and_certificates_by_name(lab: Lab) -> None:
    """An order counts once however often it is seen, and is finalized when the CA took a CSR."""
    lab.ask("/order-plz", payload=order_for("a.example"))
    [order] = lab.log()["orders"]
    assert order == {"names": ["a.example"], "status": "pending", "finalized": False}
    lab.ask("/finalize-order/1", payload={"csr": "..."})
    lab.ask("/my-order/1")
    log = lab.log()
    assert log["orders"] == [{"names": ["a.example"], "status": "valid", "finalized": True}]
    assert log["counts"] == {"new-order": 1, "finalize": 1, "order": 1}
    assert log["requests"][0]["names"] == ["a.example"]


def test_a_reset_forgets(lab: Lab) -> None:
    """Nothing of one case is left to the next."""
    lab.tell("/faults", {"kind": "any", "action": "status", "status": 500})
    lab.tell("/reset")
    assert lab.log() == {"requests": [], "counts": {}, "orders": []}
    assert lab.ask("/dir", method="GET")[0] == 200


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/faults", {"kind": "weather", "action": "drop"}),
        ("/faults", {"kind": "any", "action": "explode"}),
        ("/faults", {"kind": "any", "action": "drop", "times": 3}),
        ("/fault", {}),
    ],
    ids=["kind", "action", "option", "path"],
)
def test_a_misspelled_order_is_refused(lab: Lab, path: str, document: dict[str, Any]) -> None:
    """A fault that would never happen makes a test that cannot fail."""
    status, answer = lab.tell(path, document)
    assert status == 400
    assert answer["error"]
