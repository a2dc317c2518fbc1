# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of bundles on a balancer, and the manifest that tells which files in it are ours."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..._core.errors import InvalidInput
from ..._core.ports import ROOT_ONLY, Files
from ..._pki.bundle import parse
from ..._pki.pem import CERTIFICATE, parse_blocks
from ..._pki.x509 import Certificate, parse_certificates

FORMAT = 1
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.pem")
"""A file that may be ours: `file_name` gives no other. A name leads to no other folder."""


@dataclass(frozen=True)
class Manifest:
    """Our files: name -> SHA-256 of what we wrote.

    A file that still has that digest was checked when it was written, so its key need not be read
    again: with a thousand RSA keys that would take seconds.
    """

    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """A bundle file as it is.

    ``leaf``: ``None`` if there is a ``fault``. ``is_ours``: whether the manifest has it.
    ``is_untouched``: whether it is what we wrote.
    """

    path: str
    content: str = field(repr=False)
    mode: int | None
    leaf: Certificate | None
    fault: str
    is_ours: bool
    is_untouched: bool


def digest_of(content: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content.encode()).hexdigest()


def parse_manifest(content: bytes | None) -> Manifest:
    """Read it; where it is absent or damaged nothing is ours, so nothing gets removed."""
    try:
        document = json.loads(content or b"{}")
        files = document.get("files", {})
        return Manifest(
            {str(name): str(digest) for name, digest in files.items() if NAME.fullmatch(name)}
        )
    except (ValueError, AttributeError, TypeError, RecursionError):
        return Manifest()


def render_manifest(manifest: Manifest) -> str:
    """The file; `parse_manifest` gives the same value back."""
    document = {"format": FORMAT, "files": dict(manifest.files)}
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def read_held(files: Files, path: str, manifest: Manifest, now: datetime) -> Held | None:
    """What a bundle file holds; ``None`` if there is none."""
    raw = files.read(path)
    if raw is None:
        return None
    content = raw.decode(errors="surrogateescape")
    known = manifest.files.get(path.rpartition("/")[2])
    is_untouched = known is not None and known == hashlib.sha256(raw).hexdigest()
    leaf, fault = _read_leaf(content) if is_untouched else _judge(content, now)
    return Held(
        path=path,
        content=content,
        mode=files.mode(path),
        leaf=leaf,
        fault=fault,
        is_ours=known is not None,
        is_untouched=is_untouched,
    )


def has_right_mode(held: Held) -> bool:
    """Whether nobody but root may read it."""
    return held.mode == ROOT_ONLY


def _read_leaf(content: str) -> tuple[Certificate | None, str]:
    try:
        blocks = [block for block in parse_blocks(content, "") if block.label == CERTIFICATE]
        return parse_certificates(tuple(blocks[:1]), "")[0], ""
    except InvalidInput as error:
        return None, _causes(error)


def _judge(content: str, now: datetime) -> tuple[Certificate | None, str]:
    try:
        bundle = parse(content, name="", path="")
        faults = bundle.check((), now, "")
    except InvalidInput as error:
        return None, _causes(error)
    if faults:
        return None, "; ".join(fault.cause for fault in faults)
    return bundle.leaf, ""


def _causes(error: InvalidInput) -> str:
    return "; ".join(fault.cause for fault in error.faults)
