# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy there is on a host and what it does, for people and for other tasks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import EdgeError, Unavailable
from .._core.ports import Ports
from .layout import Layout
from .process import Service
from .runtime import Info

VERSION = re.compile(r"^HA-?Proxy version (\S+)", re.MULTILINE)
OPENSSL = re.compile(r"^Running on OpenSSL version : (.+)$", re.MULTILINE)
FEATURES = re.compile(r"^Feature list : (.+)$", re.MULTILINE)
IPV6_ADDRESSES = "/proc/net/if_inet6"
"""Empty or absent where IPv6 is switched off. Source: proc(5)."""
ABSENT: Mapping[str, Any] = {"version": "", "openssl_version": "", "features": []}
EMPTY: Mapping[str, Any] = {"proxies": [], "servers": [], "certificates": []}
CERTIFICATE_FIELDS = {
    "Filename": "file",
    "Status": "status",
    "Serial": "serial",
    "notBefore": "not_before",
    "notAfter": "not_after",
    "Subject Alternative Name": "names",
    "Algorithm": "algorithm",
    "SHA1 FingerPrint": "sha1",
    "Subject": "subject",
    "Issuer": "issuer",
}
NUMBERS = {"scur": "sessions", "stot": "sessions_total", "weight": "weight"}


def parse_build(words: str) -> dict[str, Any]:
    """Read `haproxy -vv`."""
    version, openssl, features = (p.search(words) for p in (VERSION, OPENSSL, FEATURES))
    listed = features.group(1).split() if features else []
    return {
        "version": version.group(1) if version else "",
        "openssl_version": openssl.group(1).strip() if openssl else "",
        "features": [name[1:] for name in listed if name.startswith("+")],
    }


def parse_stat(answer: str) -> dict[str, list[dict[str, Any]]]:
    """Read `show stat`: proxies, and the servers of backends."""
    proxies, servers = [], []
    for row in csv.DictReader(io.StringIO(answer.lstrip("# "))):
        one = {"proxy": row["pxname"], "status": row["status"], **_numbers(row)}
        if row["svname"] in ("FRONTEND", "BACKEND"):
            proxies.append({**one, "side": row["svname"].lower()})
        else:
            servers.append({**one, "server": row["svname"]})
    return {"proxies": proxies, "servers": servers}


def _numbers(row: Mapping[str, str]) -> dict[str, int]:
    return {name: int(row.get(key) or 0) for key, name in NUMBERS.items()}


def parse_certificate_list(answer: str) -> tuple[str, ...]:
    """The files of `show ssl cert`, without those of an open transaction."""
    lines = (line.strip() for line in answer.splitlines())
    return tuple(line for line in lines if line and line[0] not in "#*")


def parse_certificate(answer: str) -> dict[str, str]:
    """Read `show ssl cert <file>`: the leaf, by names of our own."""
    fields: dict[str, str] = {}
    for line in answer.splitlines():
        key, _unused, value = line.partition(": ")
        if key in CERTIFICATE_FIELDS:  # the fields of the chain have other names
            fields.setdefault(CERTIFICATE_FIELDS[key], value.strip())
    return fields


@dataclass(frozen=True)
class Inspection:
    """One look at a host.

    ``parts``: ``proxies``, ``certificates`` or both. ``details``: also each certificate, with a
    question of its own.
    """

    ports: Ports
    layout: Layout = field(default_factory=Layout)
    parts: tuple[str, ...] = ("proxies", "certificates")
    details: bool = False

    @classmethod
    def from_params(cls, ports: Ports, params: Mapping[str, Any]) -> Inspection:
        """From the options of `haproxy_info`."""
        return cls(ports, parts=tuple(params["gather"]), details=params["certificate_details"])

    def facts(self) -> dict[str, Any]:
        """All of it; never fails because HAProxy is not there."""
        build = self._build()
        info = self._info() if build else None
        return {
            "installed": build is not None,
            **(build or ABSENT),
            "ipv6": bool(self.ports.files.read(IPV6_ADDRESSES)),
            "running": info is not None,
            "digest": (info.digest or "") if info else "",
            "running_version": info.version if info else "",
            "uptime_seconds": info.uptime_seconds if info else 0,
            "pid": info.pid if info else 0,
            **EMPTY,
            **(self._work() if info else {}),
        }

    def _build(self) -> dict[str, Any] | None:
        try:
            return parse_build(self.ports.runner.run(["haproxy", "-vv"]).stdout)
        except Unavailable:
            return None

    def _info(self) -> Info | None:
        try:
            return Service(self.ports, self.layout).info()
        except EdgeError:
            return None  # it runs without a socket of ours: nothing can be told of it

    def _work(self) -> dict[str, Any]:
        service = Service(self.ports, self.layout)
        work: dict[str, Any] = {}
        if "proxies" in self.parts:
            work.update(parse_stat(service.ask("show stat")))
        if "certificates" in self.parts:
            work["certificates"] = list(self._certificates(service))
        return work

    def _certificates(self, service: Service) -> Iterator[dict[str, str]]:
        for file in parse_certificate_list(service.ask("show ssl cert")):
            shown = parse_certificate(service.ask(f"show ssl cert {file}")) if self.details else {}
            yield {**shown, "file": file}
