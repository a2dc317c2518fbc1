# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else renews certificates on a host: the cron entries and timers of a set-up made by hand.

The well-known tutorial ends in a cron job that stops HAProxy, runs certbot and starts HAProxy. Left
in place on a host that was taken over, it drops requests for a renewal that nobody needs any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from .._core.errors import Refused
from .._core.ports import Files, Ports

CRONTABS = "/var/spool/cron/crontabs"
TIMERS = "/etc/systemd/system/timers.target.wants"
UNITS = "/etc/systemd/system"
BACKUPS = "/var/backups/hitless-edge"
PERIODS = ("hourly", "daily", "weekly", "monthly")
TIMERS_OF_CLIENTS = ("certbot.timer", "certbot-renew.timer", "snap.certbot.renew.timer")
LONGEST_SCRIPT = 65536

_CLIENT = re.compile(r"(?<![\w.-])(certbot|certbot-auto|letsencrypt|acme\.sh|dehydrated|lego)\b")
_STOPS = re.compile(
    r"(systemctl\s+(\S+\s+)*(stop|restart)\s+(\S+\s+)*haproxy|service\s+haproxy\s+(stop|restart)"
    r"|init\.d/haproxy\s+(stop|restart))"
)
_SETTING = re.compile(r"[A-Za-z_]\w*\s*=")
_PATH = re.compile(r"(?<![\w.=-])/[\w./-]+")
_ASLEEP = "! -d /run/systemd/system"
"""By which the entry of Debian's package does nothing where systemd's timer does its work."""
_OURS = "hitless-edge"


class Kind(Enum):
    """Where an entry stands, and so how it is removed."""

    LINE = "cron"
    CRONTAB = "crontab"
    SCRIPT = "script"
    TIMER = "timer"


@dataclass(frozen=True)
class OldRenewal:
    """One entry. ``line``: from 1; 0 for a whole file or unit. ``stops``: HAProxy, that is."""

    kind: Kind
    path: str
    line: int
    text: str
    stops: bool = False

    @property
    def place(self) -> str:
        """As an editor opens it."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def words(self) -> str:
        """For a person."""
        harm = " and stops HAProxy for it" if self.stops else ""
        return f"{self.place} renews certificates too{harm}: {self.text}"


def find(files: Files) -> tuple[OldRenewal, ...]:
    """All entries, in the order in which cron and systemd keep them."""
    return tuple(_find(files))


def _find(files: Files) -> Iterator[OldRenewal]:
    names = files.names("/etc/cron.d")
    for path in ("/etc/crontab", *(f"/etc/cron.d/{name}" for name in names)):
        yield from _lines(files, Kind.LINE, path)
    own = (f"{CRONTABS}/{name}" for name in files.names(CRONTABS))
    for path in (*own, "/var/spool/cron/root"):
        yield from _lines(files, Kind.CRONTAB, path)
    for period in PERIODS:
        yield from _scripts(files, f"/etc/cron.{period}")
    for timer in TIMERS_OF_CLIENTS:
        if timer in files.names(TIMERS) and not _is_ours(files, timer):
            yield OldRenewal(Kind.TIMER, timer, 0, f"{timer} is enabled")


def _lines(files: Files, kind: Kind, path: str) -> Iterator[OldRenewal]:
    for number, line in enumerate(_text(files, path).splitlines(), start=1):
        text = line.strip()
        if text.startswith("#") or _SETTING.match(text) or _ASLEEP in text.replace("\\", ""):
            continue
        said = "\n".join([text, *_called(files, text)])
        if _renews(said):
            yield OldRenewal(kind, path, number, text, bool(_STOPS.search(said)))


def _scripts(files: Files, folder: str) -> Iterator[OldRenewal]:
    for name in files.names(folder):
        path = f"{folder}/{name}"
        said = _text(files, path)
        code = "\n".join(line for line in said.splitlines() if not line.lstrip().startswith("#"))
        if _renews(code):
            yield OldRenewal(
                Kind.SCRIPT, path, 0, f"a script of {folder}", bool(_STOPS.search(code))
            )


def _called(files: Files, command: str) -> Iterable[str]:
    """The scripts that a command names; a tutorial's renewal often is one."""
    for path in _PATH.findall(command):
        text = _text(files, path)
        if text.startswith("#!"):
            yield from (line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _renews(text: str) -> bool:
    return bool(_CLIENT.search(text)) and _OURS not in text


def _text(files: Files, path: str) -> str:
    try:
        raw = files.read(path) or b""
    except OSError:  # a folder, a socket, a device
        return ""
    return raw[:LONGEST_SCRIPT].decode(errors="replace")


def _is_ours(files: Files, timer: str) -> bool:
    service = timer.replace(".timer", ".service")
    additions = f"{UNITS}/{service}.d"
    paths = [f"{UNITS}/{service}", *(f"{additions}/{name}" for name in files.names(additions))]
    return any(_OURS in _text(files, path) for path in paths)


def remove(ports: Ports, entries: Iterable[OldRenewal]) -> None:
    """Remove them; what was in the files is kept in `BACKUPS`.

    Raises: `Refused` with the words of ``systemctl`` or ``crontab``.
    """
    by_path: dict[str, list[OldRenewal]] = {}
    for entry in entries:
        by_path.setdefault(entry.path, []).append(entry)
    for path, found in by_path.items():
        if found[0].kind is Kind.TIMER:
            _call(ports, ["systemctl", "disable", "--now", path])
            continue
        content = ports.files.read(path) or b""
        _keep(ports.files, path, content)
        if found[0].kind is Kind.SCRIPT:
            ports.files.remove(path)
        else:
            _rewrite(ports, found, content.decode(errors="surrogateescape"))


def _keep(files: Files, path: str, content: bytes) -> None:
    files.make_directory(BACKUPS)
    files.write(f"{BACKUPS}/{path.strip('/').replace('/', '_')}", content)


def _rewrite(ports: Ports, found: list[OldRenewal], content: str) -> None:
    numbers = {entry.line for entry in found}
    lines = content.splitlines(keepends=True)
    left = "".join(line for number, line in enumerate(lines, start=1) if number not in numbers)
    path = found[0].path
    if found[0].kind is Kind.CRONTAB:
        user = path.rpartition("/")[2]
        _call(ports, ["crontab", "-u", user, "-"], left)
    else:
        mode = ports.files.mode(path) or 0o644
        ports.files.write(path, left.encode(errors="surrogateescape"), mode=mode)


def _call(ports: Ports, argv: list[str], stdin: str = "") -> None:
    done = ports.runner.run(argv, stdin=stdin)
    if done.rc != 0:
        raise Refused(f"{' '.join(argv)} failed", done.words)
