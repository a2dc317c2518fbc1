# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the hosts of a fleet trust over SSH: host keys that are known, push keys that may deliver.

Told is what hosts said of themselves in this run, as lines with a word in front that says what they
are. Of a host that was not asked, because it is down or the run is limited to others, the lines
that are present stay: nobody loses trust by being away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SSH_PORT = 22
FORCED = 'restrict,command="hitless-edge receive"'
OWNER = "hitless-edge@"
KEY = r"(?P<key>[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2})"
HOST_KEY = re.compile(rf"hostkey {KEY}( .*)?")
PUSH_KEY = re.compile(rf"pushkey {KEY}( .*)?")
KNOWN = re.compile(rf"known \S+ {KEY} (?P<owner>\S+)")
AUTHORIZED = re.compile(rf"authorized {re.escape(FORCED)} {KEY} {OWNER}(?P<owner>\S+)")

Told = Mapping[str, Sequence[str]]


def known_hosts(hosts: Mapping[str, Mapping[str, Any]], told: Told, present: Iterable[str]) -> str:
    """The file known_hosts; each line ends with the name of its host.

    ``hosts``: name -> address and port. ``present``: lines of the file as it is.
    Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
    """
    keys = {**_kept(present, KNOWN), **_found(told, HOST_KEY)}
    return _text(
        f"{_place(host)} {key} {name}" for name, host in hosts.items() for key in keys.get(name, ())
    )


def authorized_keys(issuers: Iterable[str], told: Told, present: Iterable[str]) -> str:
    """The file authorized_keys: each listed issuer may deliver certificates, and nothing else.

    Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
    """
    keys = {**_kept(present, AUTHORIZED), **_found(told, PUSH_KEY)}
    return _text(f"{FORCED} {key} {OWNER}{name}" for name in issuers for key in keys.get(name, ()))


def _place(host: Mapping[str, Any]) -> str:
    address, port = host["address"], int(host["port"])
    return str(address) if port == SSH_PORT else f"[{address}]:{port}"


def _found(told: Told, pattern: re.Pattern[str]) -> dict[str, list[str]]:
    """The keys that each host told of itself, none for one that told of no key."""
    matches = {name: map(pattern.fullmatch, lines) for name, lines in told.items()}
    return {name: sorted(one["key"] for one in found if one) for name, found in matches.items()}


def _kept(lines: Iterable[str], pattern: re.Pattern[str]) -> dict[str, list[str]]:
    """The keys of lines that we wrote, by whom they belong to."""
    kept: dict[str, list[str]] = {}
    for match in filter(None, map(pattern.fullmatch, lines)):
        kept.setdefault(match["owner"], []).append(match["key"])
    return kept


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
