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
from .shape import Shape
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

        Raises: `Refused` if it is no directory, `Malformed` if it is half of one.
        """
        needed = [document.get(name) for name in ("newNonce", "newAccount", "newOrder")]
        if not all(isinstance(value, str) and value for value in needed):
            raise Refused(f"{url} is no ACME directory", str(sorted(document))[:200])
        shape = Shape(document, url, "a directory")
        meta = document.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        # All of it is optional: what has another shape is not there.
        profiles, identities = meta.get("profiles"), meta.get("caaIdentities")
        terms = meta.get("termsOfService")
        return cls(
            new_nonce=document["newNonce"],
            new_account=document["newAccount"],
            new_order=document["newOrder"],
            key_change=shape.text("keyChange") or None,
            renewal_info=shape.text("renewalInfo") or None,
            terms=terms if isinstance(terms, str) else None,
            caa_identities=tuple(map(str, identities if isinstance(identities, list) else ())),
            profiles=profiles if isinstance(profiles, dict) else {},
            needs_external_account=meta.get("externalAccountRequired") is True,
        )


def fetch_directory(session: Session) -> Directory:
    """The directory of the session's CA."""
    url = session.authority.directory
    return Directory.from_json(session.get(url).document(), url=url)
