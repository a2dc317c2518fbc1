# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a run with nothing to do: 1000 certificates on an issuer, 1000 bundles on a balancer.

The issuer's certificates come from Pebble before the clock starts; the first run afterwards learns
what the CA wants renewed when (ARI), the runs that are measured ask nobody. As on the balancer the
module runs as Ansible runs it, interpreter start and imports included, the connection not; what a
whole task in a play takes is told as well.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_lab import ROOT, BenchError, Playbooks, call, pebble, say
from bundles_noop import Times, bundles_noop

CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "1000"))
MODULE = "ansible_collections.hitless.edge.plugins.modules.acme_certificates"
RUNS = 5
RELEASES = ("12", "13")


def issuer(folder: Path) -> Times:
    """Seconds of a run over a store in which everything is valid; the best of some."""
    parts = {name: folder / name for name in ("ca", "play", "home")}
    for part in parts.values():
        part.mkdir()
    plays = Playbooks(parts["play"], {})
    with pebble(parts["ca"]) as ca:
        authorities = [{"name": "pebble", "directory": ca.directory, "ca_bundle": str(ca.bundle)}]
        common = {"home": str(parts["home"]), "authorities": authorities}
        plays.run([{"hitless.edge.acme_account": {**common, "terms_agreed": True}}])
        names = [f"site{number}.bench.test" for number in range(CERTIFICATES)]
        wishes = [{"name": name, "domains": [name]} for name in names]
        options = {**common, "certificates": wishes, "progress_path": str(folder / "progress")}
        arguments = folder / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
        say(f"issuer: {run_module(arguments, 'issued')} to issue {CERTIFICATES} certificates")
        say(f"issuer: {run_module(arguments, 'valid')} to ask the CA about each renewal")
    # The CA is gone: what follows cannot have asked it.
    times = [run_module(arguments, "valid") for _unused in range(RUNS)]
    say(f"issuer: runs with nothing to do {', '.join(map(str, times))}")
    task = min(
        plays.run([{"hitless.edge.acme_certificates": options}])[0] for _unused in range(RUNS)
    )
    say(f"issuer: the same as a task of a play {task:.2f} s")
    return min(times, key=lambda one: one.seconds)


def run_module(arguments: Path, action: str) -> Times:
    """Times of a run of the module, which must do this with every certificate."""
    begin, used = time.monotonic(), used_by_children()
    told = call(
        *(sys.executable, "-m", MODULE, str(arguments)),
        environment={"PYTHONPATH": str(ROOT / "build")},
    )
    times = Times(time.monotonic() - begin, used_by_children() - used)
    demand(json.loads(told), action)
    return times


def used_by_children() -> float:
    """Seconds of the processor that ended processes took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def demand(result: dict[str, Any], action: str) -> None:
    """Demand that this was done with every certificate. Raises: `BenchError`."""
    done = [item["action"] for item in result["certificates"]].count(action)
    if done != CERTIFICATES:
        raise BenchError(f"only {done} of {CERTIFICATES} certificates are {action}")


def main() -> None:
    """Measure both, print the figures last."""
    with tempfile.TemporaryDirectory(prefix="hitless-bench-") as scratch:
        own = issuer(Path(scratch))
    balancers = [bundles_noop(CERTIFICATES, release=release) for release in RELEASES]
    for measured in balancers:
        say(str(measured))
    shown = ", ".join(
        f"{measured.best.seconds:.2f} s on Debian {release}"
        for release, measured in zip(RELEASES, balancers)
    )
    issued = f"{CERTIFICATES} certificates {own.seconds:.2f} s on the issuer"
    say(f"bench-noop: {issued}; bundles {shown}")


if __name__ == "__main__":
    try:
        main()
    except (BenchError, RuntimeError) as error:
        sys.exit(f"bench-noop: {error}")
