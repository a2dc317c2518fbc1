# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CAs as the user lists them, in order of preference."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from .._core.reader import Reader

EXACT_SET_PER_WEEK = 5


class HmacAlgorithm(Enum):
    """What an external account's key signs with."""

    HS256 = "HS256"
    HS384 = "HS384"
    HS512 = "HS512"


@dataclass(frozen=True)
class ExternalAccount:
    """Credentials from the CA's shop. ``hmac_key``: base64url."""

    kid: str
    hmac_key: str = field(repr=False)
    algorithm: HmacAlgorithm = HmacAlgorithm.HS256


@dataclass(frozen=True)
class Authority:
    """A CA.

    ``staging``: directory of its other self for trials, if it has one.
    ``ca_bundle``: path of the certificates that its endpoint is trusted by, else the host's.
    ``roots``: path of the roots that its certificates chain to, else those that the host trusts.
    ``weekly_limit``: certificates for the same exact names in seven days, 0 for no limit.
    """

    name: str
    directory: str
    external_account: ExternalAccount | None = None
    ca_bundle: str | None = None
    weekly_limit: int = EXACT_SET_PER_WEEK
    staging: str | None = None
    roots: str | None = None


def parse_authority(reader: Reader) -> Authority:
    """One element of the list."""
    reader.allow("name", "directory", "eab", "ca_bundle", "weekly_limit", "staging", "roots")
    bundle, staging, roots = reader["ca_bundle"], reader["staging"], reader["roots"]
    eab = reader["eab"]
    return Authority(
        name=reader["name"].text(),
        directory=parse_directory(reader["directory"]),
        external_account=_parse_external_account(eab) if eab.is_given else None,
        ca_bundle=bundle.text() if bundle.is_given else None,
        weekly_limit=reader["weekly_limit"].integer(0, 1_000_000, default=EXACT_SET_PER_WEEK),
        staging=parse_directory(staging) if staging.is_given else None,
        roots=roots.text() if roots.is_given else None,
    )


def parse_authorities(reader: Reader) -> tuple[Authority, ...]:
    """The list; names and directories occur once."""
    found = tuple(parse_authority(item) for item in reader.items())
    for position, (item, authority) in enumerate(zip(reader.items(), found)):
        for earlier in found[:position]:
            if authority.name == earlier.name:
                item["name"].fault(f'"{authority.name}" is listed twice')
            if authority.directory == earlier.directory:
                item["directory"].fault(f"is the directory of {earlier.name} as well")
    return found


def _parse_external_account(reader: Reader) -> ExternalAccount:
    reader.allow("kid", "hmac_key", "algorithm")
    return ExternalAccount(
        kid=reader["kid"].text(),
        hmac_key=reader["hmac_key"].text(),
        algorithm=reader["algorithm"].choice(HmacAlgorithm, HmacAlgorithm.HS256),
    )


def parse_directory(reader: Reader) -> str:
    """The URL of a CA's directory."""
    url = reader.text()
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_usable = False
    if not is_usable or parts.scheme not in ("http", "https"):
        reader.fault(f"{url!r} is not a URL of HTTPS")
    elif parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        reader.fault(f"{url!r} is not encrypted", "ACME runs over HTTPS (RFC 8555 §6.1)")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
