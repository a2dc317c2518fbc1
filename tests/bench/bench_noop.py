# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a run with nothing to do: 1000 certificates on an issuer, 1000 bundles on a balancer.

The issuer's certificates come from Pebble before the clock starts; the first run afterwards learns
what the CA wants renewed when (ARI), the runs that are measured ask nobody.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench_lab import BenchError, Playbooks, pebble, say
from bundles_noop import bundles_noop

CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "1000"))
RUNS = 5
RELEASES = ("12", "13")


def issuer(folder: Path) -> float:
    """Seconds of a run over a store in which everything is valid; the best of some."""
    parts = {name: folder / name for name in ("ca", "play", "home")}
    for part in parts.values():
        part.mkdir()
    with pebble(parts["ca"]) as ca:
        plays = Playbooks(parts["play"], {})
        authorities = [{"name": "pebble", "directory": ca.directory, "ca_bundle": str(ca.bundle)}]
        common = {"home": str(parts["home"]), "authorities": authorities}
        plays.run([{"hitless.edge.acme_account": {**common, "terms_agreed": True}}])
        names = [f"site{number}.bench.test" for number in range(CERTIFICATES)]
        options = {
            **common,
            "certificates": [{"name": name, "domains": [name]} for name in names],
            "progress_path": str(folder / "progress"),
        }
        issued, result = certificates(plays, options)
        demand(result, "issued")
        say(f"issuer: {CERTIFICATES} certificates issued in {issued:.1f} s")
        asked, result = certificates(plays, options)
        demand(result, "valid")
        say(f"issuer: {asked:.1f} s for a run that asks the CA about each renewal")
    # The CA is gone: what follows cannot have asked it.
    times = []
    for _ in range(RUNS):
        seconds, result = certificates(plays, options)
        demand(result, "valid")
        times.append(seconds)
    say(f"issuer: runs with nothing to do {' '.join(f'{seconds:.2f}' for seconds in times)}")
    return min(times)


def certificates(plays: Playbooks, options: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Seconds and result of one task."""
    return plays.run([{"hitless.edge.acme_certificates": options, "register": "outcome"}])


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
    say(f"bench-noop: {CERTIFICATES} certificates {own:.2f} s on the issuer; bundles {shown}")


if __name__ == "__main__":
    try:
        main()
    except (BenchError, RuntimeError) as error:
        sys.exit(f"bench-noop: {error}")
