# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hooks of an earlier set-up that stop HAProxy for a renewal.

certbot would run them for every lineage that it renews, ours among them. Source: certbot 5.8
`_internal/hooks.py`, and its documentation of ``cli.ini``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.errors import Fault
from .._core.ports import Files
from .cli_ini import read_settings

FOLDERS = ("pre", "deploy", "post")
LONGEST = 65_536

_STOPS = re.compile(
    r"^[^\n#]*\b(systemctl|service|rc-service|init\.d)\b[^\n#]*"
    r"(\bhaproxy\b[^\n#]*\b(stop|restart)|\b(stop|restart)\b[^\n#]*\bhaproxy)\b",
    re.MULTILINE,
)
_HOOKS = frozenset({"pre-hook", "post-hook", "deploy-hook", "renew-hook"})
_REMEDY = "remove it: HAProxy answers the challenges itself, and takes the result without a restart"


def faults_of_hooks(files: Files, config: str) -> tuple[Fault, ...]:
    """What would stop HAProxy at each renewal, where it stands."""
    return tuple(_faults(files, config))


def _faults(files: Files, config: str) -> Iterator[Fault]:
    for folder in FOLDERS:
        for name in files.names(f"{config}/renewal-hooks/{folder}"):
            path = f"{config}/renewal-hooks/{folder}/{name}"
            if _STOPS.search(_text(files, path)):
                yield Fault(path, "stops HAProxy at each renewal", _REMEDY)
    for setting in read_settings(files):
        if setting.key in _HOOKS and _STOPS.search(setting.value):
            yield Fault(setting.place, "stops HAProxy at each renewal", _REMEDY)


def _text(files: Files, path: str) -> str:
    try:
        raw = files.read(path) or b""
    except OSError:  # a folder
        return ""
    return raw[:LONGEST].decode(errors="replace")
