# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A HAProxy service in memory, with the manners of 2.6 and of 3.0, and its host.

What a config does to it is written in the config: see the constants. Answers are real ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Unavailable
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed, HttpAnswer
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.live_maps import parse_map
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.validation_start import LAUNCH
from fakes import FakeHost

BROKEN_LINE = "    bogus line\n"
"""Refused by `haproxy -c`."""
PORT_IN_USE = "listen taken\n    bind :22\n"
"""Refused by a reload, after which the old worker serves; `ss` shows who holds the port."""
NO_CHROOT = "    chroot /nonexist\n"
"""Kills the whole service after the fork."""
FRAIL = "# dies a moment after the reload was answered\n"
UNHEALTHY = "    monitor fail if TRUE\n"
"""Serves, and answers 503 to the probe."""

LAYOUT = Layout()
STAT = b"%d (haproxy) S 1 1"
ALERTS = {
    PORT_IN_USE: "[ALERT]    (9) : Binding [/etc/haproxy/haproxy.cfg:9] for proxy taken: cannot"
    " bind socket (Address already in use) for [0.0.0.0:22]",
    NO_CHROOT: "[ALERT]    (9) : [haproxy.main()] Cannot chroot(/nonexist).",
    FRAIL: "[ALERT]    (9) : exit-on-failure: killing every processes with SIGTERM",
}
SS_OTHERS = 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=77,fd=3))\n'
SS_HAPROXY = "LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\nLISTEN 0 128 127.0.0.1:8404 0.0.0.0:*\n"
IP = '[{"flags": ["LOOPBACK"], "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}]}]'
PLAIN = """\
global
    description hitless.edge 0000000000000000
    stats socket /run/haproxy/admin.sock user root group haproxy mode 660 level admin
frontend http
    bind :80
    http-request set-var(txn.site) req.hdr(host),map(/etc/haproxy/maps/sites.map)
listen ops
    bind 127.0.0.1:8404
    monitor-uri /healthz
"""


def config(addition: str = "") -> str:
    """A sealed config: what runs, with something at its end."""
    text = PLAIN + addition
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return text.replace("0" * 16, digest)


def digest_of(text: str) -> str:
    """The digest that a config holds."""
    found = re.search(r"hitless\.edge ([0-9a-f]{16})", text)
    return found.group(1) if found else ""


@dataclass
class FakeHaproxy:
    """One service. ``synchronous``: answers a reload as 3.0 does, else as 2.6.

    ``silence``: how often the master's socket is shut after a reload of 2.6. ``trial_words``: what
    a trial says as it ends, whatever its config. ``trial_is_mute``: it runs, without any worker.
    ``fails``: how many of the next reloads fail, whatever their config.
    """

    synchronous: bool = True
    silence: int = 2
    host: FakeHost = field(default_factory=FakeHost)
    loaded: str = ""
    maps: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    pending: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    master: int = 0
    worker: int = 0
    reloads: int = 0
    failed: int = 0
    shut: int = 0
    starts: int = 0
    trials: list[str] = field(default_factory=list)
    journal: str = ""
    refuses_maps: bool = False
    fails: int = 0
    namespaces: bool = True
    trial_words: str = ""
    trial_is_mute: bool = False
    installed: bool = True

    def __post_init__(self) -> None:
        self.host.runner.answer = self._run

    def write(self, text: str, maps: dict[str, str]) -> None:
        """Put a config and maps on disk."""
        self.host.files.write(LAYOUT.config, text.encode())
        for name, content in maps.items():
            self.host.files.write(f"{LAYOUT.maps}/{name}", content.encode())

    def start(self) -> None:
        """What the service manager does."""
        self.starts += 1
        self._die()
        text = self._disk()
        if NO_CHROOT in text or PORT_IN_USE in text:
            self.journal += self._alert(text)
            return
        self.master, self.reloads, self.failed = self._new_pid(), 0, 0
        self._serve(text)

    def _new_pid(self) -> int:
        pid = 100 + self.starts * 10 + self.reloads
        self.host.files.content[f"/proc/{pid}/stat"] = STAT % pid
        return pid

    def _disk(self) -> str:
        return self.host.files.content[LAYOUT.config].decode()

    def _serve(self, text: str) -> None:
        self.worker = 1000 + self.starts * 100 + self.reloads
        self.loaded = text
        prefix = f"{LAYOUT.maps}/"
        self.maps = {
            path: parse_map(content.decode())
            for path, content in self.host.files.content.items()
            if path.startswith(prefix) and path in text
        }
        self.started = int(self.host.clock.now().timestamp())
        self.host.socket.servers[LAYOUT.runtime_socket] = self._runtime
        self.host.socket.servers[LAYOUT.master_socket] = self._master
        self.host.files.modes[LAYOUT.master_socket] = 0o600
        status = 503 if UNHEALTHY in text else 200
        answer = HttpAnswer(status, {}, b"")
        self.host.network.web["127.0.0.1", 8404] = lambda _host, _path: answer

    def _die(self) -> None:
        self.host.files.content.pop(f"/proc/{self.master}/stat", None)
        self.host.socket.servers.clear()
        self.host.network.web.clear()
        self.master = 0

    @staticmethod
    def _alert(text: str) -> str:
        return "".join(f"{alert}\n" for fault, alert in ALERTS.items() if fault in text)

    def _master(self, request: str) -> str:
        command = request.strip()
        if command == "reload":
            return self._reload()
        if self.shut > 0:
            self.shut -= 1
            raise Unavailable("connection refused")
        if command.startswith("@1 "):
            return self._runtime(command[3:] + "\n")
        assert command == "show proc", command
        return (
            "#<PID>          <type>          <reloads>       <uptime>        <version>\n"
            f"{self.master}  master  {self.reloads} [failed: {self.failed}]  0d00h00m01s  x\n"
            f"# workers\n{self.worker}  worker  0  0d00h00m01s  x\n"
            "# old workers\n17  worker  4  1d00h00m01s  x\n# programs\n\n"
        )

    def _reload(self) -> str:
        text = self._disk()
        self.reloads += 1
        self.shut = 0 if self.synchronous else self.silence
        if NO_CHROOT in text:
            self.journal += self._alert(text)
            self._die()
            return ""
        self.failed = int(PORT_IN_USE in text or self.fails > 0)
        self.fails = max(self.fails - 1, 0)
        if self.failed:
            self.journal += self._alert(text)
            return f"Success=0\n--\n{self._alert(text)}\n" if self.synchronous else "\n"
        self._serve(text)
        if FRAIL in text:
            self.journal += self._alert(text)
            self.host.socket.servers[LAYOUT.runtime_socket] = self._last_breath
        notice = "[NOTICE]   (9) : Loading success.\n[WARNING]  (9) : Former worker (8) exited\n"
        return f"Success=1\n--\n{notice}\n" if self.synchronous else "\n"

    def _last_breath(self, _request: str) -> str:
        self._die()
        raise Unavailable("connection refused")

    def _runtime(self, request: str) -> str:
        command, _unused, payload = request.partition("\n")
        words = command.split()
        if command == "show info":
            return (
                f"Name: HAProxy\nVersion: 3.0.11\nPid: {self.worker}\nUptime_sec: 1\n"
                f"Start_time_sec: {self.started}\n"
                f"description: hitless.edge {digest_of(self.loaded)}\n\n"
            )
        if command == "show map":
            rows = (f"{i} ({path}) loaded from file\n" for i, path in enumerate(self.maps))
            return "# id (file) description\n" + "".join(rows) + "\n"
        if words[:2] == ["show", "map"]:
            return "".join(f"0x5f {key} {value}\n" for key, value in self.maps[words[2]]) + "\n"
        if command == "show servers state":
            return "1\n# be_id be_name\n\n"
        return self._change_map(words, payload)

    def _change_map(self, words: Sequence[str], payload: str) -> str:
        path = words[-1] if words[-1] != "<<" else words[-2]
        if self.refuses_maps:
            return "Unknown map identifier. Please use #<id> or <file>.\n"
        if words[0] == "prepare":
            self.pending[path] = []
            return "New version created: 1\n\n"
        if words[0] == "add":
            self.pending[path] += parse_map(payload)
            return "\n"
        assert words[0] == "commit", words
        self.maps[path] = tuple(self.pending.pop(path))
        return "\n"

    def _run(self, argv: Sequence[str]) -> Completed:
        known = {"systemctl": self._systemctl, "unshare": self._unshare, "sh": self._launch}
        if argv[0] in known:
            return known[argv[0]](argv)
        if argv[0] == "haproxy":
            return self._command(argv, argv[-1])
        held = SS_OTHERS + SS_HAPROXY if self.master else SS_OTHERS
        said = {"ss": held if "-ltnp" in argv else "", "ip": IP, "journalctl": self.journal}
        return Completed(0, said.get(argv[0], ""), "")

    def _systemctl(self, argv: Sequence[str]) -> Completed:
        if argv[1] == "restart":
            self.start()
        return Completed(0, "active\n" if self.master else "failed\n", "")

    def _command(self, argv: Sequence[str], path: str) -> Completed:
        if not self.installed:
            raise Unavailable("there is no command haproxy on this host")
        if "-c" not in argv:
            return Completed(0, "HAProxy version 3.0.11\n", "")
        text = self.host.files.content[path].decode()
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            if line == BROKEN_LINE:
                seen = LAYOUT.config if argv[0] == "unshare" else path
                words = f"parsing [{seen}:{number}] : unknown keyword 'bogus'\n"
                return Completed(1, "", f"[NOTICE] (1) : x\n[ALERT] (1) : config : {words}")
        return Completed(0, "", "")

    def _unshare(self, argv: Sequence[str]) -> Completed:
        if not self.namespaces:
            return Completed(1, "", "unshare: unshare failed: Operation not permitted\n")
        if argv[-1] == "true":
            return Completed(0, "", "")
        return self._command(argv, f"{argv[9]}/haproxy.cfg")

    def _launch(self, argv: Sequence[str]) -> Completed:
        assert argv[2] == LAUNCH, argv
        folder, pid = argv[4], 5000 + len(self.trials)
        text = self.host.files.content[f"{folder}/haproxy.cfg"].decode()
        self.trials.append(text)
        if self.trial_words or NO_CHROOT in text:
            words = self.trial_words or self._alert(text)
            self.host.files.content[f"{folder}/words"] = words.encode()
            return Completed(0, f"{pid}\n", "")
        info = "Version: 3.0.11\nPid: 3\nUptime_sec: 0\nStart_time_sec: 1\n"
        answer = "Can't find the target PID\n" if self.trial_is_mute else info
        self.host.files.content[f"/proc/{pid}/stat"] = STAT % pid
        self.host.socket.servers[f"/proc/{pid}/cwd/master.sock"] = lambda _request: answer
        return Completed(0, f"{pid}\n", "")
