# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that renews by itself, as tests make certificates due and look at what becomes of it."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet_view import ROOTS, Balancer, Fleet
from testinfra.host import Host

HOME = "/var/lib/hitless-edge"
PATIENCE_SECONDS = 300.0
"""What takes longer does not happen. How long it takes is not what is tested."""
RENEW, SYNC = "hitless-edge-renew", "hitless-edge-sync"
WINDOW_THAT_IS_OVER = json.dumps(
    {"suggestedWindow": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}}
)
# Arguments: address, name, what Pebble shall say of the certificate that is served there.
HAVE_IT_RENEWED = r"""
leaf=$(openssl s_client -connect $1:443 -servername $2 </dev/null 2>/dev/null | openssl x509) &&
curl -sSf --cacert /etc/lab/acme-ca.pem -o /dev/null https://localhost:15000/set-renewal-info/ \
    -d "$(python3 -c 'import json, sys
print(json.dumps({"Certificate": sys.argv[1], "ARIResponse": sys.argv[2]}))' "$leaf" "$3")"
"""
# A run under way ends first: it would write down again what it knows.
ASK_ANEW = f"""
while systemctl show -p ActiveState {RENEW}.service | grep -q activating; do sleep 0.1; done
rm -f {HOME}/renewal-info.json
"""
PROGRAM = Path(__file__).parent / "shown.py"
INSTALLED = "/usr/local/lib/lab/shown.py"
FOLDER = "/run/lab-shown"
UNIT = "lab-shown"

Shown = Mapping[str, str]
"""Name -> fingerprint."""


def wait_for(
    question: Callable[[], bool],
    seconds: float = PATIENCE_SECONDS,
    *,
    doubt: Callable[[], object] = lambda: "",
) -> float:
    """Wait until the answer is yes; how long it took. A test fails if that does not happen."""
    began = time.monotonic()
    while not question():
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds:.0f} s: {doubt()}"
        time.sleep(0.2)
    return time.monotonic() - began


@dataclass(frozen=True)
class Run:
    """A run of a unit: seconds since 1970, and what it said."""

    began: float
    ended: float
    words: tuple[str, ...]

    def says(self, *parts: str) -> bool:
        """Whether a line has all these parts."""
        return any(all(part in line for part in parts) for line in self.words)


@dataclass(frozen=True)
class Renewals:
    """The fleet's certificates and timers."""

    fleet: Fleet

    @property
    def names(self) -> tuple[str, ...]:
        """Of all certificates of the wish."""
        return tuple(site["domains"][0] for site in self.fleet.wish()["haproxy_sites"])

    @property
    def delay_seconds(self) -> float:
        """How long each rank waits for the one before it."""
        first = self.fleet.balancers[0].name
        return float(self.fleet.variables(first)["renewal_standby_delay"])

    # What a client is shown

    def look(self, *balancers: Balancer) -> dict[str, dict[str, str]]:
        """Address -> name -> fingerprint, or why there is none."""
        line = f"python3 {INSTALLED} --cacert {ROOTS}{targets(balancers, self.names)}"
        found = self.fleet.ca.run(line)
        if found.rc != 0:
            install(self.fleet)
            found = self.fleet.ca.run(line)
        said = json.loads(found.stdout)
        return {a: {name: seen[0][0] for name, seen in each.items()} for a, each in said.items()}

    def shown(self, balancer: Balancer) -> dict[str, str]:
        """What one balancer serves."""
        return self.look(balancer)[balancer.address]

    def everywhere(self, *balancers: Balancer) -> dict[str, str]:
        """What all (or these) balancers serve alike; empty for a name on which they differ."""
        each = self.look(*(balancers or self.fleet.balancers)).values()
        agreed = {name: {one[name] for one in each} for name in self.names}
        return {name: found.pop() if len(found) == 1 else "" for name, found in agreed.items()}

    def is_new(self, old: Shown, *balancers: Balancer, names: Sequence[str] = ()) -> bool:
        """Whether all (or these) balancers serve the same new certificate for each name."""
        now = self.everywhere(*balancers)
        return all(now[name] not in ("", old[name]) for name in names or self.names)

    # Making certificates due

    def make_due(self, *names: str, balancers: Sequence[Balancer] = ()) -> None:
        """Have the CA want these (or all) certificates renewed, as before a mass revocation.

        A CA is asked every six hours; so that no test takes as long, all (or these) balancers
        forget when they asked last.
        """
        hosts = balancers or self.fleet.balancers
        for name in names or self.names:
            line = f"due {hosts[0].address} {name} {shlex.quote(WINDOW_THAT_IS_OVER)}"
            self.fleet.ca.check_output(f"sh -c {shlex.quote(HAVE_IT_RENEWED)} {line}")
        for each in hosts:
            each.host.check_output(ASK_ANEW)

    def tell_what_is_due(self, source: Host, target: Host) -> None:
        """What a host has heard of the CA, another one has heard as well."""
        path = f"{HOME}/renewal-info.json"
        self.fleet.put(target, source.file(path).content, path)
        target.check_output(f"chown hitless:hitless {path} && chmod 600 {path}")

    # Runs of the units

    def is_running(self, host: Host, unit: str = RENEW) -> bool:
        """Whether a run is under way."""
        state = host.check_output(f"systemctl show -p ActiveState --value {unit}.service")
        return state not in ("inactive", "failed")

    def runs(self, host: Host, unit: str = RENEW) -> list[Run]:
        """All runs that have ended, as the journal has them."""
        said = host.check_output(f"journalctl -q --no-pager -o short-unix -u {unit}.service")
        found: list[Run] = []
        words: list[str] = []
        began = 0.0
        for line in said.splitlines():
            moment, _unused, rest = line.partition(" ")
            text = rest.partition(": ")[2]
            if text.startswith("Starting "):
                began, words = float(moment), []
            elif text.startswith(("Finished ", "Failed to start ")):
                found.append(Run(began, float(moment), tuple(words)))
            else:
                words.append(text)
        return found

    def run(self, host: Host, unit: str = RENEW) -> str:
        """One run as the timer starts it, to its end; systemd's word of the result."""
        host.run(f"systemctl reset-failed {unit}.service; systemctl start {unit}.service")
        return str(host.check_output(f"systemctl show -p Result --value {unit}.service"))

    @contextmanager
    def timers_stopped(self) -> Iterator[None]:
        """Renewals and synchronizations only where a test starts them."""
        for balancer in self.fleet.balancers:
            balancer.host.check_output(f"systemctl stop {RENEW}.timer {SYNC}.timer")
            for unit in (RENEW, SYNC):
                wait_for(lambda b=balancer, u=unit: not self.is_running(b.host, u))
        try:
            yield
        finally:
            for balancer in self.fleet.balancers:
                balancer.host.check_output(f"systemctl start {RENEW}.timer {SYNC}.timer")

    # What the CA saw

    def issued(self) -> int:
        """How many certificates the CA has issued since it started."""
        log = self.fleet.ca.check_output("journalctl --no-pager -o cat -u pebble")
        return len(re.findall(r"Issued certificate serial", log))

    # What the hosts say of themselves

    def status(self, host: Host) -> Any:
        """`hitless-edge status`, as programs read it."""
        return json.loads(host.run("hitless-edge status --json").stdout)

    def log(self, host: Host, unit: str = RENEW) -> str:
        """The end of a unit's journal, for a test that failed."""
        return str(host.run(f"journalctl -q --no-pager -o short-iso -n 40 -u {unit}").stdout)


def targets(balancers: Sequence[Balancer], names: Sequence[str]) -> str:
    """Whom to look at, as arguments of `shown.py`."""
    addresses = [f" --address {balancer.address}" for balancer in balancers]
    return "".join([*addresses, *(f" --site {name}" for name in names)])


def install(fleet: Fleet) -> None:
    """Put the one who looks where clients are."""
    fleet.put(fleet.ca, PROGRAM.read_bytes(), INSTALLED)


@dataclass
class History:
    """All that clients were shown; complete when watching has ended."""

    addresses: Mapping[str, Mapping[str, Sequence[tuple[str, int]]]] = field(default_factory=dict)

    @property
    def handshakes(self) -> int:
        """How many there were."""
        return sum(
            count for names in self.addresses.values() for seen in names.values()
            for _unused, count in seen
        )  # fmt: skip

    @property
    def failures(self) -> list[str]:
        """Where a client was shown nothing that it trusts."""
        return [
            f"{address} {name}: {what}"
            for address, names in self.addresses.items()
            for name, seen in names.items()
            for what, _unused in seen
            if what.startswith("failed:")
        ]

    @property
    def returns(self) -> list[str]:
        """Where an older certificate came back after a newer one."""
        return [
            f"{address} {name}: {what}"
            for address, names in self.addresses.items()
            for name, seen in names.items()
            for what in {one for one, _unused in seen}
            if [one for one, _unused in seen].count(what) > 1
        ]

    def of(self, balancer: Balancer, name: str) -> list[str]:
        """The certificates of a name that a balancer has shown, in order."""
        return [what for what, _unused in self.addresses[balancer.address][name]]


@contextmanager
def watching(fleet: Fleet, *names: str) -> Iterator[History]:
    """Handshakes all the time with each balancer, from here to the end of the block."""
    install(fleet)
    fleet.ca.run(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}")
    fleet.ca.check_output(
        f"rm -rf {FOLDER} && mkdir {FOLDER} && systemd-run -q --unit {UNIT}"
        f" -p StandardOutput=file:{FOLDER}/result.json"
        f" python3 {INSTALLED} --cacert {ROOTS} --stop-file {FOLDER}/stop"
        f"{targets(fleet.balancers, names)}"
    )
    history = History()
    try:
        yield history
        assert fleet.ca.run(f"systemctl is-active {UNIT}").stdout.strip() == "active"
    finally:
        fleet.ca.check_output(f"touch {FOLDER}/stop")
    wait_for(lambda: fleet.ca.run(f"grep -q . {FOLDER}/result.json").rc == 0, 30)
    found = json.loads(fleet.ca.check_output(f"cat {FOLDER}/result.json"))
    history.addresses = {
        address: {name: [tuple(one) for one in seen] for name, seen in each.items()}
        for address, each in found.items()
    }
