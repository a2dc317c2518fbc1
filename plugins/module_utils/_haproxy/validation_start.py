# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real start of a candidate, where it can touch nothing.

In namespaces of its own for mounts, network and processes: it sees no address of the host, so it
cannot take a port (with `SO_REUSEPORT` it would share live traffic); /run and every folder in which
it makes UNIX sockets are empty copies, so it cannot take the place of a live socket, nor log; and
it dies with its parent. It is fit when its worker answers, which is after chroot, user and limits.
That is asked through the master socket in the trial's working folder: a UNIX socket with a path can
be reached from another network namespace, and /proc/PID/cwd keeps the path short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._core.errors import Refused, Unavailable
from .._core.ports import Ports
from .candidate import to_text
from .masking import hide
from .master import is_alive
from .process import Service, relevant
from .runtime import parse_info
from .validation_lines import lines_of, socket_folders

START_SECONDS = 120
PAUSE_SECONDS = 0.02
ASK_SECONDS = 1.0
"""From 3.2 on, what is asked of a worker before it is ready may never be answered: ask again."""

CANNOT_JUDGE_RC = 77
SOCKET_NAME = "master.sock"

LAUNCH = """\
cd "$1" || exit 1
shift
timeout --signal=KILL "$@" </dev/null >words 2>&1 &
echo $!
"""
"""Start in the background, in the trial's folder, with an end even if nobody comes back for it."""

ISOLATED = """\
set -u
config=$1 limit=$2 socket=$3
shift 3
for folder in "$@"; do
    folder=$(readlink -f "$folder") || continue
    if [ -d "$folder" ] && [ "$folder" != /run ]; then
        echo "$(stat -c 'uid=%u,gid=%g,mode=%a' "$folder") $folder"
    fi
done | sort -u -k 2 >folders
mount -t tmpfs -o mode=0755 hitless-edge /run || exit 77
while read -r options folder; do
    mkdir -p "$folder" && mount -t tmpfs -o "$options" hitless-edge "$folder" || exit 77
done <folders
echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind || exit 77
if [ -e /proc/sys/net/ipv6/ip_nonlocal_bind ]; then
    echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind || exit 77
fi
unset NOTIFY_SOCKET
if [ -n "$limit" ] && prlimit --nofile="$limit" true 2>/dev/null; then
    exec prlimit --nofile="$limit" haproxy -Ws -dr -f "$config" -S "unix@$socket"
fi
exec haproxy -Ws -dr -f "$config" -S "unix@$socket"
"""
UNRESOLVED = re.compile(
    r"could not resolve address|can't resolve|invalid address: '[^']*' in", re.I
)
BLAMED = {
    "Cannot chroot": ("chroot",),
    "FD limit": ("maxconn", "ulimit-n"),
    "Cannot set uid": ("user", "uid"),
    "Cannot set gid": ("group", "gid"),
}
"""Alerts without a line -> the settings of `global` that they are about."""

NOT_HERE = {"namespace", "interface"}
"""Options of a `bind` or `server` that name things of the real network namespace."""


def demand_start(
    service: Service, text: str, folder: str, prefix: tuple[str, ...]
) -> tuple[str, ...]:
    """Start the candidate that lies in ``folder`` and stop it once it serves.

    ``prefix``: the command that makes the namespaces and shows the candidate at its final paths.
    Returns why it could not be judged, as warnings.
    Raises: `Refused` with HAProxy's words when it does not come up.
    """
    folders = socket_folders(text)
    reason = _why_not(text) or _in_the_way(service, folder, folders)
    if reason:
        return (f"the candidate was not started for a trial: {reason}",)
    command = (
        *("sh", "-c", LAUNCH, "sh", folder, str(START_SECONDS), *prefix),
        *("sh", "-c", ISOLATED, "sh", service.layout.config, service.open_files() or ""),
        *(SOCKET_NAME, *folders),
    )
    pid = int(service.ports.runner.run(command).stdout)
    trial = _Trial(service.ports, pid, folder, service.layout.config, text)
    try:
        return trial.judged()
    finally:
        trial.stop()


def _why_not(text: str) -> str:
    for line in lines_of(text):
        if line.words[0] == "program":
            return f"its {line} would run a second time"
        if line.words[0] == "external-check":
            return f"its {line} would run commands"
        if line.words[0] in ("bind", "server") and NOT_HERE.intersection(line.words[2:]):
            return f"its {line} needs the host's own network"
    return ""


def _in_the_way(service: Service, folder: str, folders: tuple[str, ...]) -> str:
    """Why hiding the folders of the sockets would hide the config, if it would."""
    for path in (service.layout.config, folder):
        for hidden in (*folders, "/run"):
            if path.startswith(f"{hidden.rstrip('/')}/"):
                return f"it makes sockets in {hidden}, which also holds {path}"
    return ""


def _blamed(words: str, path: str, text: str) -> list[tuple[int, str]]:
    """The lines behind alerts that name none, told in HAProxy's own form, ``[path:line]``."""
    keywords = {key for alert, keys in BLAMED.items() if alert in words for key in keys}
    return [
        (line.number, f"[{path}:{line.number}] : {line}")
        for line in lines_of(text)
        if line.section[:1] == ("global",) and line.words[0] in keywords
    ]


@dataclass(frozen=True)
class _Trial:
    ports: Ports
    pid: int
    folder: str
    config: str
    text: str

    def judged(self) -> tuple[str, ...]:
        deadline = self.ports.clock.monotonic() + START_SECONDS
        while self.ports.clock.monotonic() < deadline:
            if self._serves():
                return ()
            if not is_alive(self.ports.files, self.pid):
                return self._ended()
            self.ports.clock.sleep(PAUSE_SECONDS)
        raise Refused(f"HAProxy does not come up with the config within {START_SECONDS} s")

    def _serves(self) -> bool:
        path = f"/proc/{self.pid}/cwd/{SOCKET_NAME}"
        try:
            parse_info(self.ports.socket.ask(path, "@1 show info\n", timeout_seconds=ASK_SECONDS))
        except (Unavailable, Refused):
            return False
        return True

    def _ended(self) -> tuple[str, ...]:
        words = relevant(to_text(self.ports.files.read(f"{self.folder}/words") or b""))
        if UNRESOLVED.search(words) or "[ALERT]" not in words:
            return (f"the candidate could not be started for a trial: {hide(words, self.text)}",)
        located = _blamed(words, self.config, self.text)
        raise Refused(
            "HAProxy accepts the config and does not come up with it; what runs was not touched",
            hide("\n".join([words, *(told for _unused, told in located)]), self.text),
            lines=[number for number, _unused in located],
            check="start",
        )

    def stop(self) -> None:
        """End the whole process group; with it go the namespaces."""
        self.ports.runner.run(["kill", "-KILL", "--", f"-{self.pid}"])
