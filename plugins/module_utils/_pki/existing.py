# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates with their keys that somebody else put on this host.

```
FOLDER/NAME/{privkey,fullchain}.pem    as certbot keeps them
FOLDER/FILE                            key and certificates in one PEM, as HAProxy loads them
```
What we delivered ourselves is no certificate made by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._core.errors import InvalidInput
from .._core.ports import Files
from .bundle import Bundle, parse

KEY, CHAIN = "privkey.pem", "fullchain.pem"
MANIFEST = ".hitless-edge.json"
_SERVER = re.compile(r"^server\s*=\s*(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """What lies at a path. ``bundle``: ``None`` if there is a ``fault``.

    ``directory``: of the CA, where certbot noted it.
    """

    path: str
    bundle: Bundle | None
    fault: str = ""
    directory: str = ""

    @property
    def stem(self) -> str:
        """What whoever put it there called it."""
        return self.path.rpartition("/")[2].removesuffix(".pem")


def read_existing(files: Files, folders: Sequence[str]) -> tuple[Candidate, ...]:
    """All that lies in these folders, what cannot be used with the reason."""
    return tuple(one for folder in folders for one in _read_folder(files, folder))


def _read_folder(files: Files, folder: str) -> Iterator[Candidate]:
    delivered = _delivered(files, folder)
    for name in files.names(folder):
        if not name.startswith(".") and name not in delivered:
            yield from _read_entry(files, folder, name)


def _read_entry(files: Files, folder: str, name: str) -> Iterator[Candidate]:
    path = f"{folder}/{name}"
    try:
        key, chain = files.read(f"{path}/{KEY}"), files.read(f"{path}/{CHAIN}")
        if key is not None and chain is not None:
            yield _read_candidate(path, key + b"\n" + chain, _noted_directory(files, path))
        elif not files.names(path):
            yield _read_candidate(path, files.read(path) or b"", "")
    except OSError as error:
        yield Candidate(path, None, f"cannot be read: {error.strerror}")


def _read_candidate(path: str, content: bytes, directory: str) -> Candidate:
    try:
        bundle = parse(content.decode(errors="replace"), name="", path=path)
    except InvalidInput as error:
        causes = "; ".join(fault.cause for fault in error.faults)
        return Candidate(path, None, f"is not to be used: {causes}")
    return Candidate(path, bundle, directory=directory)


def _noted_directory(files: Files, path: str) -> str:
    """The CA of a lineage of certbot, from ``renewal/NAME.conf`` beside ``live/NAME``."""
    live, _unused, name = path.rpartition("/")
    above = live.rpartition("/")[0]
    found = _SERVER.search((files.read(f"{above}/renewal/{name}.conf") or b"").decode("latin-1"))
    return found[1] if found else ""


def _delivered(files: Files, folder: str) -> frozenset[str]:
    """The files of a folder of HAProxy's that we put there."""
    try:
        return frozenset(json.loads(files.read(f"{folder}/{MANIFEST}") or b"{}")["files"])
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return frozenset()
