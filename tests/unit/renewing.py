# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet in memory that renews itself: issuers that serve, a CA, links that can be cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Accounts
from ansible_collections.hitless.edge.plugins.module_utils._acme.account_plan import (
    parse_account_wish,
    plan_account,
)
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import Authority
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Lineage,
    Source,
    Wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unreachable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import HttpAnswer
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._pki.bundle import file_name
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.push import Pushed, push
from ansible_collections.hitless.edge.plugins.module_utils._renewal.receive import receive
from ansible_collections.hitless.edge.plugins.module_utils._renewal.renew import (
    Options,
    renew,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.report import Report
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import (
    Account,
    Balancer,
    Host,
    Settings,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.status import (
    Status,
    status,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import render_reply
from delivering import LAYOUT, MortalFiles
from fake_ca import FakeCa
from fake_certificates import FakeCertificates
from fakes import FakeClock, FakeHost, FakeNetwork

HOME = "/var/lib/hitless-edge"
ROOTS = "/etc/roots.pem"
SITE = Lineage("a.test", KeyType.ECDSA, ("a.test",))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class SickFiles(MortalFiles):
    """Files on a disk that refuses some changes. ``fault``: what it says to a path, if anything."""

    fault: Callable[[str], OSError | None] = staticmethod(lambda _path: None)

    def _demand(self, path: str) -> None:
        fault = self.fault(path)
        if fault is not None:
            raise fault

    def write(self, path: str, content: bytes, **options: Any) -> None:
        self._demand(path)
        super().write(path, content, **options)

    def remove(self, path: str) -> None:
        self._demand(path)
        super().remove(path)

    def make_directory(self, path: str, **options: Any) -> None:
        self._demand(path)
        super().make_directory(path, **options)


@dataclass
class Member:
    """A host of the fleet: its files, its HAProxy."""

    name: str
    address: str
    host: FakeHost
    files: SickFiles
    process: FakeCertificates

    @classmethod
    def made(cls, number: int, clock: FakeClock, network: FakeNetwork) -> Member:
        """A host that was set up and serves nothing yet."""
        host = FakeHost(clock=clock, network=network)
        files = host.files = SickFiles(clock)
        process = FakeCertificates(LAYOUT.crt_list, files)
        process.start()
        host.socket.servers[LAYOUT.runtime_socket] = process
        files.write(ROOTS, b"roots")
        files.write(f"{HOME}/push/id_ed25519", b"key")
        return cls(f"lb{number}", f"192.0.2.{10 + number}", host, files, process)

    @property
    def store(self) -> Store:
        """What it keeps as an issuer."""
        return Store(self.files, HOME)

    def held(self, lineage: Lineage = SITE) -> str | None:
        """Fingerprint in the store."""
        found = self.store.held(lineage)
        return found.leaf.fingerprint if found else None

    def serves(self, lineage: Lineage = SITE) -> str:
        """Fingerprint that clients see."""
        path = f"{LAYOUT.certificates}/{file_name(lineage.name, lineage.key_type)}"
        return self.process.serves(path)


@dataclass
class Fleet:
    """Hosts lb1, lb2, …, a CA and the ways between them. ``dead``: hosts; ``cut``: (from, to)."""

    ca: FakeCa
    clock: FakeClock
    members: dict[str, Member]
    settings: Settings
    network: FakeNetwork
    dead: set[str] = field(default_factory=set)
    cut: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def made(
        cls, ca: FakeCa, clock: FakeClock, *, hosts: int = 3, issuers: int = 3, **other: Any
    ) -> Fleet:
        """A fleet after its first play: account and replicas are there, certificates are not."""
        network = FakeNetwork()
        members = [Member.made(number, clock, network) for number in range(1, hosts + 1)]
        settings = Settings(
            **{
                "host": "lb1",
                "home": HOME,
                "wished": (Wished(Source.ACME, SITE),),
                "authorities": (Authority("ca1", ca.directory_url, weekly_limit=5, roots=ROOTS),),
                "account": None,
                "certbot": None,
                "issuers": tuple(one.name for one in members[:issuers]),
                "balancers": tuple(Balancer(one.name, (one.address,)) for one in members),
                "hosts": {one.name: Host(one.address) for one in members},
                "preflight": False,
                "workers": 1,
                **other,
            }
        )
        fleet = cls(ca, clock, {one.name: one for one in members}, settings, network)
        fleet._register()
        return fleet

    def _register(self) -> None:
        first = self.members["lb1"]
        known = {"name": "ca1", "directory": self.ca.directory_url}
        wish = {"home": HOME, "authorities": [known], "terms_agreed": True}
        plan_account(first.host.ports, parse(wish, "", parse_account_wish)).apply()
        accounts = Accounts(first.files, HOME)
        key = accounts.key()
        assert key is not None
        self.settings = dataclasses.replace(
            self.settings, account=Account(key.thumbprint, accounts.registrations())
        )
        for name in self.settings.issuers:
            Accounts(self.members[name].files, HOME).put_key(key_pem(first))
        for domain in {name for one in self.settings.wished for name in one.lineage.domains}:
            self.network.names[domain] = tuple(one.address for one in self.members.values())
        for member in self.members.values():
            self.network.web[member.address, 80] = self._answer(key.thumbprint)

    @staticmethod
    def _answer(thumbprint: str) -> Callable[[str, str], HttpAnswer]:
        def answer(_host: str, path: str) -> HttpAnswer:
            return HttpAnswer(200, {}, f"{path.rpartition('/')[2]}.{thumbprint}".encode())

        return answer

    def settings_of(self, name: str) -> Settings:
        """As the play wrote them on a host."""
        return dataclasses.replace(self.settings, host=name)

    def renew(self, name: str = "lb1", **options: Any) -> Report:
        """One run of the timer on a host."""
        ports = self.members[name].host.ports
        return renew(ports, self.settings_of(name), self.reach(name), Options(**options))

    def push(self, name: str = "lb1") -> tuple[Pushed, ...]:
        """As the play calls it."""
        return push(self.members[name].host.ports, self.settings_of(name), self.reach(name))

    def status(self, name: str = "lb1") -> Status:
        """What a person sees on a host."""
        return status(self.members[name].host.ports, self.settings_of(name), layout=Layout())

    def reach(self, name: str) -> FleetReach:
        """The ways from a host."""
        return FleetReach(self, name)

    def kill(self, name: str) -> None:
        """The host is off."""
        self.dead.add(name)
        self.network.web.pop((self.members[name].address, 80), None)

    def revive(self, name: str) -> None:
        """It is on again, as it was."""
        self.dead.discard(name)
        assert self.settings.account is not None
        answer = self._answer(self.settings.account.thumbprint)
        self.network.web[self.members[name].address, 80] = answer

    def wait(self, time: timedelta) -> None:
        """Time passes."""
        self.clock.time += time

    def served(self, lineage: Lineage = SITE) -> set[str]:
        """All fingerprints that clients see, on whatever host that lives."""
        alive = (one for one in self.members.values() if one.name not in self.dead)
        return {one.serves(lineage) for one in alive}

    @property
    def orders(self) -> int:
        """Certificates that the CA gave."""
        return len(self.ca.issued)


@dataclass(frozen=True)
class FleetReach:
    """Hosts call each other's `receive`, unless something is in the way."""

    fleet: Fleet
    name: str

    def exchange(self, host: str, request: str) -> str:
        way = {(self.name, host), (host, self.name)}
        if host in self.fleet.dead or way & self.fleet.cut:
            raise Unreachable(f"{host} does not answer")
        ports = self.fleet.members[host].host.ports
        return render_reply(receive(ports, self.fleet.settings_of(host), request))


def key_pem(member: Member) -> bytes:
    """The account key of a host."""
    return member.files.content[f"{HOME}/account/key.pem"]
