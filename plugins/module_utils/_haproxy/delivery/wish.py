# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which bundles a balancer shall hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from ..._core.errors import Fault, InvalidInput
from ..._core.reader import Reader
from ..._pki.bundle import Bundle, file_name, parse
from ..._pki.keys import KeyType
from ..layout import Layout

NAME = re.compile(r"(\*\.)?[A-Za-z0-9_:][A-Za-z0-9._:-]*")
DEFAULT_NAME = "_default"
FINGERPRINT = re.compile(r"[0-9A-Fa-f]{64}")
FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")


@dataclass(frozen=True)
class WantedBundle:
    """One bundle.

    ``where``: how a fault names it. ``fingerprint``: SHA-256 of the leaf in upper-case hex, empty
    if any will do. ``not_before``: when it begins; a newer one that is held stays then, see
    `newer.py`. ``pem``: what to deliver; empty if it is not at hand.
    """

    where: str
    name: str
    key_type: KeyType
    domains: tuple[str, ...]
    fingerprint: str = ""
    pem: str = field(default="", repr=False)
    not_before: datetime | None = None

    @property
    def file_name(self) -> str:
        """Name of its file."""
        return file_name(self.name, self.key_type)

    @cached_property
    def offer(self) -> tuple[Bundle | None, tuple[Fault, ...]]:
        """What ``pem`` holds, read once; or why it cannot be read."""
        if not self.pem:
            return None, ()
        try:
            return parse(self.pem, name=self.name, path=self.where), ()
        except InvalidInput as error:
            return None, error.faults


@dataclass(frozen=True)
class Wish:
    """All of them.

    ``purge``: whether what we delivered earlier and is not listed shall leave;
    ``purge_everything``: even if nothing at all is listed.
    ``default_certificate``: whether to keep a self-signed one for clients that name no known host.
    ``adopt``: folders in which to look for what somebody else put there, where nothing is yet.
    """

    bundles: tuple[WantedBundle, ...]
    layout: Layout
    purge: bool = True
    purge_everything: bool = False
    default_certificate: bool = False
    adopt: tuple[str, ...] = ()


def parse_wish(reader: Reader) -> Wish:
    """The options of the module `certificate_bundles`."""
    layout = Layout(
        certificates=parse_folder(reader["directory"]),
        runtime_socket=reader["runtime_socket"].text(),
        master_socket=reader["master_socket"].text(),
    )
    return Wish(
        bundles=parse_bundles(reader["bundles"]),
        layout=layout,
        purge=reader["purge"].boolean(),
        purge_everything=reader["purge_everything"].boolean(),
        default_certificate=reader["default_certificate"].boolean(),
        adopt=tuple(parse_folder(item) for item in reader["adopt"].items()),
    )


def parse_bundles(reader: Reader) -> tuple[WantedBundle, ...]:
    """The bundles of a list; each file name once."""
    bundles = tuple(_parse_bundle(item) for item in reader.items())
    seen: set[str] = set()
    for bundle, item in zip(bundles, reader.items()):
        if bundle.file_name in seen:
            item.fault(f"{bundle.name} ({bundle.key_type.value}) is listed twice")
        seen.add(bundle.file_name)
    return bundles


def parse_folder(reader: Reader) -> str:
    """An absolute path that needs no quoting in HAProxy's commands."""
    path = reader.text()
    if not FOLDER.fullmatch(path):
        reader.fault(f"{path!r} is no absolute path of letters, digits, dots and hyphens")
    return path


def _parse_bundle(reader: Reader) -> WantedBundle:
    reader.allow("name", "key_type", "domains", "fingerprint", "not_before", "pem")
    name = _matching(reader["name"], NAME, "a name of letters, digits, dots and hyphens")
    if name == DEFAULT_NAME:
        reader["name"].fault(f'"{name}" is the name of the default certificate')
    pem = reader["pem"].value
    return WantedBundle(
        where=f"{reader.path} ({name})",
        name=name,
        key_type=reader["key_type"].choice(KeyType),
        domains=_parse_domains(reader["domains"].items()),
        fingerprint=_parse_fingerprint(reader["fingerprint"]),
        not_before=_parse_moment(reader["not_before"]),
        pem=pem if isinstance(pem, str) else "",
    )


def _parse_domains(items: Sequence[Reader]) -> tuple[str, ...]:
    return tuple(item.text() for item in items)


def _parse_fingerprint(reader: Reader) -> str:
    if not reader.is_given:
        return ""
    return _matching(reader, FINGERPRINT, "a SHA-256 fingerprint of 64 hexadecimal digits").upper()


def _parse_moment(reader: Reader) -> datetime | None:
    if not reader.is_given:
        return None
    text = reader.text()
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        reader.fault(f"{text[:40]!r} is no time with a zone", "such as 2026-11-22T12:00:00Z")
        return None
    return moment


def _matching(reader: Reader, pattern: re.Pattern[str], noun: str) -> str:
    text = reader.text()
    if not pattern.fullmatch(text):
        reader.fault(f"{text[:80]!r} is not {noun}")
    return text
