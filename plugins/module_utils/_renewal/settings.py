# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host knows of the fleet and of its wishes once the control node is gone.

Written by the play, read by every verb of the command. What other hosts say is measured by it, so
what stands here is never taken from the wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Callable, TypeVar

from .._acme.account import Registration
from .._acme.authority import Authority, parse_authorities, parse_directory
from .._acme.wish import Wished, parse_wished
from .._core.errors import Fault, InvalidInput
from .._core.ports import Files
from .._core.reader import Reader, parse
from .._pki.keys import KeyType
from .strict_json import read_json

SETTINGS = "/etc/hitless-edge/settings.json"
FORMAT = 1
MOST_KEYS = 10_000
HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}")
"""A name or address that no command takes for an option, and known_hosts not for a pattern."""
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")

T = TypeVar("T")


@dataclass(frozen=True)
class Balancer:
    """A host that serves. ``addresses``: where clients reach it, for the preflight."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Host:
    """Where a host's sshd listens."""

    address: str
    port: int = 22


@dataclass(frozen=True)
class Account:
    """The ACME account of the fleet. ``registrations``: directory URL -> registration.

    ``thumbprint``: of the one key that is accepted, and that balancers answer challenges with.
    """

    thumbprint: str
    registrations: Mapping[str, Registration]


@dataclass(frozen=True)
class Certbot:
    """The account that certbot uses and where it is. ``account``: its URL."""

    thumbprint: str
    account: str
    directory: str
    config: str
    command: str


@dataclass(frozen=True)
class Settings:
    """All of it. ``issuers``: in order of rank. ``standby_delay_seconds``: ``None`` for the rule.

    ``host``: the name of this one. ``hosts``: name -> where it is. ``path``: where it was read.
    """

    host: str
    home: str
    wished: tuple[Wished, ...]
    authorities: tuple[Authority, ...]
    account: Account | None
    certbot: Certbot | None
    issuers: tuple[str, ...]
    balancers: tuple[Balancer, ...]
    hosts: Mapping[str, Host] = field(default_factory=dict)
    preflight: bool = True
    standby_delay_seconds: int | None = None
    workers: int = 8
    budget_seconds: int = 600
    path: str = ""

    def rank(self, host: str | None = None) -> int | None:
        """How many issuers come before a host (this one by default); ``None`` if it is none."""
        name = self.host if host is None else host
        return self.issuers.index(name) if name in self.issuers else None

    @property
    def is_issuer(self) -> bool:
        """Whether this host orders, and keeps a replica."""
        return self.host in self.issuers

    @property
    def is_balancer(self) -> bool:
        """Whether this host serves."""
        return any(balancer.name == self.host for balancer in self.balancers)

    @property
    def others(self) -> tuple[str, ...]:
        """The other hosts that hold certificates, issuers first."""
        names = (*self.issuers, *(balancer.name for balancer in self.balancers))
        return tuple(name for name in dict.fromkeys(names) if name != self.host)

    def find(self, name: str, kind: KeyType) -> Wished | None:
        """The wish for a lineage, ``None`` if there is none."""
        return self._wished_by_name.get((name, kind))

    def authority(self, directory: str) -> Authority | None:
        """The CA with this directory, ``None`` if it is not listed."""
        return next((ca for ca in self.authorities if ca.directory == directory), None)

    @property
    def directories(self) -> tuple[str, ...]:
        """Of all CAs that certificates may come from."""
        others = (self.certbot.directory,) if self.certbot else ()
        return tuple(dict.fromkeys([*(ca.directory for ca in self.authorities), *others]))

    @property
    def roots(self) -> tuple[str | None, ...]:
        """Files with the roots of these CAs; ``None`` for the roots that the host trusts."""
        found = [self.authority(directory) for directory in self.directories]
        return tuple(dict.fromkeys(ca.roots if ca else None for ca in found))

    @cached_property
    def _wished_by_name(self) -> Mapping[tuple[str, KeyType], Wished]:
        return {(one.lineage.name, one.lineage.key_type): one for one in self.wished}


def load(files: Files, path: str = SETTINGS) -> Settings:
    """Read the file.

    Raises: `InvalidInput` if there is none, or with all of its faults.
    """
    content = files.read(path)
    if content is None:
        raise InvalidInput([Fault(path, "is not there", "run hitless.edge.site")])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InvalidInput([Fault(path, "is not UTF-8")]) from None
    document = read_json(text, path, most_keys=MOST_KEYS)
    try:
        return replace(parse(document, "", parse_settings), path=path)
    except InvalidInput as error:
        faults = [Fault(f"{path}: {one.path}", one.cause, one.remedy) for one in error.faults]
        raise InvalidInput(faults) from None


def parse_settings(reader: Reader) -> Settings:
    """The document."""
    reader.allow(
        *("format", "host", "home", "certificates", "authorities", "account", "certbot"),
        *("issuers", "balancers", "hosts", "preflight", "standby_delay_seconds", "workers"),
        "budget_seconds",
    )
    if reader["format"].value != FORMAT:
        reader["format"].fault(f"is not {FORMAT}", "run hitless.edge.site with this version")
    delay = reader["standby_delay_seconds"]
    settings = Settings(
        host=_matching(reader["host"], HOST, "the name of a host"),
        home=_matching(reader["home"], FOLDER, "an absolute path"),
        wished=parse_wished(reader["certificates"]),
        authorities=parse_authorities(reader["authorities"]),
        account=_optional(reader["account"], _parse_account),
        certbot=_optional(reader["certbot"], _parse_certbot),
        issuers=tuple(_parse_host_name(item) for item in reader["issuers"].items()),
        balancers=tuple(_parse_balancer(item) for item in reader["balancers"].items()),
        hosts={name: _parse_host(item) for name, item in reader["hosts"].entries()},
        preflight=reader["preflight"].boolean(True),
        standby_delay_seconds=delay.integer(0, 31_536_000) if delay.is_given else None,
        workers=reader["workers"].integer(1, 64, default=8),
        budget_seconds=reader["budget_seconds"].integer(1, 86_400, default=600),
    )
    _check_names(reader, settings)
    return settings


def _check_names(reader: Reader, settings: Settings) -> None:
    named = [
        (reader["host"], (settings.host,)),
        (reader["issuers"], settings.issuers),
        (reader["balancers"], tuple(balancer.name for balancer in settings.balancers)),
    ]
    for item, names in named:
        for name in names:
            if name not in settings.hosts:
                item.fault(f'"{name}" is not among hosts')
        if len(set(names)) != len(names):
            item.fault("a host is listed twice")
    for name, item in reader["hosts"].entries():
        if not HOST.fullmatch(name):
            item.fault(f"{name[:60]!r} is not the name of a host")


def _parse_account(reader: Reader) -> Account:
    reader.allow("thumbprint", "registrations")
    return Account(
        thumbprint=_parse_thumbprint(reader["thumbprint"]),
        registrations={
            directory: _parse_registration(item)
            for directory, item in reader["registrations"].entries()
        },
    )


def _parse_registration(reader: Reader) -> Registration:
    reader.allow("url", "contact", "thumbprint", "caa_identities")
    return Registration(
        url=reader["url"].text(),
        contact=tuple(item.text() for item in reader["contact"].items()),
        thumbprint=_parse_thumbprint(reader["thumbprint"]),
        caa_identities=tuple(item.text() for item in reader["caa_identities"].items()),
    )


def _parse_certbot(reader: Reader) -> Certbot:
    reader.allow("thumbprint", "account", "directory", "config", "command")
    return Certbot(
        thumbprint=_parse_thumbprint(reader["thumbprint"]),
        account=reader["account"].text(),
        directory=parse_directory(reader["directory"]),
        config=_matching(reader["config"], FOLDER, "an absolute path"),
        command=_matching(reader["command"], FOLDER, "an absolute path"),
    )


def _parse_balancer(reader: Reader) -> Balancer:
    reader.allow("name", "addresses")
    addresses = tuple(item.text() for item in reader["addresses"].items())
    return Balancer(_parse_host_name(reader["name"]), addresses)


def _parse_host(reader: Reader) -> Host:
    reader.allow("address", "port")
    return Host(_parse_host_name(reader["address"]), reader["port"].integer(1, 65535, default=22))


def _parse_host_name(reader: Reader) -> str:
    return _matching(reader, HOST, "the name of a host")


def _parse_thumbprint(reader: Reader) -> str:
    return _matching(reader, THUMBPRINT, "a thumbprint (43 characters of base64url)")


def _optional(reader: Reader, function: Callable[[Reader], T]) -> T | None:
    return function(reader) if reader.is_given else None


def _matching(reader: Reader, pattern: re.Pattern[str], noun: str) -> str:
    text = reader.text()
    if not pattern.fullmatch(text):
        reader.fault(f"{text[:60]!r} is not {noun}")
    return text
