# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long `certificate_bundles` takes on a balancer that has nothing to do.

A real HAProxy in a container of the lab loads the bundles; the module runs there as Ansible runs
it, interpreter start and imports included, the connection not.
Alone: ``python tests/bench/bundles_noop.py``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "tests/lab"
MODULE = "ansible_collections.hitless.edge.plugins.modules.certificate_bundles"
INSTALL = """
mkdir -p /etc/haproxy/ssl && : > /etc/haproxy/ssl/.crt-list.txt
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-download --no-install-recommends \
    haproxy python3-cryptography
mkdir -p /run/haproxy && cat > /etc/haproxy/haproxy.cfg
haproxy -D -W -S /run/haproxy-master.sock -f /etc/haproxy/haproxy.cfg
"""
CONFIG = """\
global
    stats socket /run/haproxy/admin.sock user root group haproxy mode 660 level admin
    user haproxy
    group haproxy
    maxconn 500
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend https
    bind :443 ssl crt-list /etc/haproxy/ssl/.crt-list.txt strict-sni
    http-request return status 200
"""


TIMED = """
import resource, subprocess, sys, time
begun = time.monotonic()
command = [sys.executable, "-m", sys.argv[1], "/root/arguments.json"]
done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
seconds = time.monotonic() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime)
print(done.stdout.decode())
"""


@dataclass(frozen=True)
class Times:
    """Of one run: by the clock, and of the processor (which a busy machine does not stretch)."""

    seconds: float
    processor_seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.processor_seconds:.2f} s of CPU)"


@dataclass(frozen=True)
class Measured:
    """Runs that had nothing to do; ``first``: the run that added all bundles."""

    haproxy: str
    bundles: int
    first: Times
    runs: tuple[Times, ...]

    @property
    def best(self) -> Times:
        """The run that others disturbed least."""
        return min(self.runs, key=lambda times: times.seconds)

    def __str__(self) -> str:
        runs = " ".join(f"{times.seconds:.2f}" for times in self.runs)
        return (
            f"certificate_bundles, {self.bundles} bundles, {self.haproxy}: "
            f"nothing to do {self.best}, all runs {runs}; adding all {self.first}"
        )


@dataclass(frozen=True)
class Balancer:
    """A container with a running HAProxy."""

    name: str

    def run(self, *command: str, stdin: str = "") -> str:
        """Run a command in it.

        Raises: `RuntimeError` with its words if it fails.
        """
        return engine("exec", "-i", self.name, *command, stdin=stdin)

    def play(self, bundles: Sequence[dict[str, Any]], expected: str) -> Times:
        """Times of one run of the module, which must do just this to every bundle.

        Raises: `RuntimeError` if it did not.
        """
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"bundles": list(bundles)}})
        self.run("sh", "-c", "umask 077; cat > /root/arguments.json", stdin=arguments)
        path = "PYTHONPATH=/project/build:/library"
        output = self.run("env", path, "python3", "-c", TIMED, MODULE)
        times, _unused, told = output.partition("\n")
        result = json.loads(told)
        actions = Counter(bundle["action"] for bundle in result["bundles"])
        if actions != {expected: len(bundles)} or not result["hot"]:
            raise RuntimeError(f"the run did {actions}, hot: {result['hot']}")
        return Times(*map(float, times.split()))


def engine(*arguments: str, stdin: str = "") -> str:
    """One command of the lab's container engine, and what it printed."""
    done = subprocess.run(
        [LAB / "lab-env", "sh", "-c", 'exec "$LAB_ENGINE" "$@"', "engine", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:3])}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def balancer(release: str) -> Iterator[Balancer]:
    """A container of this checkout's own, removed at the end."""
    images = subprocess.run(
        [LAB / "lab-env", LAB / "build-images"], stdout=subprocess.PIPE, text=True, check=True
    )
    image = dict(line.split("=", 1) for line in images.stdout.split())[f"node-{release}"]
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    host = Balancer(f"bench-noop-{release}-{checkout}-{os.getpid()}")
    library = Path(ansible.__file__).parent
    engine(
        *("run", "-d", "--rm", "--name", host.name, "--security-opt", "label=disable"),
        *("-v", f"{ROOT}:/project:ro", "-v", f"{library}:/library/ansible:ro"),
        *("--entrypoint", "sleep", image, "3600"),
    )
    try:
        host.run("sh", "-ec", INSTALL, stdin=CONFIG)
        yield host
    finally:
        engine("rm", "-f", "-t", "0", host.name)


def mint(count: int) -> list[dict[str, Any]]:
    """Wished bundles with their PEM: ECDSA, two names, one intermediate."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA).create_child_ca(
        key_type=trustme.KeyType.ECDSA
    )
    return [_bundle(authority, f"site{number}.test") for number in range(count)]


def _bundle(authority: trustme.CA, name: str) -> dict[str, Any]:
    issued = authority.issue_cert(name, f"www.{name}", key_type=trustme.KeyType.ECDSA)
    leaf = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    return {
        "name": name,
        "key_type": "ecdsa",
        "domains": [name, f"www.{name}"],
        "fingerprint": hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER))
        .hexdigest()
        .upper(),
        "pem": issued.private_key_and_cert_chain_pem.bytes().decode(),
    }


def bundles_noop(count: int = 1000, *, release: str = "12", runs: int = 5) -> Measured:
    """Add bundles to an empty HAProxy; then have nothing to do, several times.

    ``release``: of Debian; 12 has HAProxy 2.6 and the slower cryptography.
    Raises: `RuntimeError` if a run did anything else.
    """
    bundles = mint(count)
    wished = [{**bundle, "pem": None} for bundle in bundles]
    with balancer(release) as host:
        version = host.run("haproxy", "-v").split("\n")[0].split(" 20")[0]
        first = host.play(bundles, "added")
        times = tuple(host.play(wished, "unchanged") for _unused in range(runs))
    return Measured(version, count, first, times)


if __name__ == "__main__":
    begun = time.monotonic()
    for debian in ("12", "13"):
        sys.stdout.write(f"{bundles_noop(release=debian)}\n")
    sys.stdout.write(f"measured in {time.monotonic() - begun:.0f} s\n")
