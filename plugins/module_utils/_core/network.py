# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real network port: names, one HTTP GET, one TLS handshake."""

from __future__ import annotations

import http.client
import socket
import ssl

from .errors import Unavailable, Unreachable
from .ports import HttpAnswer, Served

BODY_LIMIT = 65536


class LocalNetwork:
    """Other hosts, as seen from this one."""

    def addresses(self, name: str) -> tuple[str, ...]:
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
                return ()
            raise Unavailable(f"{name} cannot be resolved now: {error.strerror}") from error
        except UnicodeError:  # an empty label, or one of over 63 characters
            return ()
        return tuple(sorted({str(entry[4][0]) for entry in found}))

    def get(
        self, address: str, port: int, *, host: str, path: str, timeout_seconds: float = 5.0
    ) -> HttpAnswer:
        connection = http.client.HTTPConnection(address, port, timeout=timeout_seconds)
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(f"no connection to {address}:{port}: {error}") from error
        try:
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            connection.endheaders()
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return HttpAnswer(answer.status, headers, answer.read(BODY_LIMIT))
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"http://{host}{path} at {address}:{port}: {error}") from error
        finally:
            connection.close()

    def handshake(
        self, address: str, port: int, *, server_name: str, timeout_seconds: float = 5.0
    ) -> Served:
        # The certificate is the thing looked at, compared by fingerprint afterwards: no trust
        # is derived from this connection and no data is sent over it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            raw = socket.create_connection((address, port), timeout_seconds)
        except OSError as error:
            raise Unreachable(f"no connection to {address}:{port}: {error}") from error
        try:
            with raw, context.wrap_socket(raw, server_hostname=server_name) as wrapped:
                return Served(wrapped.getpeercert(binary_form=True) or b"", wrapped.version() or "")
        except OSError as error:
            raise Unavailable(f"TLS with {server_name} at {address}:{port}: {error}") from error
