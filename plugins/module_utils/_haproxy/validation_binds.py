# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a candidate binds against what this host has.

A port in use, or an address that is not here (a virtual one on a standby), is found by HAProxy only
during the reload, and pauses the live listeners for two seconds at each try.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Union

from .._core.errors import Refused, Unavailable
from .._core.ports import Ports
from .master import Processes
from .validation_lines import NumberedLine, addresses_of, lines_of

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
BIND = re.compile(
    r"^(?:(?P<family>ipv4|ipv6|udp|udp4|udp6|quic4|quic6|tcp|tcp4|tcp6)@)?"
    r"\[?(?P<host>[0-9A-Fa-f.:*%]*?)\]?:(?P<first>\d+)(?:-(?P<last>\d+))?$"
)
OWNER = re.compile(r'\("([^"]*)",pid=(\d+)')
IN_USE = "cannot bind socket (Address already in use)"
NOT_HERE = "cannot bind socket (Cannot assign requested address)"
"""What HAProxy would say in the middle of a reload."""

DATAGRAM = ("udp", "udp4", "udp6", "quic4", "quic6")
ANY4, ANY6 = ipaddress.IPv4Address(0), ipaddress.IPv6Address(0)


@dataclass(frozen=True)
class Listener:
    """A port of an address. ``dual``: an IPv6 wildcard that takes IPv4 as well."""

    address: Address
    port: int
    datagram: bool = False
    dual: bool = False

    def clashes(self, other: Listener) -> bool:
        """Whether both cannot be had, without `SO_REUSEPORT`."""
        if (self.port, self.datagram) != (other.port, other.datagram):
            return False
        if self.address == other.address:
            return True
        return self._covers(other.address) or other._covers(self.address)

    def _covers(self, address: Address) -> bool:
        same_family = self.address.version == address.version
        return self.address.is_unspecified and (same_family or self.dual)


@dataclass(frozen=True)
class Bind:
    """A listener that a line of the config asks for."""

    line: NumberedLine
    listener: Listener

    @property
    def may_be_foreign(self) -> bool:
        """Whether the address need not be on this host."""
        return self.listener.address.is_unspecified or "transparent" in self.line.words


@dataclass(frozen=True)
class Held:
    """A listener of the host and the processes that hold it: name and pid."""

    listener: Listener
    owners: tuple[tuple[str, int], ...]


def parse_binds(text: str) -> Iterator[Bind]:
    """What a config binds; names and environment variables are left to HAProxy."""
    for line in lines_of(text):
        for address in addresses_of(line):
            for listener in _listeners(address, line):
                yield Bind(line, listener)


def _listeners(address: str, line: NumberedLine) -> Iterator[Listener]:
    found = BIND.match(address)
    if not found:
        return
    family, host = found["family"] or "", found["host"]
    try:
        ip = _ip(host, six=family.endswith("6"))
    except ValueError:
        return
    datagram = family in DATAGRAM or line.words[0] == "dgram-bind"
    dual = ip == ANY6 and "v6only" not in line.words
    first = int(found["first"])
    for port in range(first, int(found["last"] or first) + 1):
        yield Listener(ip, port, datagram=datagram, dual=dual)


def _ip(host: str, *, six: bool) -> Address:
    if host in ("", "*"):
        return ANY6 if six else ANY4
    address = ipaddress.ip_address(host.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def parse_held(answer: str, *, datagram: bool) -> Iterator[Held]:
    """Read `ss -H -l -n -p` of one protocol."""
    for line in answer.splitlines():
        fields = line.split()
        local = fields[3] if len(fields) > 3 else ""
        host, _unused, port = local.rpartition(":")
        if not port.isdigit():
            continue
        dual = host == "*"
        try:
            ip = ANY6 if dual else _ip(host.strip("[]").partition("%")[0], six=False)
        except ValueError:
            continue
        owners = tuple((name, int(pid)) for name, pid in OWNER.findall(line))
        yield Held(Listener(ip, int(port), datagram=datagram, dual=dual), owners)


@dataclass(frozen=True)
class Ours:
    """What the running service holds: its processes, and the listeners of its configs.

    Without `CAP_SYS_PTRACE` (in a container) the host does not tell who holds a socket; then it is
    ours if a config that we run, or ran last, asks for just this.
    """

    pids: frozenset[int] = frozenset()
    listeners: frozenset[Listener] = frozenset()

    @classmethod
    def of(cls, processes: Processes | None, texts: Iterable[str]) -> Ours:
        """From the processes (none run: nothing is ours) and the texts of the configs."""
        if processes is None:
            return cls()
        return cls(processes.all, frozenset(b.listener for t in texts for b in parse_binds(t)))

    def hold(self, other: Held) -> bool:
        """Whether this is held by the service itself."""
        if not other.owners:
            return any(
                one.address == other.listener.address and one.clashes(other.listener)
                for one in self.listeners
            )
        return any(pid in self.pids for _unused, pid in other.owners)


def demand_bindable(ports: Ports, text: str, ours: Ours, *, path: str) -> tuple[str, ...]:
    """Every bind can be had here; returns a warning if the host does not tell.

    ``path``: where the text belongs; faults name it in HAProxy's own form, ``[path:line]``.

    Raises: `Refused` naming each line that cannot.
    """
    binds = tuple(parse_binds(text))
    try:
        faults = [*_taken(ports, binds, ours), *_foreign(ports, binds)]
    except Unavailable as error:
        return (f"the binds were not compared with those of the host: {error.message}",)
    if faults:
        raise Refused(
            "this host cannot bind what the config asks for; what runs was not touched",
            "\n".join(f"[{path}:{number}] : {cause}" for number, cause in faults),
            lines=[number for number, _unused in faults],
            check="binds",
        )
    return ()


def _taken(ports: Ports, binds: tuple[Bind, ...], ours: Ours) -> Iterator[tuple[int, str]]:
    held = [
        *parse_held(ports.runner.run(["ss", "-H", "-ltnp"]).stdout, datagram=False),
        *parse_held(ports.runner.run(["ss", "-H", "-lunp"]).stdout, datagram=True),
    ]
    foreign = [one for one in held if not ours.hold(one)]
    for bind in binds:
        for other in foreign:
            if bind.listener.clashes(other.listener):
                yield bind.line.number, f"{bind.line} : {_held_by(other)}"


def _held_by(other: Held) -> str:
    owners = ", ".join(f"{name} (pid {pid})" for name, pid in other.owners)
    holder = owners or "a process that the host does not show"
    return f"{IN_USE}: port {other.listener.port} is held by {holder}"


def _foreign(ports: Ports, binds: tuple[Bind, ...]) -> Iterator[tuple[int, str]]:
    asked = [bind for bind in binds if not bind.may_be_foreign]
    if not asked:
        return
    networks = tuple(_local_networks(ports.runner.run(["ip", "-json", "address"]).stdout))
    for bind in asked:
        address = bind.listener.address
        if any(address in network for network in networks) or _nonlocal_allowed(ports, address):
            continue
        sysctl = f"net.ipv{address.version}.ip_nonlocal_bind=1"
        cause = (
            f"{bind.line} : {NOT_HERE}: {address} is not an address of this host; bind the "
            f"wildcard, or set {sysctl} where it moves between hosts"
        )
        yield bind.line.number, cause


def _local_networks(
    answer: str,
) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """What the host answers for: its addresses, and whole networks on the loopback interface."""
    for interface in json.loads(answer or "[]"):
        for info in interface.get("addr_info", []):
            whole = "LOOPBACK" in interface.get("flags", [])
            address = ipaddress.ip_address(info["local"])
            length = info["prefixlen"] if whole else address.max_prefixlen
            yield ipaddress.ip_network(f"{address}/{length}", strict=False)


def _nonlocal_allowed(ports: Ports, address: Address) -> bool:
    path = f"/proc/sys/net/ipv{address.version}/ip_nonlocal_bind"
    return (ports.files.read(path) or b"").strip() == b"1"
