# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The issuer's folder: certificates, orders under way, what the CA said of renewals.

Everything is written 0600 in folders 0700, atomically. A lineage's order is written before its
certificate can exist, and removed after the certificate is safe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._core.errors import InvalidInput
from .._core.ports import Files
from .._pki.bundle import Bundle
from .._pki.pem import CERTIFICATE, parse_blocks
from .._pki.x509 import Certificate, parse_certificates
from .ari import Window, parse_time
from .due import Facts, Held
from .wish import Lineage


@dataclass(frozen=True)
class Pending:
    """An order under way. ``replaces``: the ARI name of the certificate that it renews."""

    directory: str
    url: str
    names: tuple[str, ...]
    profile: str | None
    created_at: datetime
    replaces: str | None
    key_pem: str = field(repr=False)
    csr_pem: str = field(repr=False)

    def serves(self, lineage: Lineage) -> bool:
        """Whether it is an order for just this wish."""
        return self.names == lineage.names and self.profile == lineage.profile


@dataclass(frozen=True)
class Store:
    """Certificates and orders below ``home``."""

    files: Files
    home: str

    @property
    def lock_path(self) -> str:
        """One issuing run at a time."""
        return f"{self.home}/lock"

    @property
    def ledger_path(self) -> str:
        """Where the ledger is."""
        return f"{self.home}/ledger.jsonl"

    @property
    def received_path(self) -> str:
        """The ledger of what other issuers ordered."""
        return f"{self.home}/received.jsonl"

    def prepare(self) -> None:
        """Make the home folder."""
        if self.files.mode(self.home) is None:
            self.files.make_directory(self.home)

    def certificate_path(self, lineage: Lineage) -> str:
        """Where its bundle is."""
        return f"{self._stem('certificates', lineage)}.pem"

    def held(self, lineage: Lineage) -> Held | None:
        """What the lineage has, ``None`` if nothing or nothing readable."""
        stem = self._stem("certificates", lineage)
        leaf = _read_leaf(self.files.read(f"{stem}.pem"), f"{stem}.pem")
        if leaf is None:
            return None
        return Held(leaf, _read_facts(self.files.read(f"{stem}.json"), leaf.fingerprint))

    def save(self, lineage: Lineage, bundle: Bundle, facts: Facts | None) -> None:
        """Make a new certificate the one of its lineage.

        Its facts come first, beside those of its predecessor, and the certificate last: who finds
        either of the two finds its facts, wherever a run was killed.
        """
        stem = self._make_stem("certificates", lineage)
        if facts is not None:
            document = {"domains": lineage.domains, **_facts_json(bundle.leaf, facts)}
            before = self.held(lineage)
            if before is not None and before.facts is not None:
                document["previous"] = _facts_json(before.leaf, before.facts)
            self._write_json(f"{stem}.json", document)
        self.files.write(f"{stem}.pem", bundle.render().encode())

    def pending(self, lineage: Lineage) -> Pending | None:
        """The lineage's order under way, if it is complete."""
        stem = self._stem("orders", lineage)
        parts = [self.files.read(f"{stem}.{kind}") for kind in ("json", "key", "csr")]
        if None in parts:
            return None
        try:
            document, key_pem, csr_pem = (part.decode() for part in parts if part is not None)
            value = json.loads(document)
            return Pending(
                directory=value["directory"],
                url=value["url"],
                names=tuple(value["names"]),
                profile=value["profile"],
                created_at=parse_time(value["created_at"]),
                replaces=value["replaces"],
                key_pem=key_pem,
                csr_pem=csr_pem,
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def save_pending(self, lineage: Lineage, pending: Pending) -> None:
        """Write an order down; the file that makes it complete comes last."""
        stem = self._make_stem("orders", lineage)
        self.files.remove(f"{stem}.json")
        self.files.write(f"{stem}.key", pending.key_pem.encode())
        self.files.write(f"{stem}.csr", pending.csr_pem.encode())
        self._write_json(
            f"{stem}.json",
            {
                "directory": pending.directory,
                "url": pending.url,
                "names": pending.names,
                "profile": pending.profile,
                "created_at": pending.created_at.isoformat(),
                "replaces": pending.replaces,
            },
        )

    def drop_pending(self, lineage: Lineage) -> None:
        """Forget an order."""
        stem = self._stem("orders", lineage)
        for kind in ("json", "key", "csr"):
            self.files.remove(f"{stem}.{kind}")

    def windows(self) -> dict[str, Window]:
        """What CAs said of renewals: ARI name -> window. A cache: it may be lost at any time."""
        try:
            document = json.loads(self.files.read(self._windows_path) or b"{}")
            return {name: Window.from_json(value) for name, value in document.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def save_windows(self, windows: Mapping[str, Window]) -> None:
        """Replace what CAs said of renewals."""
        self.prepare()
        document = {name: window.to_json() for name, window in sorted(windows.items())}
        self._write_json(self._windows_path, document)

    @property
    def _windows_path(self) -> str:
        return f"{self.home}/renewal-info.json"

    def _stem(self, folder: str, lineage: Lineage) -> str:
        return f"{self.home}/{folder}/{folder_name(lineage.name)}/{lineage.key_type.value}"

    def _make_stem(self, folder: str, lineage: Lineage) -> str:
        stem = self._stem(folder, lineage)
        parent = stem.rpartition("/")[0]
        for path in (self.home, f"{self.home}/{folder}", parent):
            if self.files.mode(path) is None:
                self.files.make_directory(path)
        return stem

    def _write_json(self, path: str, document: Mapping[str, Any]) -> None:
        self.files.write(path, (json.dumps(document, indent=1) + "\n").encode())


def folder_name(name: str) -> str:
    """A certificate's name as a folder; a wildcard's ``*.`` becomes ``_.``."""
    return f"_{name[1:]}" if name.startswith("*.") else name


def _read_leaf(content: bytes | None, path: str) -> Certificate | None:
    if content is None:
        return None
    try:
        blocks = parse_blocks(content.decode(errors="replace"), path)
        leaf = next((block for block in blocks if block.label == CERTIFICATE), None)
        return parse_certificates((leaf,), path)[0] if leaf else None
    except InvalidInput:
        return None


def _facts_json(leaf: Certificate, facts: Facts) -> dict[str, Any]:
    return {
        "fingerprint": leaf.fingerprint,
        "authority": facts.authority,
        "directory": facts.directory,
        "profile": facts.profile,
        "preferred_chain": facts.preferred_chain,
        "issued_at": facts.issued_at.isoformat(),
    }


def _read_facts(content: bytes | None, fingerprint: str) -> Facts | None:
    """The facts of this leaf, if the file has them: of the newest one, or of the one before."""
    try:
        newest = json.loads(content or b"")
        known = [newest, *([newest["previous"]] if "previous" in newest else [])]
        value = next((one for one in known if one["fingerprint"] == fingerprint), None)
        if value is None:
            return None
        return Facts(
            authority=value["authority"],
            directory=value["directory"],
            profile=value["profile"],
            preferred_chain=value["preferred_chain"],
            issued_at=parse_time(value["issued_at"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
