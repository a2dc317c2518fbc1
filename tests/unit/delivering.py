# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A balancer in memory that bundles are delivered to."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.carry_out import (
    deliver,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.plan import (
    Plan,
    plan_delivery,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    WantedBundle,
    Wish,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.master import Verdict
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import file_name
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_certificates import FakeCertificates
from fakes import FakeFiles, FakeHost
from minted import Minted

LAYOUT = Layout()


def path_of(name: str, kind: KeyType = KeyType.ECDSA) -> str:
    """Where a bundle's file is."""
    return f"{LAYOUT.certificates}/{file_name(name, kind)}"


def wanted(
    name: str, made: Minted | None = None, *, pem: bool = True, **other: Any
) -> WantedBundle:
    """A wished bundle, with its PEM or just with its fingerprint."""
    fields: dict[str, Any] = {
        "where": f"bundles[0] ({name})",
        "name": name,
        "key_type": KeyType.ECDSA,
        "domains": (name,),
        "fingerprint": made.fingerprint if made else "",
        "pem": made.pem if made and pem else "",
    }
    return WantedBundle(**{**fields, **other})


class Killed(BaseException):
    """The run was killed."""


def full_disk(path: str) -> BaseException:
    """What a write ends in where there is no space."""
    return OSError(errno.ENOSPC, "No space left on device", path)


def read_only(path: str) -> BaseException:
    """What a write ends in where nobody may write."""
    return OSError(errno.EROFS, "Read-only file system", path)


class MortalFiles(FakeFiles):
    """A run is killed instead of its next write, removal or the like, once ``left`` is 0.

    ``ending``: what happens instead of being killed; to all later ones as well.
    """

    left: int | None = None
    ending: Callable[[str], BaseException] = Killed

    def _live(self, path: str) -> None:
        if self.left == 0:
            raise self.ending(path)
        if self.left is not None:
            self.left -= 1

    def write(self, path: str, content: bytes, **options: Any) -> None:
        self._live(path)
        super().write(path, content, **options)

    def remove(self, path: str) -> None:
        self._live(path)
        super().remove(path)

    def rename(self, source: str, target: str) -> None:
        self._live(target)
        super().rename(source, target)

    def make_directory(self, path: str, **options: Any) -> None:
        self._live(path)
        super().make_directory(path, **options)


class Balancer:
    """Files, a HAProxy that may run, and a count of reloads."""

    def __init__(self, *, running: bool = True) -> None:
        self.host = FakeHost()
        self.files = self.host.files = MortalFiles(self.host.clock)
        self.process = FakeCertificates(LAYOUT.crt_list, self.files)
        self.reloads = 0
        self.reload_words = ""
        self.keeps_process = False
        if running:
            self.start()

    def start(self) -> None:
        """HAProxy starts with the files that are there."""
        self.process.start()
        self.host.socket.servers[LAYOUT.runtime_socket] = self.process

    def stop(self) -> None:
        """HAProxy ends."""
        del self.host.socket.servers[LAYOUT.runtime_socket]

    def wish(self, *bundles: WantedBundle, **other: Any) -> Wish:
        """All that is wished."""
        return Wish(bundles, LAYOUT, **other)

    def plan(self, *bundles: WantedBundle, **other: Any) -> Plan:
        """What would be done."""
        return plan_delivery(self.host.ports, self.wish(*bundles, **other))

    def deliver(self, *bundles: WantedBundle, **other: Any) -> dict[str, Any]:
        """Do it."""
        return deliver(self.host.ports, self.wish(*bundles, **other), self.reload)

    def reload(self) -> Verdict:
        """As HAProxy's master does."""
        self.reloads += 1
        if self.reload_words:
            return Verdict(False, self.reload_words)
        if not self.keeps_process:
            self.process.start()
        return Verdict(True)

    def kill_at_command(self, number: int) -> None:
        """The run is killed instead of its command of this number to HAProxy."""
        left = iter(range(number))

        def answer(request: str) -> str:
            if next(left, None) is None:
                raise Killed
            return self.process(request)

        self.host.socket.servers[LAYOUT.runtime_socket] = answer

    def revive(self) -> None:
        """The host is as the killed run left it; nobody is killed any more."""
        self.files.left = None
        self.host.socket.servers[LAYOUT.runtime_socket] = self.process

    def serves(self, name: str) -> str:
        """The fingerprint that clients see."""
        return self.process.serves(path_of(name))


def actions(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and action of each bundle."""
    return [(bundle["name"], bundle["action"]) for bundle in result["bundles"]]
