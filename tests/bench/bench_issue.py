# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure: certificates from Pebble by one call of acme_certificates, beside other clients.

The same CA, the same kind of key, one name each; the time of each client is that of its whole run,
with every process that it starts. community.crypto and certbot get a few certificates, one after
the other as they work, and are counted per certificate.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_lab import BUILD, BenchError, Pebble, Playbooks, call, pebble, say

CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "100"))
FEW = int(os.environ.get("BENCH_FEW", "3"))
RUNS = 3
CERTBOT = "certbot==5.8.0"


def ours(ca: Pebble, plays: Playbooks, home: Path) -> float:
    """Seconds per certificate of hitless.edge; of some runs the one that others disturbed least."""
    authorities = [{"name": "pebble", "directory": ca.directory, "ca_bundle": str(ca.bundle)}]
    common = {"home": str(home), "authorities": authorities}
    plays.run([{"hitless.edge.acme_account": {**common, "terms_agreed": True}}])
    times = [issue(plays, common, f"ours{run}-") for run in range(RUNS)]
    say(f"runs with {CERTIFICATES} certificates: {' '.join(f'{one:.2f}' for one in times)} s")
    return min(times) / CERTIFICATES


def issue(plays: Playbooks, common: dict[str, Any], prefix: str) -> float:
    """Seconds of one call that issues all."""
    wishes = [{"name": name, "domains": [name]} for name in names(prefix, CERTIFICATES)]
    # With a progress file the module runs plainly, not as a job that is looked at now and then.
    options = {**common, "certificates": wishes, "progress_path": f"{common['home']}/progress"}
    task = {"hitless.edge.acme_certificates": options, "register": "outcome"}
    seconds, result = plays.run([task])
    issued = [item for item in result["certificates"] if item["action"] == "issued"]
    if len(issued) != CERTIFICATES:
        raise BenchError(f"only {len(issued)} of {CERTIFICATES} certificates were issued")
    return seconds


def names(prefix: str, count: int) -> list[str]:
    """Domains that nobody asked for before."""
    return [f"{prefix}{number}.bench.test" for number in range(count)]


def crypto(ca: Pebble, plays: Playbooks, folder: Path) -> float:
    """Seconds per certificate of community.crypto: key, request, order, answer."""
    account = str(folder / "account.pem")
    acme = {"acme_directory": ca.directory, "acme_version": 2, "account_key_src": account}
    curve = {"type": "ECC", "curve": "secp256r1"}
    register = {**acme, "state": "present", "terms_agreed": True}
    plays.run(
        [
            {"community.crypto.openssl_privatekey": {"path": account, **curve}},
            {"community.crypto.acme_account": register},
        ]
    )
    files = {kind: f"{folder}/{{{{ item }}}}.{kind}" for kind in ("key", "csr", "crt")}
    order = {
        **acme,
        "challenge": "http-01",
        "csr": files["csr"],
        "dest": files["crt"],
        "modify_account": False,
    }
    request = {
        "path": files["csr"],
        "privatekey_path": files["key"],
        "subject_alt_name": "DNS:{{ item }}",
    }
    wished = names("crypto", FEW)
    answer: dict[str, Any] = {**order, "data": "{{ challenges.results[index] }}"}
    tasks: list[dict[str, Any]] = [
        {"community.crypto.openssl_privatekey": {"path": files["key"], **curve}, "loop": wished},
        {"community.crypto.openssl_csr": request, "loop": wished},
        {
            "community.crypto.acme_certificate": order,
            "loop": wished,
            "register": "challenges",
        },
        {
            "community.crypto.acme_certificate": answer,
            "loop": wished,
            "loop_control": {"index_var": "index"},
        },
    ]
    seconds, _unused = plays.run(tasks)
    require(folder / f"{name}.crt" for name in wished)
    return seconds / FEW


def certbot(ca: Pebble, folder: Path) -> float:
    """Seconds per certificate of certbot, in an environment of its own."""
    environment = BUILD / "certbot"
    if not (environment / "bin/certbot").exists():
        call(sys.executable, "-m", "venv", str(environment))
        call(str(environment / "bin/pip"), "install", "-q", "--disable-pip-version-check", CERTBOT)
    web = folder / "web"
    web.mkdir()
    options = ["--non-interactive", "--agree-tos", "--register-unsafely-without-email"]
    options += ["--server", ca.directory, "--key-type", "ecdsa", "--webroot", "-w", str(web)]
    for kind in ("config", "work", "logs"):
        options += [f"--{kind}-dir", str(folder / kind)]
    trust = {"REQUESTS_CA_BUNDLE": str(ca.bundle)}
    program = str(environment / "bin/certbot")
    call(program, "register", *options[:5], *options[-6:], environment=trust)
    wished = names("certbot", FEW)
    begin = time.monotonic()
    for name in wished:
        call(program, "certonly", *options, "-d", name, environment=trust)
    seconds = time.monotonic() - begin
    require(folder / f"config/live/{name}/fullchain.pem" for name in wished)
    return seconds / FEW


def require(paths: Any) -> None:
    """Demand that the certificates are there."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise BenchError(f"no certificate at {', '.join(missing)}")


def main() -> None:
    """Measure all three, print the ratios last."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hitless-bench-") as scratch:
        folder = Path(scratch)
        parts = {name: folder / name for name in ("ca", "play", "home", "crypto", "certbot")}
        for part in parts.values():
            part.mkdir()
        with pebble(parts["ca"]) as ca:
            plays = Playbooks(parts["play"], {"SSL_CERT_FILE": str(ca.bundle)})
            say(f"a play without tasks takes {plays.overhead:.2f} s, which is not counted")
            own = ours(ca, plays, parts["home"])
            say(f"hitless.edge     {own:8.3f} s per certificate, {CERTIFICATES} in one call")
            theirs = crypto(ca, plays, parts["crypto"])
            say(f"community.crypto {theirs:8.3f} s per certificate, {FEW} in loops")
            other = certbot(ca, parts["certbot"])
            say(f"certbot          {other:8.3f} s per certificate, {FEW} runs")
    ratios = f"certbot {other / own:.0f}x, community.crypto {theirs / own:.0f}x"
    say(f"bench-issue: {own:.3f} s per certificate; {ratios}")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"bench-issue: {error}")
