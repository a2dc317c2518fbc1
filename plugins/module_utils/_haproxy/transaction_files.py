# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a config names and HAProxy reads once, at its start."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from datetime import datetime

from .._core.ports import Files
from .layout import Layout
from .validation_lines import lines_of

FOLLOWS = frozenset(
    [
        *("ca-file", "ca-sign-file", "ca-verify-file", "config", "crl-file", "crt", "crt-list"),
        *("errorfile", "file", "-f", "lf-file", "lua-load", "lua-load-per-thread"),
        *("ssl-dh-param-file", "ssl-default-bind-client-sigalgs-file", "tls-ticket-keys"),
    ]
)
"""Words after which a path comes (`errorfile`: after its status)."""

BASES = {"crt": "crt-base", "ca-file": "ca-base", "crl-file": "ca-base"}
MAP = re.compile(r"\bmap(?:_[a-z_]+)?\((/[^,)]+)")


def named_files(text: str) -> Iterator[str]:
    """The paths, as written; each is a file or a folder, or not there at all."""
    bases: dict[str, str] = {}
    for line in lines_of(text):
        words = line.words
        if words[0] in BASES.values() and len(words) > 1:
            bases[words[0]] = words[1]
        for index, word in enumerate(words[:-1]):
            if word in FOLLOWS:
                path = words[min(index + 1 + (word == "errorfile"), len(words) - 1)]
                yield posixpath.join(bases.get(BASES.get(word, ""), ""), path)
        for word in words:
            yield from MAP.findall(word)


def newer_files(files: Files, layout: Layout, text: str, since: datetime) -> tuple[str, ...]:
    """The named files that changed in or after this second.

    Bundles and our maps are not among them: they change in the running process as well.
    """
    ours = (f"{layout.certificates}/", f"{layout.maps}/")
    paths = {path for path in named_files(text) if path.startswith("/")}
    times = {
        path: files.modified(path)
        for path in sorted(paths)
        if not path.startswith(ours) and path != layout.certificates
    }
    return tuple(path for path, time in times.items() if time is not None and time >= since)
