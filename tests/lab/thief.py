# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who has stolen a push key, and tries on another host what can be done with it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fleet_view import Balancer, Fleet
from renewals import HOME, PATIENCE_SECONDS, wait_for
from testinfra.host import Host

FOLDER = "/root/stolen"
KEY = f"{FOLDER}/key"
RECEIVE = "hitless-edge receive"
LEAVES = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
GAVE_UP = 124
"""Of timeout(1): whoever was asked has not ended it."""
SSH_FAILED = 254
"""For 255, which is taken for a failure of the way to the thief's own host."""
# What changes by itself: the journal, and systemd's notes of timers.
VOLATILE = ("/var/log", "/var/lib/systemd", "/var/cache", "/root/.cache", "/root/.ansible")
# The largest share of memory that any process of the user has had.
PEAK = """
while [ ! -e {folder}/stop ]; do
    for pid in $(pgrep -u hitless); do awk '/^VmHWM/ {{print $2}}' /proc/$pid/status; done
    sleep 0.05
done 2> /dev/null > {folder}/kilobytes
"""
PEAK_FOLDER = "/run/lab-peak"


@dataclass(frozen=True)
class Said:
    """What came of an attempt."""

    rc: int
    stdout: str
    stderr: str

    @property
    def reply(self) -> Any:
        """What `receive` answered."""
        return json.loads(self.stdout)

    @property
    def words(self) -> str:
        """All that was said."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Thief:
    """On the host of the CA, which is no issuer and no balancer."""

    fleet: Fleet
    victim: Balancer

    def steal(self, owner: Balancer) -> None:
        """Take the push key of an issuer."""
        key = owner.host.file(f"{HOME}/push/id_ed25519").content
        self.fleet.put(self.fleet.ca, key, KEY)
        self.fleet.ca.check_output(f"chmod 600 {KEY}")

    def command(self, program: str = "ssh", options: str = "") -> str:
        """OpenSSH with the key; hosts are not looked at closely by a thief."""
        return (
            f"timeout {PATIENCE_SECONDS:.0f} {program} -F none -i {KEY} -o IdentitiesOnly=yes"
            " -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
            f" {options}"
        )

    @property
    def where(self) -> str:
        """Who and where to be."""
        return f"hitless@{self.victim.address}"

    def attempt(self, line: str) -> Said:
        """Something on the thief's own host."""
        done = self.fleet.ca.run(f"({line}); rc=$?; exit $((rc == 255 ? {SSH_FAILED} : rc))")
        return Said(done.rc, done.stdout, done.stderr)

    def ssh(self, wanted: str = "", *, options: str = "-T") -> Said:
        """A session on the victim."""
        asked = shlex.quote(wanted) if wanted else ""
        return self.attempt(f"{self.command(options=options)} {self.where} {asked} < /dev/null")

    def send(self, content: str) -> Said:
        """Something to `receive`."""
        self.fleet.put(self.fleet.ca, content.encode(), f"{FOLDER}/request")
        line = f"{self.command()} -T {self.where} {shlex.quote(RECEIVE)} < {FOLDER}/request"
        return self.attempt(line)

    def deliver(self, *bundles: Mapping[str, Any]) -> Said:
        """Bundles, in a request as an issuer sends it."""
        return self.send(request(bundles))

    def pour(self, source: str) -> Said:
        """What a command puts out, to `receive`."""
        wanted = shlex.quote(RECEIVE)
        return self.attempt(f"{source} | {self.command()} -T {self.where} {wanted}")

    def drip(self) -> None:
        """A byte now and then to `receive`, from now on, in the background."""
        source = "while printf ' '; do sleep 1; done 2> /dev/null"
        session = f"({source}) | {self.command()} -T {self.where} {shlex.quote(RECEIVE)}"
        self.attempt(f"rm -f {FOLDER}/dripped")
        background(self.fleet.ca, "lab-drip", f"{session}; echo $? > {FOLDER}/dripped")

    def dripped(self) -> Said:
        """How that ended; it is waited for."""
        found = f"grep -q . {FOLDER}/dripped"
        wait_for(lambda: self.fleet.ca.run(found).rc == 0, 2 * PATIENCE_SECONDS)
        return Said(int(self.fleet.ca.check_output(f"cat {FOLDER}/dripped")), "", "")


def request(bundles: Iterable[Mapping[str, Any]]) -> str:
    """What an issuer would say."""
    return json.dumps(
        {
            "format": 1,
            "from": "edge-lb1",
            "account_thumbprint": None,
            "account_key": None,
            "certbot_key": None,
            "bundles": list(bundles),
        }
    )


def bundle(name: str, pem: str, **changes: Any) -> dict[str, Any]:
    """A bundle with all that it says of itself in order; and then the changes."""
    leaf = x509.load_pem_x509_certificate(LEAVES.findall(pem)[0].encode())
    return {
        "name": name,
        "key_type": "ecdsa",
        "fingerprint": leaf.fingerprint(hashes.SHA256()).hex().upper(),
        "not_before": leaf.not_valid_before_utc.isoformat(timespec="seconds"),
        "facts": None,
        "pem": pem,
        **changes,
    }


def background(host: Host, unit: str, script: str) -> None:
    """Run a script on a host, as a unit that takes the place of an earlier one."""
    host.run(f"systemctl stop {unit}; systemctl reset-failed {unit}")
    host.check_output(f"systemd-run -q --collect --unit {unit} sh -c {shlex.quote(script)}")


def listing(host: Host) -> dict[str, str]:
    """Every file of a host: path -> owner, mode, target or checksum."""
    pruned = " -o ".join(f"-path {path}" for path in VOLATILE)
    said = host.check_output(
        f"find / -xdev \\( {pruned} \\) -prune -o ! -type d -printf '%p\\t%U:%G %m %y %l\\n'"
        f" -o -type d -printf '%p\\t%U:%G %m d\\n' | sort;"
        f" find / -xdev \\( {pruned} \\) -prune -o -type f -print0 | xargs -0 sha256sum"
    )
    found = {}
    for line in said.splitlines():
        if "\t" in line:
            path, _unused, facts = line.partition("\t")
            found[path] = facts
        else:
            checksum, _unused, path = line.partition("  ")
            found[path] = f"{found.get(path, '')} {checksum}"
    return found


@contextmanager
def memory_watched(host: Host) -> Iterator[None]:
    """The memory of the user's processes is measured, to the end of the block."""
    host.check_output(f"rm -rf {PEAK_FOLDER} && mkdir {PEAK_FOLDER}")
    background(host, "lab-peak", PEAK.format(folder=PEAK_FOLDER))
    try:
        yield
    finally:
        host.check_output(f"touch {PEAK_FOLDER}/stop")


def peak_megabytes(host: Host) -> float:
    """The most that one process of the user had while it was measured."""
    said = host.check_output(f"cat {PEAK_FOLDER}/kilobytes").split()
    assert said, "no process of the user was seen"
    return max(map(int, said)) / 1024
