# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A config with its maps, as a value and as a folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._core.ports import Files
from .layout import Layout

CONFIG_NAME = "haproxy.cfg"
WISH_NAME = "wish.json"
CONFIG_MODE = 0o640
"""A config may hold passwords (`userlist`, `stats auth`); HAProxy reads it as root."""

MAP_MODE = 0o644
SHOWN_LINES = 100
DESCRIPTION = re.compile(r"^\s*description\s+hitless\.edge\s+([0-9a-f]{16})\s*$", re.MULTILINE)


def to_text(content: bytes) -> str:
    """Text that `to_bytes` gives back byte for byte."""
    return content.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """The bytes of a text."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Candidate:
    """What HAProxy shall load. ``maps``: file name -> content."""

    config: str = field(repr=False)
    maps: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def digest(self) -> str | None:
        """The digest that the config holds; ``None`` if it is not ours."""
        found = DESCRIPTION.search(self.config)
        return found.group(1) if found else None

    def write(self, files: Files, folder: str) -> None:
        """Make a folder that holds just this; its list comes last and makes it complete."""
        files.remove(folder)
        files.make_directory(folder)
        files.make_directory(f"{folder}/maps")
        for name, content in self.maps.items():
            files.write(f"{folder}/maps/{name}", to_bytes(content), mode=MAP_MODE)
        files.write(f"{folder}/{CONFIG_NAME}", to_bytes(self.config), mode=CONFIG_MODE)
        files.write(f"{folder}/{WISH_NAME}", json.dumps(self._wish(), indent=1).encode())

    def install(self, files: Files, layout: Layout) -> None:
        """Put this where HAProxy reads it: maps first, since the config needs them."""
        self.install_maps(files, layout, self.maps)
        if files.read(layout.config) != to_bytes(self.config):
            files.write(layout.config, to_bytes(self.config), mode=CONFIG_MODE)

    def install_maps(self, files: Files, layout: Layout, names: Iterable[str]) -> None:
        """Put these maps where HAProxy reads them."""
        if files.mode(layout.maps) is None:
            files.make_directory(layout.maps, mode=0o755)
        for name in names:
            content = to_bytes(self.maps[name])
            if files.read(f"{layout.maps}/{name}") != content:
                files.write(f"{layout.maps}/{name}", content, mode=MAP_MODE)

    def _wish(self) -> dict[str, object]:
        maps = {name: _sha256(content) for name, content in sorted(self.maps.items())}
        return {"config": _sha256(self.config), "digest": self.digest, "maps": maps}


def _sha256(text: str) -> str:
    return hashlib.sha256(to_bytes(text)).hexdigest()


def read_folder(files: Files, folder: str) -> Candidate | None:
    """The candidate of a folder; ``None`` if there is none, or one half written."""
    wish = files.read(f"{folder}/{WISH_NAME}")
    config = files.read(f"{folder}/{CONFIG_NAME}")
    if wish is None or config is None:
        return None
    candidate = Candidate(to_text(config), _maps(files, f"{folder}/maps"))
    return candidate if json.loads(wish) == candidate._wish() else None


def read_live(files: Files, layout: Layout) -> Candidate | None:
    """What is on disk for HAProxy to load; ``None`` if there is no config."""
    config = files.read(layout.config)
    return None if config is None else Candidate(to_text(config), _maps(files, layout.maps))


def _maps(files: Files, folder: str) -> dict[str, str]:
    names = [name for name in files.names(folder) if name.endswith(".map") and name[0] != "."]
    contents = {name: files.read(f"{folder}/{name}") for name in names}
    return {name: to_text(content) for name, content in contents.items() if content is not None}


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines of two texts that only one has, for a diff; the first hundred of each."""
    old, new = before.splitlines(), after.splitlines()
    in_old, in_new = set(old), set(new)
    gone = [line for line in old if line not in in_new]
    come = [line for line in new if line not in in_old]
    if not gone and not come and old != new:
        gone, come = old, new
    return _capped(gone), _capped(come)


def _capped(lines: list[str]) -> str:
    more = len(lines) - SHOWN_LINES
    shown = [*lines[:SHOWN_LINES], *([f"(and {more} more lines)"] if more > 0 else [])]
    return "".join(f"{line}\n" for line in shown)
