# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stolen push key delivers valid certificates that are wished for there, and nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from brief_ca import brief_ca
from fleet_view import Balancer, Fleet
from renewals import HOME, Renewals, Shown, wait_for
from scenario import FLEET
from thief import (
    FOLDER,
    GAVE_UP,
    LEAVES,
    RECEIVE,
    SSH_FAILED,
    Said,
    Thief,
    background,
    bundle,
    listing,
    memory_watched,
    peak_megabytes,
    request,
)

LAB = Path(__file__).parents[3] / "tests" / "lab"
RESPONDER, BUYER = "/usr/local/lib/lab/responder.py", "/usr/local/lib/lab/acme_order.py"
NAME, OWN = "kept.test", "thief.test"
DOMAINS = [NAME, f"www.{NAME}"]
MOST_MEGABYTES = 256
REFUSED = 2
"""Exit status of the command for a login that is not our sender's."""
MARK = f"{HOME}/thief-was-here"
"""In the one folder that is open to the user, but for the bundles."""

SUBSYSTEM = "the subsystem sftp"
# A session, by what is asked for; nothing of it may happen.
SESSIONS: dict[str, tuple[str, str]] = {
    "a shell": ("", "-T"),
    "a command": (f"touch {MARK}; id", "-T"),
    "a command behind the right one": (f"{RECEIVE}; touch {MARK}; id", "-T"),
    "a command in the right one": (f"{RECEIVE} $(touch {MARK})", "-T"),
    "a file": ("cat /etc/hitless-edge/settings.json /etc/haproxy/ssl/kept.test.ecdsa.pem", "-T"),
    "another verb": ("hitless-edge renew --force", "-T"),
    "what it says of itself": ("hitless-edge status --json", "-T"),
    SUBSYSTEM: ("sftp", "-T -s"),
}
LISTENING = "127.0.0.1:9001"
PROBE = """
import socket
with socket.create_connection(("127.0.0.1", 9001), 3) as way:
    way.sendall(b"show info\\n")
    print(way.recv(9))
"""
THROUGH = f"python3 -c {shlex.quote(PROBE)}"
SOCKS = f"curl -sS -m 3 --socks5 {LISTENING} telnet://127.0.0.1:22 < /dev/null"
# Ways through the host to elsewhere: what sshd is asked for, and somebody who goes that way.
FORWARDS = {
    "-L": (f"-N -L {LISTENING}:127.0.0.1:22", THROUGH),
    "-L to a socket": (f"-N -L {LISTENING}:/run/haproxy/admin.sock", THROUGH),
    "-D": (f"-N -D {LISTENING}", SOCKS),
}
TERMINAL = "a terminal"
REVERSE = {
    "-R": "-N -o ExitOnForwardFailure=yes -R 127.0.0.1:9002:127.0.0.1:22",
    "-R of a socket": f"-N -o ExitOnForwardFailure=yes -R {MARK}:127.0.0.1:22",
}
COPIES = {
    "sftp": "echo ls / | {sftp} -b - {where}",
    "scp from there": "{scp} {where}:/etc/passwd /root/stolen/passwd",
    "scp to there": "{scp} /etc/hostname {where}:" + MARK,
    "scp from there, the old protocol": "{scp} -O {where}:/etc/passwd /root/stolen/passwd",
}
NAMES_OF_PATHS = (
    "../../../var/lib/hitless-edge/thief-was-here",
    "..",
    "kept.test/../x",
    "/etc/x",
    "kept.test\0x",
)
OLDER = "an older one"
DELIVERIES = (
    "a certificate for another name",
    "that of another name as the wished one",
    "a key that does not match",
    "a self-signed one",
    "an expired one",
    OLDER,
    "one without its chain",
    "a key type that is not wished",
    *(f"the name {name!r}" for name in NAMES_OF_PATHS),
)
FLOODS = {
    "1 GiB of zeros": "head -c 1G /dev/zero",
    "1 GiB of brackets": "head -c 1G /dev/zero | tr '\\0' '['",
}
DRIP = "a byte per second, for ever"
VICTIMS = pytest.mark.parametrize("victim", [FLEET.balancers[0].name, FLEET.balancers[-1].name])
NOT_REQUESTS = {
    "nothing": "",
    "no JSON": "ls -l /\n",
    "no object": "[]",
    "an empty object": "{}",
    "brackets without end": "[" * 100_000,
    "two requests": request([]) * 2,
    "a number of the beyond": '{"format": 1e999999999}',
}


@dataclass(frozen=True)
class Goods:
    """What there is to deliver, in PEM: key, leaf, chain."""

    foreign: str
    older: str
    expired: str
    newer: str
    self_signed: str

    def deliveries(self) -> dict[str, dict[str, Any]]:
        """Bundles that are not to be taken."""
        key, certificate = (each.index("-----BEGIN CERT") for each in (self.foreign, self.newer))
        other_key = self.foreign[:key] + self.newer[certificate:]
        leaf_only = self.newer[: self.newer.index("-----END CERT") + 26]
        made = (
            bundle(OWN, self.foreign),
            bundle(NAME, self.foreign),
            bundle(NAME, other_key),
            bundle(NAME, self.self_signed),
            bundle(NAME, self.expired),
            bundle(NAME, self.older),
            bundle(NAME, leaf_only),
            bundle(NAME, self.newer, key_type="rsa"),
            *(bundle(name, self.newer) for name in NAMES_OF_PATHS),
        )
        return dict(zip(DELIVERIES, made))


@dataclass
class Raid:
    """All attempts on one host, and what that host was like before and after."""

    victim: Balancer
    said: dict[str, Said] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    shown_before: Shown = field(default_factory=dict)
    shown_after: Shown = field(default_factory=dict)
    megabytes: float = 0.0
    journal: str = ""
    good: str = ""
    accepted: Said | None = None
    shown_last: Shown = field(default_factory=dict)


def facts(fleet: Fleet) -> dict[str, Any]:
    """What an issuer would say of a certificate that it has just obtained."""
    authority = fleet.wish()["issuer_authorities"][0]
    return {
        "authority": authority["name"],
        "directory": authority["directory"],
        "profile": None,
        "preferred_chain": None,
        "issued_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def self_signed(fleet: Fleet) -> str:
    """Made by the thief, for the right names."""
    names = ",".join(f"DNS:{domain}" for domain in DOMAINS)
    return str(
        fleet.ca.check_output(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90"
            f" -subj /CN={NAME} -addext subjectAltName={names} -keyout - 2>/dev/null"
        )
    )


def client(fleet: Fleet, key: str, *arguments: str) -> str:
    """A plain ACME client, with the account of a key."""
    words = shlex.join(["/opt/hitless-edge/bin/python", BUYER, "--key", key, *arguments])
    return str(fleet.issuer.check_output(words))


def buy_own(fleet: Fleet, directory: str) -> str:
    """A certificate for a name of his own, with an account of his own."""
    key = "/run/lab-thief.pem"
    thumbprint = client(fleet, key, "--thumbprint").strip()
    background(fleet.ca, "lab-responder", f"exec python3 {RESPONDER} {thumbprint}")
    fleet.resolve("point", OWN, fleet.variables("edge-ca")["edge_address"])
    try:
        return client(fleet, key, "--directory", directory, OWN)
    finally:
        fleet.ca.run("systemctl stop lab-responder")
        fleet.resolve("restore", OWN)
        fleet.issuer.check_output(f"rm {key}")


def has_expired(fleet: Fleet, pem: str) -> bool:
    """Whether a certificate is of yesterday."""
    leaf = shlex.quote(LEAVES.findall(pem)[0])
    return bool(fleet.ca.run(f"printf %s {leaf} | openssl x509 -noout -checkend 0").rc != 0)


def buy_all(fleet: Fleet, renewals: Renewals, brief: str) -> Goods:
    """Real certificates, of before and after the fleet's last renewal; `brief`: another CA."""
    fleet.put(fleet.ca, (LAB / "responder.py").read_bytes(), RESPONDER)
    fleet.put(fleet.issuer, (LAB / "acme_order.py").read_bytes(), BUYER)
    directory, account = (
        fleet.wish()["issuer_authorities"][0]["directory"],
        f"{HOME}/account/key.pem",
    )
    foreign = buy_own(fleet, directory)
    older = client(fleet, account, "--directory", directory, *DOMAINS)
    old = renewals.everywhere()
    renewals.make_due(NAME)
    renewals.run(fleet.issuer)
    assert renewals.is_new(old, names=[NAME]), renewals.log(fleet.issuer)
    expired = client(fleet, account, "--directory", brief, *DOMAINS)
    newer = client(fleet, account, "--directory", directory, *DOMAINS)
    wait_for(lambda: has_expired(fleet, expired))
    return Goods(foreign, older, expired, newer, self_signed(fleet))


def go_through(thief: Thief, options: str, through: str) -> Said:
    """Open a way through the victim, and try to go it."""
    listens = f"ss -Hltn sport = :{LISTENING.rpartition(':')[2]} | grep -q ."
    return thief.attempt(
        f"{thief.command(options=options)} {thief.where} & way=$!;"
        f" for attempt in $(seq 100); do if {listens}; then break; fi; sleep 0.1; done;"
        f" {listens} || echo NO WAY; {through}; kill $way"
    )


def inherited(thief: Thief) -> dict[str, str]:
    """The environment of `receive`, in a session that asked for everything there is."""
    options = "-A -X -o SetEnv=LD_PRELOAD=/etc/x.so"
    session = f"{thief.command(options=options)} -T {thief.where} {shlex.quote(RECEIVE)}"
    inner = f"eval $(ssh-agent) && export DISPLAY=:9 && sleep infinity | {session}"
    background(thief.fleet.ca, "lab-session", inner)
    environment = f"cat /proc/$(pgrep -n -u hitless -f {shlex.quote(RECEIVE)})/environ"
    try:
        wait_for(lambda: "SSH_CONNECTION" in thief.victim.host.run(environment).stdout, 20)
        said = thief.victim.host.check_output(environment)
    finally:
        thief.attempt("systemctl stop lab-session")
    return dict(line.split("=", 1) for line in said.split("\0") if "=" in line)


def attempts(thief: Thief, goods: Goods) -> dict[str, Said]:
    """All that is tried, but for the streams."""
    programs = {program: thief.command(program) for program in ("sftp", "scp")}
    said = {name: thief.ssh(asked, options=how) for name, (asked, how) in SESSIONS.items()}
    said[TERMINAL] = thief.ssh(options="-tt")
    for name, (options, through) in FORWARDS.items():
        said[name] = go_through(thief, options, through)
    for name, options in REVERSE.items():
        said[name] = thief.attempt(f"{thief.command(options=options)} {thief.where}")
    for name, line in COPIES.items():
        said[name] = thief.attempt(line.format(**programs, where=thief.where))
    for name, delivered in goods.deliveries().items():
        said[name] = thief.deliver(delivered)
    for name, text in NOT_REQUESTS.items():
        said[name] = thief.send(text)
    return said


def raid(thief: Thief, goods: Goods, renewals: Renewals) -> Raid:
    """Everything that a thief may try, and at last what the key is for."""
    victim = thief.victim
    done = Raid(victim, before=listing(victim.host), shown_before=renewals.shown(victim))
    thief.drip()
    done.said.update(attempts(thief, goods))
    done.environment = inherited(thief)
    with memory_watched(victim.host):
        for name, source in FLOODS.items():
            done.said[name] = thief.pour(source)
    done.megabytes = peak_megabytes(victim.host)
    done.said[DRIP] = thief.dripped()
    done.journal = victim.host.check_output("journalctl -q --no-pager -o cat -t hitless-edge")
    done.after, done.shown_after = listing(victim.host), renewals.shown(victim)
    good = bundle(NAME, goods.newer, facts=facts(thief.fleet))
    done.good, done.accepted = good["fingerprint"], thief.deliver(good)
    done.shown_last = renewals.shown(victim)
    return done


@pytest.fixture(scope="module")
def raids(fleet: Fleet, renewals: Renewals) -> dict[str, Raid]:
    """On a host of each release, with the key of another."""
    done: dict[str, Raid] = {}
    first, *_unused, last = fleet.balancers
    with renewals.timers_stopped(), brief_ca(fleet) as brief:
        goods = buy_all(fleet, renewals, brief)
        for owner, victim in ((last, first), (first, last)):
            thief = Thief(fleet, victim)
            thief.steal(owner)
            done[victim.name] = raid(thief, goods, renewals)
    fleet.ca.check_output(f"rm -r {FOLDER}")
    return done


@VICTIMS
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_refused(raids: dict[str, Raid], victim: str, name: str) -> None:
    """By the command itself, with nothing of what was asked for."""
    said = raids[victim].said[name]
    assert said.rc == REFUSED, said.words
    assert said.stdout == ""
    assert "refused" in said.stderr or name == SUBSYSTEM  # of which sshd hands on no words


@VICTIMS
def test_refusals_are_in_the_journal(raids: dict[str, Raid], victim: str) -> None:
    """One line for each session that wanted something else."""
    refusals = re.findall(r"refused from \S+: wanted", raids[victim].journal)
    assert len(refusals) >= len(SESSIONS)


@VICTIMS
def test_there_is_no_terminal(raids: dict[str, Raid], victim: str) -> None:
    """Whoever insists on one gets nothing."""
    said = raids[victim].said[TERMINAL]
    assert said.rc == SSH_FAILED
    assert "PTY allocation request failed" in said.stderr
    assert said.stdout == ""


@VICTIMS
@pytest.mark.parametrize("name", FORWARDS)
def test_nothing_is_forwarded(raids: dict[str, Raid], victim: str, name: str) -> None:
    """The way is there on the thief's side, and leads nowhere."""
    said = raids[victim].said[name]
    assert "NO WAY" not in said.stdout
    assert "open failed" in said.stderr, said.words
    assert "SSH-2" not in said.words
    assert "Name:" not in said.words


@VICTIMS
@pytest.mark.parametrize("name", REVERSE)
def test_nothing_is_forwarded_back(raids: dict[str, Raid], victim: str, name: str) -> None:
    """Nobody listens there for the thief."""
    said = raids[victim].said[name]
    assert said.rc == SSH_FAILED
    assert "remote port forwarding failed" in said.stderr, said.words


@VICTIMS
def test_neither_agent_nor_display_nor_variables(raids: dict[str, Raid], victim: str) -> None:
    """What the session asked for beside its command is not there."""
    there = raids[victim].environment
    assert "SSH_CONNECTION" in there
    assert not {"SSH_AUTH_SOCK", "DISPLAY", "LD_PRELOAD", "SSH_TTY"} & set(there)


@VICTIMS
@pytest.mark.parametrize("name", COPIES)
def test_no_file_is_copied(raids: dict[str, Raid], victim: str, name: str) -> None:
    """Neither to there nor from there."""
    said = raids[victim].said[name]
    assert said.rc != 0
    assert "root:" not in said.words


@VICTIMS
@pytest.mark.parametrize("name", DELIVERIES)
def test_a_bad_bundle_is_refused(raids: dict[str, Raid], victim: str, name: str) -> None:
    """And the reply says why."""
    reply = raids[victim].said[name].reply
    assert reply["changed"] is False
    if not reply["error"]:
        (answer,) = reply["bundles"]
        assert answer["action"] == ("newer" if name == OLDER else "refused"), reply
        assert answer["reason"] or name == OLDER, reply


@VICTIMS
@pytest.mark.parametrize("name", NOT_REQUESTS)
def test_what_is_no_request_is_refused(raids: dict[str, Raid], victim: str, name: str) -> None:
    """With an error in words, and without a traceback."""
    said = raids[victim].said[name]
    assert said.reply["error"]
    assert "Traceback" not in said.words


@VICTIMS
@pytest.mark.parametrize("name", [*FLOODS, DRIP])
def test_a_stream_without_end_is_ended(raids: dict[str, Raid], victim: str, name: str) -> None:
    """By the one who receives, with an error."""
    assert raids[victim].said[name].rc not in (0, GAVE_UP)


@VICTIMS
def test_a_stream_without_end_fills_no_memory(raids: dict[str, Raid], victim: str) -> None:
    """1 GiB was sent, and never held."""
    assert 0 < raids[victim].megabytes < MOST_MEGABYTES


@VICTIMS
def test_nothing_on_the_host_has_changed(raids: dict[str, Raid], victim: str) -> None:
    """Not one file of the whole host, nor what it serves."""
    before, after = raids[victim].before, raids[victim].after
    assert len(before) > 1000
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == set()
    assert raids[victim].shown_after == raids[victim].shown_before


@VICTIMS
def test_a_good_bundle_is_taken(raids: dict[str, Raid], victim: str) -> None:
    """It is what the key is for, and shows that the other requests were well made."""
    done = raids[victim]
    assert done.accepted is not None
    (answer,) = done.accepted.reply["bundles"]
    assert answer["action"] == "swapped", done.accepted.words
    assert done.shown_last[NAME] == done.good


def test_afterwards_the_fleet_agrees(renewals: Renewals, raids: dict[str, Raid]) -> None:
    """What was delivered to two of three is brought to the third, by the timers."""
    wanted = {done.shown_last[NAME] for done in raids.values()}
    wait_for(lambda: {renewals.everywhere()[NAME]} == wanted, 90, doubt=renewals.everywhere)


def test_figures(raids: dict[str, Raid], figures: list[str]) -> None:
    """What was counted, for the last line."""
    tried = [said for done in raids.values() for said in done.said.values()]
    files = min(len(done.before) for done in raids.values())
    figures += [
        f"{len(tried)} attempts with a stolen key refused, {files} files of each host unchanged",
        f"{max(done.megabytes for done in raids.values()):.0f} MB at most for 1 GiB",
    ]
    assert not any('"changed": true' in said.stdout for said in tried)
