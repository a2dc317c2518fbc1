# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as a scenario's tests see it: hosts to look into, and what a client gets from them."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import testinfra
from testinfra.host import Host
from testinfra.utils.ansible_runner import AnsibleRunner

ROOTS = "/etc/lab/roots.pem"
# The hosts have no socat, and need none.
ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.sendall(sys.argv[2].encode() + b"\\n")
    connection.shutdown(socket.SHUT_WR)
    sys.stdout.buffer.write(connection.makefile("rb").read())
"""
UNPACK = """
import base64, sys, zlib
sys.stdout.buffer.write(zlib.decompress(base64.b64decode(sys.argv[1])))
"""


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    body: str
    location: str = ""


@dataclass(frozen=True)
class Served:
    """The certificate that a client was shown."""

    fingerprint: str
    names: frozenset[str]


@dataclass(frozen=True)
class Process:
    """HAProxy as its master tells of it; unchanged means: no reload in between."""

    master: int
    reloads: int
    worker: int


@dataclass(frozen=True)
class Balancer:
    """One HAProxy host."""

    name: str
    address: str
    host: Host = field(compare=False)

    def ask(self, socket: str, command: str) -> str:
        """An answer of HAProxy on one of its sockets."""
        line = f"python3 -c {shlex.quote(ASK)} {socket} {shlex.quote(command)}"
        return str(self.host.check_output(line))

    def runtime(self, command: str) -> str:
        """An answer of the Runtime API."""
        return self.ask("/run/haproxy/admin.sock", command)

    def process(self) -> Process:
        """Who serves, and how often it was reloaded."""
        table = self.ask("/run/haproxy-master.sock", "show proc")
        master = re.search(r"^(\d+)\s+master\s+(\d+)", table, re.MULTILINE)
        worker = re.search(r"^(\d+)\s+worker", table, re.MULTILINE)
        assert master, table
        assert worker, table
        return Process(int(master[1]), int(master[2]), int(worker[1]))

    def release(self) -> str:
        """HAProxy's version, major and minor."""
        found = re.search(r"^Version: (\d+\.\d+)", self.runtime("show info"), re.MULTILINE)
        assert found
        return found[1]


@dataclass(frozen=True)
class Fleet:
    """The hosts of the scenario."""

    inventory: str

    @cached_property
    def runner(self) -> AnsibleRunner:
        """The inventory as testinfra reads it."""
        return AnsibleRunner(self.inventory)

    def variables(self, name: str) -> Mapping[str, Any]:
        """The variables of a host."""
        found: Mapping[str, Any] = self.runner.get_variables(name)
        return found

    def host(self, name: str) -> Host:
        """A host, by the quickest way there is.

        testinfra turns Ansible's ssh and docker connections into its own; podman's it does not.
        """
        variables = self.variables(name)
        if variables.get("ansible_connection") == "containers.podman.podman":
            return testinfra.get_host(f"podman://{variables['ansible_host']}")
        return testinfra.get_host(f"ansible://{name}?ansible_inventory={self.inventory}")

    @cached_property
    def balancers(self) -> tuple[Balancer, ...]:
        """All HAProxy hosts, in the inventory's order."""
        names = self.runner.get_hosts("balancers")
        return tuple(
            Balancer(name, self.variables(name)["edge_address"], self.host(name)) for name in names
        )

    @cached_property
    def issuer(self) -> Host:
        """The host that obtains certificates: the first of its group, else the first balancer."""
        issuers = self.runner.get_hosts("issuers")
        return self.host(issuers[0]) if issuers else self.balancers[0].host

    @cached_property
    def ca(self) -> Host:
        """The host with the CA and the lab's DNS, which is also where clients are."""
        return self.host("edge-ca")

    def wish(self) -> dict[str, Any]:
        """The scenario's own variables of the collection, a fresh copy."""
        variables = self.variables(self.balancers[0].name)
        own = ("haproxy_", "issuer_", "certificates_", "edge_")
        chosen = {k: v for k, v in variables.items() if k.startswith(own) and k != "edge_address"}
        copy: dict[str, Any] = json.loads(json.dumps(chosen))
        return copy

    # What a client sees

    def get(self, balancer: Balancer, url: str) -> Answer:
        """What this balancer answers; certificates are verified."""
        scheme, _unused, rest = url.partition("://")
        name, port = rest.partition("/")[0], {"http": 80, "https": 443}[scheme]
        line = (
            f"curl -sS --max-time 10 --cacert {ROOTS} --resolve {name}:{port}:{balancer.address}"
            f" -w '\\n%{{http_code}} %{{redirect_url}}' {shlex.quote(url)}"
        )
        body, _unused, last = self.ca.check_output(line).rpartition("\n")
        status, _unused, location = last.partition(" ")
        return Answer(int(status), body, location)

    def header(self, balancer: Balancer, url: str, name: str) -> str:
        """A header of what this balancer answers; empty if it is not there."""
        host = url.partition("://")[2].partition("/")[0]
        head = self.ca.check_output(
            f"curl -sS --max-time 10 --cacert {ROOTS} --resolve {host}:443:{balancer.address}"
            f" -o /dev/null -D - {shlex.quote(url)}"
        )
        found = re.search(rf"^{re.escape(name)}: *(.*?)\r?$", head, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    def served(self, balancer: Balancer, name: str) -> Served | None:
        """The certificate shown for a name; none if the balancer refuses the handshake."""
        line = (
            f"openssl s_client -connect {balancer.address}:443 -servername {name} </dev/null"
            " 2>/dev/null | openssl x509 -noout -fingerprint -sha256 -ext subjectAltName"
        )
        shown = self.ca.run(line)
        fingerprint = re.search(r"Fingerprint=([0-9A-F:]+)", shown.stdout)
        if fingerprint is None:
            return None
        names = frozenset(re.findall(r"DNS:([^,\s]+)", shown.stdout))
        return Served(fingerprint[1].replace(":", ""), names)

    # What happens around the fleet

    def put(self, host: Host, content: bytes, path: str) -> None:
        """Write an executable file on a host, by the connection that is there anyway."""
        encoded = base64.b64encode(zlib.compress(content)).decode()
        host.check_output(
            f"mkdir -p $(dirname {path}) && python3 -c {shlex.quote(UNPACK)} {encoded} > {path}"
            f" && chmod 755 {path}"
        )

    def engine(self, verb: str, name: str) -> None:
        """Tell the container engine to do something to a host."""
        container = f"{os.environ['LAB_PREFIX']}-{name}"
        command = [os.environ["LAB_ENGINE"], verb, container]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def start(self, balancer: Balancer) -> None:
        """Start a stopped balancer and wait until it has booted and can be reached."""
        self.engine("start", balancer.name)
        command = [os.environ["LAB_ENGINE"], "exec", f"{os.environ['LAB_PREFIX']}-{balancer.name}"]
        state = ["systemctl", "is-system-running", "--wait"]
        for _unused in range(50):  # systemd has no bus yet in its first moments
            said = subprocess.run([*command, *state], check=False, capture_output=True, timeout=60)
            if said.stdout.strip() in (b"running", b"degraded"):
                return
            time.sleep(0.2)
        raise AssertionError(f"{balancer.name} does not come up: {said.stdout!r} {said.stderr!r}")

    def resolve(self, *words: str) -> None:
        """Change what the lab's DNS says: `point NAME ADDRESS`, `restore NAME`, ..."""
        self.ca.check_output(f"lab-dns {shlex.join(words)}")

    def orders_at_ca(self) -> int:
        """How many orders the CA has taken since it started."""
        log = self.ca.check_output("journalctl --no-pager -o cat -u pebble")
        return len(re.findall(r"^.*Added order ", log, re.MULTILINE))

    def names_at_ca(self) -> set[str]:
        """Names that the CA has tried to validate since it started."""
        log = self.ca.check_output("journalctl --no-pager -o cat -u pebble")
        return set(re.findall(r'Identifier:acme\.Identifier{Type:"dns", Value:"([^"]+)"', log))
