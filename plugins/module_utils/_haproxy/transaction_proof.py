# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proof that a config serves: from the process, and by a request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from .._core.errors import Fault, InvalidInput, Refused, Unavailable
from .._core.ports import Ports
from .master import is_alive
from .process import Service
from .runtime import Info
from .validation_binds import parse_binds

PAUSE_SECONDS = 0.05
ASK_SECONDS = 2.0
PROBE_SECONDS = 5.0
SERVER_ERROR = 500


@dataclass(frozen=True)
class Probe:
    """One plain HTTP request to this host."""

    address: str
    port: int
    host: str
    path: str

    @classmethod
    def parse(cls, url: str) -> Probe:
        """From ``http://127.0.0.1:8404/healthz``.

        Raises: `InvalidInput` when it is no plain HTTP URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or 80
        except ValueError as error:
            raise InvalidInput([Fault("probe_url", str(error))]) from error
        if parts.scheme != "http" or not parts.hostname:
            raise InvalidInput(
                [Fault("probe_url", f"{url} is not an http:// URL", "name a listener of this host")]
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname, port, parts.netloc, path)

    def is_served_by(self, text: str) -> bool:
        """Whether a config binds the port."""
        return any(bind.listener.port == self.port for bind in parse_binds(text))

    def status(self, ports: Ports) -> int | None:
        """The status of the answer; ``None`` when there is none."""
        try:
            answer = ports.network.get(self.address, self.port, host=self.host, path=self.path)
        except Unavailable:
            return None
        return answer.status


@dataclass(frozen=True)
class Proof:
    """What the process must show. ``old``: the worker before, which does not count.

    ``before``: what the probe gave before the change; a 503 because all backends are down is not
    the fault of a new config.
    """

    service: Service
    digest: str | None
    old: int | None = None
    master: int | None = None
    before: int | None = None

    @property
    def ports(self) -> Ports:
        """The ports of the service."""
        return self.service.ports

    def process(self) -> Info:
        """The new worker, once it serves with the wanted config.

        It answers only after its listeners, chroot and user are in place.
        Raises: `Refused` when it is not there in time, or the master ended.
        """
        deadline = self.ports.clock.monotonic() + self.service.timeout_seconds
        cause = "does not answer"
        while self.ports.clock.monotonic() <= deadline:
            try:
                info = replace(self.service.runtime, timeout_seconds=ASK_SECONDS).info()
            except (Unavailable, Refused):
                cause = "does not answer"
            else:
                if info.pid != self.old and info.digest == self.digest:
                    return info
                cause = f"serves config {info.digest} by process {info.pid}"
            if not self._may_come():
                raise Refused("HAProxy ended")
            self.ports.clock.sleep(PAUSE_SECONDS)
        raise Refused(f"HAProxy {cause}, wanted is config {self.digest}")

    def _may_come(self) -> bool:
        if self.master is None:
            return self.service.is_active()
        return is_alive(self.ports.files, self.master)

    def request(self, probe: Probe) -> None:
        """One request that is answered no worse than before.

        Raises: `Refused` with what was answered instead.
        """
        deadline = self.ports.clock.monotonic() + PROBE_SECONDS
        while True:
            status = probe.status(self.ports)
            if status is not None and (status < SERVER_ERROR or not self._was_well()):
                return
            if self.ports.clock.monotonic() > deadline:
                url = f"http://{probe.host}{probe.path}"
                raise Refused(f"{url} answers {status or 'nothing'}; before: {self.before}")
            self.ports.clock.sleep(PAUSE_SECONDS)

    def _was_well(self) -> bool:
        return self.before is not None and self.before < SERVER_ERROR
