# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA's directory: where its resources are and what it offers.

Source: RFC 8555 §7.1.1; profiles: draft-ietf-acme-profiles; renewalInfo: RFC 9773 §4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import Refused
from .transport import Session


@dataclass(frozen=True)
class Directory:
    """URLs and facts of a CA. ``renewal_info``: ``None`` without ARI."""

    new_nonce: str
    new_account: str
    new_order: str
    key_change: str | None = None
    renewal_info: str | None = None
    terms: str | None = None
    caa_identities: tuple[str, ...] = ()
    profiles: Mapping[str, str] = field(default_factory=dict)
    needs_external_account: bool = False

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, url: str) -> Directory:
        """Out of what the CA sent.

        Raises: `Refused` if it is no directory.
        """
        needed = [document.get(name) for name in ("newNonce", "newAccount", "newOrder")]
        if not all(isinstance(value, str) and value for value in needed):
            raise Refused(f"{url} is no ACME directory", str(sorted(document))[:200])
        meta = document.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        profiles = meta.get("profiles")
        return cls(
            new_nonce=document["newNonce"],
            new_account=document["newAccount"],
            new_order=document["newOrder"],
            key_change=document.get("keyChange"),
            renewal_info=document.get("renewalInfo"),
            terms=meta.get("termsOfService"),
            caa_identities=tuple(str(name) for name in meta.get("caaIdentities") or ()),
            profiles=profiles if isinstance(profiles, dict) else {},
            needs_external_account=meta.get("externalAccountRequired") is True,
        )


def fetch_directory(session: Session) -> Directory:
    """The directory of the session's CA."""
    url = session.authority.directory
    return Directory.from_json(session.get(url).document(), url=url)
