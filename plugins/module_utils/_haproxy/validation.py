# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a candidate fit to serve? Nothing that is live is touched to find out.

`haproxy -c` says yes to configs that a reload refuses, some of which take the service down, so
three questions are asked, the quickest first:

1. Does HAProxy accept the text? (`haproxy -c`, with the candidate seen at its final paths)
2. Does this host have what it binds? (`validation_binds`)
3. Does HAProxy come up with it? (a real start in private namespaces, `validation_start`)
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from .._core.errors import EdgeError, Refused
from .._core.ports import Ports
from .candidate import Candidate, read_folder, read_live, to_bytes
from .layout import Layout
from .masking import hide
from .process import Service, relevant
from .validation_binds import Ours, demand_bindable
from .validation_lines import lines_of
from .validation_start import demand_start

CHECK_SECONDS = 120.0
"""Ten thousand certificates take 11 s on Debian 12."""

IN_PLACE_NAME = "in-place.cfg"

SEEN_AT_ITS_PATHS = """\
set -eu
folder=$1 name=$2 maps=$3 candidate=$4
shift 4
mkdir -p "$candidate/live"
mount --bind "$folder" "$candidate/live"
mount -t tmpfs -o mode=0755 hitless-edge "$folder"
ln -s "$candidate/live"/* "$folder"
rm -f "$folder/$name" "$folder/$maps"
mkdir "$folder/$maps"
for map in "$candidate/live/$maps"/* "$candidate/maps"/*; do
    if [ -e "$map" ]; then ln -sf "$map" "$folder/$maps/"; fi
done
ln -s "$candidate/haproxy.cfg" "$folder/$name"
exec "$@"
"""
"""In a mount namespace of its own: lay the candidate over the live folder, then run the rest."""

NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork")
WORDS_LINE = re.compile(r"\[[^]\s]*:(\d+)\]")


def lines_named(words: str) -> list[int]:
    """The lines of the config that HAProxy's words name, each once, in their order."""
    return list(dict.fromkeys(int(number) for number in WORDS_LINE.findall(words)))


@dataclass(frozen=True)
class Trial:
    """A candidate, written to a private folder of this run.

    ``deep``: ask all three questions; the first suffices where the running config stays.
    """

    ports: Ports
    layout: Layout
    candidate: Candidate
    deep: bool = True

    def run(self) -> tuple[str, ...]:
        """Ask; returns warnings about what could not be asked on this host.

        Raises: `Refused` with HAProxy's own words and the lines that they name.
        """
        self._demand_our_lines()
        folder = f"{self.ports.files.scratch()}/candidate"
        self.candidate.write(self.ports.files, folder)
        try:
            return self._questions(folder)
        finally:
            self.ports.files.remove(folder)

    def _questions(self, folder: str) -> tuple[str, ...]:
        reason = self._why_no_namespaces()
        if reason:
            self._demand_accepted(self._in_place(folder), folder)
        else:
            argv = self._seen(folder, "haproxy", "-c", "-f", self.layout.config)
            self._demand_accepted(argv, folder)
        if not self.deep:
            return ()
        service = Service(self.ports, self.layout)
        warnings = demand_bindable(
            self.ports, self.candidate.config, self._ours(service), path=self.layout.config
        )
        if reason:
            return (
                *warnings,
                f"the candidate was not started for a trial: no private namespaces here ({reason})",
            )
        argv = (*NAMESPACES[:1], "--kill-child", *NAMESPACES[1:], *self._view(folder))
        return (*warnings, *demand_start(service, self.candidate.config, folder, argv))

    def _ours(self, service: Service) -> Ours:
        files = self.ports.files
        known = (read_live(files, self.layout), read_folder(files, self.layout.previous))
        return Ours.of(service.processes(), [one.config for one in known if one])

    def _demand_our_lines(self) -> None:
        lines = [line.words for line in lines_of(self.candidate.config)]
        if not any(line[:3] == ("stats", "socket", self.layout.runtime_socket) for line in lines):
            raise Refused(
                f"the global section has no line `stats socket {self.layout.runtime_socket} level "
                "admin`, without which nobody can tell what the process serves"
            )

    def _why_no_namespaces(self) -> str:
        try:
            done = self.ports.runner.run([*NAMESPACES, "true"])
        except EdgeError as error:
            return error.message
        return "" if done.rc == 0 else done.words or "refused"

    def _view(self, folder: str) -> tuple[str, ...]:
        live, name = posixpath.split(self.layout.config)
        maps = posixpath.basename(self.layout.maps)
        return ("sh", "-c", SEEN_AT_ITS_PATHS, "sh", live, name, maps, folder)

    def _seen(self, folder: str, *argv: str) -> tuple[str, ...]:
        return ("unshare", "--mount", *self._view(folder), *argv)

    def _in_place(self, folder: str) -> tuple[str, ...]:
        """Check where the candidate lies, with the paths of its maps turned to it."""
        text = self.candidate.config
        for name in self.candidate.maps:
            text = text.replace(f"{self.layout.maps}/{name}", f"{folder}/maps/{name}")
        path = f"{folder}/{IN_PLACE_NAME}"
        self.ports.files.write(path, to_bytes(text))
        return ("haproxy", "-c", "-f", path)

    def _demand_accepted(self, argv: tuple[str, ...], folder: str) -> None:
        done = self.ports.runner.run(argv, timeout_seconds=CHECK_SECONDS)
        if done.rc != 0:
            words = relevant(done.words).replace(f"{folder}/{IN_PLACE_NAME}", self.layout.config)
            words = words.replace(f"{folder}/maps", self.layout.maps)
            words = hide(words, self.candidate.config)
            raise Refused(
                "HAProxy refuses the config; what runs was not touched",
                words,
                lines=lines_named(words),
                check="haproxy -c",
            )
