# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small ACME server in this process, with faults to order.

It is strict where a client can do harm: every nonce is good once, signatures and URLs are checked,
a challenge that is answered twice is a failure, finalize wants a ready order. It counts what a CA
would count: orders, answers, certificates. It speaks HTTP on loopback.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import josepy as jose
from acme import jws
from fake_ca_issuing import Hierarchy, ari_name, names_of

ERROR = "urn:ietf:params:acme:error:"


@dataclass(frozen=True)
class Asked:
    """A request as it came in. ``number``: from 1. ``resource``: e.g. ``newOrder``."""

    number: int
    method: str
    resource: str


@dataclass(frozen=True)
class Fault:
    """What to do instead of answering. ``status`` 0: break the connection.

    ``acts``: whether the CA does what was asked before.
    """

    status: int = 0
    code: str = ""
    detail: str = "as ordered"
    headers: tuple[tuple[str, str], ...] = ()
    acts: bool = False


class Refusal(Exception):
    """A problem document."""

    def __init__(self, status: int, code: str, detail: str = "", **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {"type": ERROR + code, "detail": detail or code}
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class Reply:
    """An answer on its way."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class FakeCa:
    """The CA: its behaviour to arrange, and what it saw.

    ``judge``: name -> problem document of its validation, ``None`` if it is valid.
    ``processing_looks``: how often an order says processing before it is valid.
    ``external_keys``: kid -> HMAC key, base64url; not empty: demanded.
    """

    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    script: Callable[[Asked], Fault | None] = lambda _asked: None
    judge: Callable[[str], dict[str, Any] | None] = lambda _name: None
    bad_nonce_share: float = 0.0
    gives_nonces: bool = True
    processing_looks: int = 0
    reuses_authorizations: bool = False
    has_renewal_info: bool = True
    profiles: dict[str, str] = field(default_factory=dict)
    external_keys: dict[str, str] = field(default_factory=dict)
    window: tuple[timedelta, timedelta] = (timedelta(days=58), timedelta(days=62))
    lifetime: timedelta = timedelta(days=90)
    offers: str = "http-01"

    asked: list[Asked] = field(default_factory=list)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    authorizations: dict[int, dict[str, Any]] = field(default_factory=dict)
    certificates: dict[int, tuple[str, str]] = field(default_factory=dict)
    issued: list[tuple[str, ...]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    replaced: dict[str, int] = field(default_factory=dict)
    base: str = ""

    def __post_init__(self) -> None:
        self._nonces: set[str] = set()
        self._numbers = itertools.count(1)
        self._random = random.Random(8)
        self.lock = threading.Lock()
        self._hierarchy = Hierarchy(self.now)

    @property
    def directory_url(self) -> str:
        return f"{self.base}/directory"

    @property
    def resources(self) -> list[str]:
        """What was asked for, in order, nonces left out."""
        return [asked.resource for asked in self.asked if asked.resource != "newNonce"]

    def handle(self, method: str, path: str, body: bytes) -> Reply | None:
        """Answer one request; ``None``: break the connection."""
        with self.lock:
            asked = Asked(len(self.asked) + 1, method, path.strip("/").partition("/")[0])
            self.asked.append(asked)
            fault = self.script(asked)
            reply = Reply() if fault and not fault.acts else self._answer(method, path, body)
            if fault is not None:
                reply = _faulty(fault, reply)
            if reply is not None and self.gives_nonces and method != "GET":
                reply.headers["Replay-Nonce"] = self._nonce()
            return reply

    def _answer(self, method: str, path: str, body: bytes) -> Reply:
        resource, _unused, key = path.strip("/").partition("/")
        try:
            if method == "HEAD":
                return Reply(headers={"Replay-Nonce": self._nonce()})
            if method == "GET":
                return self._get(resource, key)
            return self._post(resource, key, path, body)
        except Refusal as refusal:
            return Reply(refusal.status, refusal.document, refusal.headers)

    def _nonce(self) -> str:
        nonce = base64.urlsafe_b64encode(str(next(self._numbers)).encode()).decode().rstrip("=")
        self._nonces.add(nonce)
        return nonce

    def _get(self, resource: str, key: str) -> Reply:
        if resource == "directory":
            return Reply(document=self._directory())
        if resource == "renewalInfo":
            return self._renewal_info(key)
        raise Refusal(404, "malformed", f"no {resource}")

    def _directory(self) -> dict[str, Any]:
        names = ["newNonce", "newAccount", "newOrder", "keyChange", "revokeCert"]
        names += ["renewalInfo"] if self.has_renewal_info else []
        meta = {
            "termsOfService": f"{self.base}/terms",
            "caaIdentities": ["ca.test"],
            "profiles": self.profiles,
            "externalAccountRequired": bool(self.external_keys),
        }
        return {**{name: f"{self.base}/{name}" for name in names}, "meta": meta}

    def _renewal_info(self, key: str) -> Reply:
        for leaf in self._hierarchy.leaves:
            if ari_name(leaf) == key:
                start, end = (leaf.not_valid_before_utc + shift for shift in self.window)
                window = {"start": start.isoformat(), "end": end.isoformat()}
                return Reply(document={"suggestedWindow": window}, headers={"Retry-After": "21600"})
        raise Refusal(404, "malformed", "no such certificate")

    def _post(self, resource: str, key: str, path: str, body: bytes) -> Reply:
        signed = jws.JWS.json_loads(body.decode())
        header = signed.signature.combined
        self._check_nonce(jose.b64encode(header.nonce or b"").decode())
        if header.url != self.base + path:
            raise Refusal(403, "unauthorized", f"URL {header.url} in the header, not {path}")
        if resource == "newAccount":
            _verify(signed, header.jwk)
            return self._new_account(header.jwk, json.loads(signed.payload))
        if header.kid not in self.accounts:
            raise Refusal(400, "accountDoesNotExist", f"no account {header.kid}")
        _verify(signed, self.accounts[header.kid]["key"])
        payload = json.loads(signed.payload) if signed.payload else None
        return getattr(self, f"_post_{resource}")(header.kid, key, payload)

    def _check_nonce(self, nonce: str) -> None:
        is_known = nonce in self._nonces
        self._nonces.discard(nonce)
        if not is_known or self._random.random() < self.bad_nonce_share:
            raise Refusal(400, "badNonce", f"nonce {nonce!r} is not good")

    def _new_account(self, key: Any, payload: dict[str, Any]) -> Reply:
        for url, account in self.accounts.items():
            if account["key"] == key:
                return Reply(200, {"status": "valid"}, {"Location": url})
        if payload.get("onlyReturnExisting"):
            raise Refusal(400, "accountDoesNotExist", "no account has this key")
        if not payload.get("termsOfServiceAgreed"):
            raise Refusal(403, "userActionRequired", "agree to the terms")
        if self.external_keys:
            self._check_binding(payload.get("externalAccountBinding"))
        url = f"{self.base}/acct/{len(self.accounts) + 1}"
        self.accounts[url] = {"key": key, "contact": payload.get("contact", [])}
        return Reply(201, {"status": "valid"}, {"Location": url})

    def _check_binding(self, binding: dict[str, Any] | None) -> None:
        if binding is None:
            raise Refusal(403, "externalAccountRequired", "bind an external account")
        signed = jws.JWS.from_json(binding)
        secret = self.external_keys.get(signed.signature.combined.kid)
        if secret is None or not signed.verify(jose.JWKOct(key=jose.b64decode(secret))):
            raise Refusal(403, "unauthorized", "the binding is not good")

    def _post_acct(self, kid: str, _key: str, payload: dict[str, Any]) -> Reply:
        if payload.get("status") == "deactivated":
            self.accounts.pop(kid)
            return Reply(document={"status": "deactivated"})
        self.accounts[kid].update(payload or {})
        return Reply(document={"status": "valid"})

    def _post_keyChange(self, kid: str, _key: str, payload: dict[str, Any]) -> Reply:
        inner = jws.JWS.from_json(payload)
        new = inner.signature.combined.jwk
        _verify(inner, new)
        stated = json.loads(inner.payload)
        if (
            stated["account"] != kid
            or jose.JWK.from_json(stated["oldKey"]) != self.accounts[kid]["key"]
        ):
            raise Refusal(403, "unauthorized", "not the old key")
        if any(account["key"] == new for account in self.accounts.values()):
            raise Refusal(409, "conflict", "the new key has an account")
        self.accounts[kid]["key"] = new
        return Reply(document={"status": "valid"})

    def _post_newOrder(self, kid: str, _key: str, payload: dict[str, Any]) -> Reply:
        profile = payload.get("profile")
        if profile is not None and profile not in self.profiles:
            raise Refusal(400, "invalidProfile", f"no profile {profile}")
        replaces = payload.get("replaces")
        if replaces is not None:
            self._check_replaces(replaces)
        number = len(self.orders) + 1
        names = tuple(item["value"] for item in payload["identifiers"])
        self.orders[number] = {
            "names": names,
            "account": kid,
            "authorizations": [self._authorize(name) for name in names],
            "status": "pending",
            "looks": 0,
            "replaces": replaces,
        }
        if replaces is not None:
            self.replaced[replaces] = number
        self._settle()
        return self._show(number, 201)

    def _check_replaces(self, name: str) -> None:
        if name not in {ari_name(leaf) for leaf in self._hierarchy.leaves}:
            raise Refusal(404, "malformed", "replaces an unknown certificate")
        if name in self.replaced:
            raise Refusal(409, "alreadyReplaced", "has been replaced already")

    def _authorize(self, name: str) -> int:
        for number, found in self.authorizations.items():
            if (
                self.reuses_authorizations
                and found["name"] == name
                and found["status"] != "invalid"
            ):
                return number
        number = len(self.authorizations) + 1
        self.authorizations[number] = {"name": name, "status": "pending", "error": None}
        return number

    def _settle(self) -> None:
        for order in self.orders.values():
            if order["status"] == "pending":
                states = {
                    self.authorizations[number]["status"] for number in order["authorizations"]
                }
                if "invalid" in states:
                    order["status"] = "invalid"
                elif states == {"valid"}:
                    order["status"] = "ready"

    def _show(self, number: int, status: int = 200) -> Reply:
        order = self.orders[number]
        document = {
            "status": order["status"],
            "identifiers": [{"type": "dns", "value": name} for name in order["names"]],
            "authorizations": [f"{self.base}/authz/{n}" for n in order["authorizations"]],
            "finalize": f"{self.base}/finalize/{number}",
        }
        if order["status"] == "valid":
            document["certificate"] = f"{self.base}/cert/{number}"
        headers = {"Location": f"{self.base}/order/{number}"}
        if order["status"] == "processing":
            headers["Retry-After"] = "3"
        return Reply(status, document, headers)

    def _post_order(self, _kid: str, key: str, _payload: None) -> Reply:
        order = self.orders.get(int(key))
        if order is None:
            raise Refusal(404, "malformed", "no such order")
        if order["status"] == "processing":
            order["looks"] += 1
            if order["looks"] >= self.processing_looks:
                order["status"] = "valid"
        return self._show(int(key))

    def _post_authz(self, _kid: str, key: str, _payload: None) -> Reply:
        found = self.authorizations[int(key)]
        challenge = {
            "type": self.offers,
            "url": f"{self.base}/chall/{key}",
            "token": "t" * 43,
            "status": found["status"],
        }
        if found["error"]:
            challenge["error"] = found["error"]
            challenge["validationRecord"] = [
                {"url": f"http://{found['name']}/", "addressUsed": "192.0.2.7", "port": "80"}
            ]
        return Reply(
            document={
                "identifier": {"type": "dns", "value": found["name"]},
                "status": found["status"],
                "challenges": [challenge],
            }
        )

    def _post_chall(self, _kid: str, key: str, _payload: dict[str, Any]) -> Reply:
        number = int(key)
        self.answers[number] += 1
        found = self.authorizations[number]
        found["error"] = self.judge(found["name"])
        found["status"] = "invalid" if found["error"] else "valid"
        self._settle()
        return Reply(document={"status": found["status"]})

    def _post_finalize(self, _kid: str, key: str, payload: dict[str, Any]) -> Reply:
        order = self.orders[int(key)]
        if order["status"] != "ready":
            raise Refusal(403, "orderNotReady", f"the order is {order['status']}")
        csr = jose.b64decode(payload["csr"])
        if sorted(names_of(csr)) != sorted(order["names"]):
            raise Refusal(400, "badCSR", "other names than the order")
        self.certificates[int(key)] = self._hierarchy.issue(csr, self.lifetime)
        self.issued.append(order["names"])
        order["status"] = "processing" if self.processing_looks else "valid"
        return self._show(int(key))

    def _post_cert(self, _kid: str, key: str, _payload: None) -> Reply:
        number, _unused, alternate = key.partition("/")
        first, second = self.certificates[int(number)]
        link = f'<{self.base}/cert/{number}/1>;rel="alternate"'
        return Reply(body=(second if alternate else first).encode(), headers={"Link": link})


def _verify(signed: Any, key: Any) -> None:
    if not signed.verify(key):
        raise Refusal(403, "unauthorized", "the signature is wrong")


def _faulty(fault: Fault, reply: Reply) -> Reply | None:
    if fault.status == 0:
        return None
    headers = {**reply.headers, **dict(fault.headers)}
    document = {"type": ERROR + fault.code, "detail": fault.detail} if fault.code else None
    return Reply(fault.status, document, headers)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ca: FakeCa

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        reply = self.ca.handle(self.command, self.path, self.rfile.read(length))
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = reply.body or (
            b"" if reply.document is None else json.dumps(reply.document).encode()
        )
        kind = "application/problem+json" if reply.status >= 400 else "application/json"
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}
        head = [f"HTTP/1.1 {reply.status} x", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        sent = b"" if self.command == "HEAD" else body
        self.wfile.write("\r\n".join(head).encode() + sent)

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()


@contextmanager
def running(ca: FakeCa, tls: ssl.SSLContext | None = None) -> Iterator[FakeCa]:
    """The CA on a free port of loopback."""
    handler = type("Handler", (_Handler,), {"ca": ca})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls is not None else "http"
    ca.base = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ca
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
