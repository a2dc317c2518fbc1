# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real network port shows what is served and says why it cannot."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unreachable
from ansible_collections.hitless.edge.plugins.module_utils._core.network import LocalNetwork
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the Host header and the path."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://elsewhere.test/")
        self.end_headers()
        self.wfile.write(f"{self.headers['Host']} {self.path}".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_get_goes_to_the_address_with_the_host_header_and_follows_nothing(web: int) -> None:
    """What that very balancer answers is the question."""
    answer = LocalNetwork().get("127.0.0.1", web, host="shop.test", path="/a")
    assert answer.status == 302
    assert answer.headers["location"] == "http://elsewhere.test/"
    assert answer.body == b"shop.test /a"


def test_a_refused_connection_names_the_address(closed_port: int) -> None:
    """The reader must see which balancer does not answer."""
    with pytest.raises(Unreachable, match=f"127.0.0.1:{closed_port}.*refused"):
        LocalNetwork().get("127.0.0.1", closed_port, host="shop.test", path="/")
    with pytest.raises(Unreachable, match=f"127.0.0.1:{closed_port}.*refused"):
        LocalNetwork().handshake("127.0.0.1", closed_port, server_name="shop.test")


def test_a_handshake_shows_the_leaf_of_an_unknown_ca() -> None:
    """An expired or foreign certificate must be seen, not rejected."""
    ca = trustme.CA()
    issued = ca.issue_cert("shop.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            with context.wrap_socket(connection, server_side=True):
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        served = LocalNetwork().handshake("127.0.0.1", port, server_name="shop.test")
        thread.join()
    leaf = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    assert served.leaf == leaf.public_bytes(Encoding.DER)
    assert served.protocol == "TLSv1.3"


def test_a_name_resolves_to_its_addresses_or_to_none() -> None:
    """A name that does not exist is an answer; loopback needs no resolver."""
    assert "127.0.0.1" in LocalNetwork().addresses("localhost")
    assert LocalNetwork().addresses("a" * 64 + ".test") == ()
