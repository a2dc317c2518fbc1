# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches stand on: Pebble in a container on loopback, and playbooks with a stopwatch."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import trustme

ROOT = Path(__file__).resolve().parents[2]
LAB_ENV = ROOT / "tests/lab/lab-env"
BUILD = ROOT / "build/bench"
KNOBS = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_VA_ALWAYS_VALID": "1", "PEBBLE_WFE_NONCEREJECT": "0"}


class BenchError(Exception):
    """A bench cannot say anything; the text says why."""


@dataclass(frozen=True)
class Pebble:
    """A running CA. ``bundle``: the certificate file that its endpoint is trusted by."""

    directory: str
    bundle: Path


def call(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command; its standard output. Raises: `BenchError` with its words."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def lab(*command: str) -> str:
    """Run a command in the lab's environment; ``$LAB_ENGINE`` in it is the container engine."""
    script = 'for a in "$@"; do set -- "$@" "${a/#@ENGINE/$LAB_ENGINE}"; shift; done; exec "$@"'
    return call(str(LAB_ENV), "bash", "-c", script, "bash", *command)


def ca_image() -> str:
    """The lab's image with Pebble, built if it is missing."""
    lines = lab(str(ROOT / "tests/lab/build-images")).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["ca-13"]


@contextlib.contextmanager
def pebble(folder: Path) -> Iterator[Pebble]:
    """Pebble without sleeps that finds every answer valid, in a container, until the end."""
    private = trustme.CA()
    served = private.issue_cert("127.0.0.1")
    served.private_key_pem.write_to_path(str(folder / "key.pem"))
    served.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    private.cert_pem.write_to_path(str(folder / "ca.pem"))
    ports = free_ports(2)
    settings = {
        "listenAddress": f"127.0.0.1:{ports[0]}",
        "managementListenAddress": f"127.0.0.1:{ports[1]}",
        "certificate": "/bench/cert.pem",
        "privateKey": "/bench/key.pem",
        "httpPort": 80,
        "tlsPort": 443,
        "certificateValidityPeriod": 7776000,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}), encoding="utf-8")
    name = f"hitless-bench-{os.getpid()}"
    knobs = [part for knob, value in KNOBS.items() for part in ("-e", f"{knob}={value}")]
    mount = ["-v", f"{folder}:/bench:ro", "--security-opt", "label=disable"]
    start = ["pebble", "-config", "/bench/pebble.json"]
    run = ["@ENGINE", "run", "-d", "--name", name, "--network", "host", *mount, *knobs]
    lab(*run, ca_image(), *start)
    try:
        found = Pebble(f"https://127.0.0.1:{ports[0]}/dir", folder / "ca.pem")
        await_answer(found)
        yield found
    finally:
        lab("@ENGINE", "rm", "-f", name)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _unused in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def await_answer(ca: Pebble, seconds: float = 60) -> None:
    """Wait until the CA gives its directory."""
    end = time.monotonic() + seconds
    while True:
        try:
            requests.get(ca.directory, verify=str(ca.bundle), timeout=5).raise_for_status()
        except requests.RequestException as error:
            if time.monotonic() > end:
                raise BenchError(f"Pebble does not answer: {error}") from error
            time.sleep(0.1)
        else:
            return


def say(line: str) -> None:
    """Print a line of the result at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Playbooks:
    """Plays on this host, each timed as a user would: from the command to its end."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            **environment,
        }
        self.overhead = 0.0
        self.overhead = min(self.run([])[0] for _unused in range(3))

    def run(self, tasks: list[dict[str, Any]]) -> tuple[float, dict[str, Any]]:
        """Seconds beyond those of a play without tasks; the result of the last task."""
        last = self._folder / "last.json"
        keep = "{{ outcome | default({}) | to_json }}"
        tell = {"copy": {"content": keep, "dest": str(last)}, "diff": False}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        path = self._folder / "play.json"
        path.write_text(json.dumps([{**play, "tasks": [*tasks, tell]}]), encoding="utf-8")
        begin = time.monotonic()
        call("ansible-playbook", "-i", "localhost,", str(path), environment=self._environment)
        seconds = time.monotonic() - begin - self.overhead
        result: dict[str, Any] = json.loads(last.read_text(encoding="utf-8"))
        return seconds, result
