# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``cli.ini``: what somebody told certbot for all of its runs, ours among them.

For a renewal it goes over what the file of the lineage says, so over what was set for the wished
certificates. Source: certbot 5.8 `_internal/constants.py`, `_internal/renewal.py`; ConfigArgParse
1.7 `DefaultConfigFileParser`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._acme.wish import Lineage
from .._core.errors import Fault
from .._core.ports import Files
from .lineages import CONFIG

PATHS = (f"{CONFIG}/cli.ini", "/root/.config/letsencrypt/cli.ini")
"""certbot reads both as root, wherever it is told that its folder is."""
LONGEST = 65_536

_LINE = re.compile(r"(?!---)-{0,2}(?P<key>[^:=;#\[\s-][^:=;#\s]*)(?:\s*[:=\s]\s*(?P<value>.*))?")
_COMMENT = re.compile(r"\s[;#].*")
_OFF = frozenset({"false", "no", "off", "0"})
_SWITCHES = frozenset(
    {"standalone", "webroot", "nginx", "apache", "manual", "staging", "test-cert", "dry-run"}
    | {"force-renewal", "renew-by-default", "no-autorenew", "no-directory-hooks"}
    | {"allow-subset-of-names", "break-my-certs"}
)
_VALUES = frozenset(
    {"authenticator", "configurator", "installer", "manual-auth-hook", "preferred-challenges"}
    | {"server", "account", "config-dir", "key-type"}
    | {"preferred-chain", "preferred-profile", "required-profile"}
    | {"cert-name", "domain", "domains", "ip-address", "csr"}
)
_DNS_PLUGIN = re.compile(r"dns-[a-z0-9]+")
_REMEDY = (
    f"remove it; what lineages of your own need of it belongs in their files in {CONFIG}/renewal"
)


@dataclass(frozen=True)
class Setting:
    """One line. ``place``: path and number; ``value``: empty for a switch without one."""

    place: str
    key: str
    value: str

    @property
    def is_on(self) -> bool:
        """Whether a switch is switched on by it."""
        return self.value.lower() not in _OFF

    @property
    def is_ours_to_say(self) -> bool:
        """Whether it changes what is set for each renewal."""
        is_switch = self.key in _SWITCHES or _DNS_PLUGIN.fullmatch(self.key) is not None
        return self.key in _VALUES or (is_switch and self.is_on)


def read_settings(files: Files) -> tuple[Setting, ...]:
    """All lines that say something."""
    return tuple(setting for path in PATHS for setting in _read(files, path))


def faults_of_settings(
    files: Files, lineages: Iterable[Lineage], directory: str
) -> tuple[Fault, ...]:
    """What would have these lineages renewed otherwise than wished, where it stands.

    What a user says as well as we do changes nothing.
    """
    kinds = {one.key_type.value for one in lineages}
    agreed = {"server": directory, "authenticator": "manual"}
    if len(kinds) == 1:
        agreed["key-type"] = kinds.pop()
    return tuple(
        Fault(one.place, f"{one.key} goes over what is set for the wished certificates", _REMEDY)
        for one in read_settings(files)
        if one.is_ours_to_say and agreed.get(one.key) != one.value
    )


def _read(files: Files, path: str) -> Iterator[Setting]:
    try:
        raw = files.read(path) or b""
    except OSError:  # a folder
        return
    lines = raw[:LONGEST].decode(errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line.strip())
        if found:
            value = _COMMENT.sub("", found["value"] or "").strip().strip("\"'")
            yield Setting(f"{path}:{number}", found["key"], value)
