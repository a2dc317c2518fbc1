# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates half of HAProxy's Runtime API, in memory.

Answers are those of 2.6.12 and 3.0.11, word for word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle, crt_list
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import parse_chain
from fakes import FakeFiles

INFO = "Version: 2.6.12\nPid: 100\nUptime_sec: 5\nStart_time_sec: 1795348800\n"
LIMIT = 16384


@dataclass
class FakeCertificates:
    """A worker that loads one crt-list.

    ``mixes_transactions``: as 2.6 does, which puts the payload for B into a transaction on A.
    ``shows_sha1``: not where the answer is cut before it. ``refuses``: words for a payload, if any;
    ``refuses_context``: words when a store is first put into a TLS context.
    """

    crt_list: str
    files: FakeFiles
    mixes_transactions: bool = True
    shows_sha1: bool = True
    refuses: Callable[[str], str] = lambda _pem: ""
    refuses_context: Callable[[str], str] = lambda _pem: ""
    stores: dict[str, str] = field(default_factory=dict)
    entries: list[tuple[str, int]] = field(default_factory=list)
    transaction: tuple[str, str] | None = None
    default: str = ""
    commands: list[str] = field(default_factory=list)
    loads_list: bool = True

    def start(self) -> None:
        """Load what the files say, as a start or a reload does."""
        self.stores, self.entries, self.transaction = {}, [], None
        text = (self.files.read(self.crt_list) or b"").decode()
        for number, path in enumerate(crt_list.parse(text).paths, start=1):
            content = self.files.read(path)
            assert content is not None, f"HAProxy does not start: no {path}"
            self.stores[path] = content.decode()
            self.entries.append((path, number))

    def __call__(self, request: str) -> str:
        """Answer what one connection sends."""
        head, _unused, payload = request.partition(" <<\n")
        if payload:
            assert payload.endswith("\n\n"), "an empty line ends a payload"
            assert "\n\n" not in payload[:-2], "a second empty line is a command of its own"
            if len(request) > LIMIT:
                return ""
            return self._answer(head, payload)
        return "".join(self._answer(command.strip(), "") for command in head.split(";"))

    def serves(self, path: str) -> str:
        """The fingerprint that clients see, empty if they see none."""
        listed = [name for name, _line in self.entries]
        return _fingerprint(self.stores[path]) if path in listed else ""

    def _answer(self, command: str, payload: str) -> str:
        self.commands.append(command)
        words = command.split()
        verb = getattr(self, f"_{'_'.join(words[: 3 if len(words) > 2 else 2])}".replace("-", "_"))
        answer: str = verb(*words[3:], *([payload] if payload else []))
        return f"{answer}\n\n"

    def _show_info(self) -> str:
        return INFO

    def _show_ssl_crt_list(self, *words: str) -> str:
        if not words:
            return self.crt_list if self.loads_list else ""
        lines = [f"# {self.crt_list}", *(f"{path}:{line}" for path, line in self.entries)]
        return "\n".join(lines)

    def _show_ssl_cert(self, path: str = "") -> str:
        if path:
            return self._describe(path)
        opened = ["# transaction", f"*{self.transaction[0]}"] if self.transaction else []
        return "\n".join([*opened, *(["# filename", *self.stores] if self.stores else [])])

    def _describe(self, path: str) -> str:
        if path not in self.stores:
            return "Can't display the certificate: Not found or the certificate is a bundle!"
        if not self.stores[path]:
            return f"Filename: {path}\nStatus: Empty"
        leaf = parse_chain(self.stores[path], path)[0]
        sha1 = hashlib.sha1(leaf.der, usedforsecurity=False).hexdigest().upper()
        digits = f"{leaf.serial:X}"
        serial = digits.zfill(len(digits) + len(digits) % 2)
        lines = [f"Filename: {path}", "Status: Used", f"Serial: {serial}"]
        return "\n".join([*lines, f"SHA1 FingerPrint: {sha1}"] if self.shows_sha1 else lines)

    def _new_ssl_cert(self, path: str) -> str:
        if path in self.stores:
            return f"Certificate '{path}' already exists!"
        self.stores[path] = ""
        return f"New empty certificate store '{path}'!"

    def _set_ssl_cert(self, path: str, payload: str) -> str:
        opened = self.transaction[0] if self.transaction else ""
        if opened and opened != path and not self.mixes_transactions:
            return (
                f"The ongoing transaction is about '{opened}' but you are trying to set '{path}'\n"
                f"Can't update {path}!"
            )
        if path not in self.stores:
            return (
                "Can't replace a certificate which is not referenced by the configuration!\n"
                f"Can't update {path}!"
            )
        if "BEGIN CERTIFICATE" not in payload:
            return (
                f"unable to load certificate from file '{path}'.\nCan't load the payload\n"
                f"Can't update {path}!"
            )
        self.transaction = (opened or path, payload)
        done = "updated" if opened else "created"
        return f"Transaction {done} for certificate {opened or path}!"

    def _commit_ssl_cert(self, path: str) -> str:
        if self.transaction is None:
            return f"No ongoing transaction! !\nCan't commit {path}!"
        opened, payload = self.transaction
        if opened != path:
            return f"The ongoing transaction is about '{opened}' but you are trying to set '{path}'"
        words = self.refuses(payload) or _mismatch(payload, path)
        if words:
            return f"{words}\nCan't commit {path}!"
        self.stores[path], self.transaction = payload, None
        return f"Committing {path}.\nSuccess!"

    def _abort_ssl_cert(self, path: str) -> str:
        if self.transaction is None or self.transaction[0] != path:
            return "No ongoing transaction!"
        self.transaction = None
        return f"Transaction aborted for certificate '{path}'!"

    def _add_ssl_crt_list(self, listing: str, path: str) -> str:
        assert listing == self.crt_list
        if not self.stores.get(path):
            return f"Can't edit the crt-list: certificate '{path}' is empty!"
        words = self.refuses_context(self.stores[path])
        if words:
            return f"Inserting certificate '{path}' in crt-list '{listing}'.\n{words}\n"
        self.entries.append((path, len(self.entries) + 1))
        return f"Inserting certificate '{path}' in crt-list '{listing}'.\nSuccess!"

    def _del_ssl_crt_list(self, listing: str, entry: str) -> str:
        path, _unused, line = entry.rpartition(":")
        if path == self.default:
            return (
                f"Can't delete the entry: certificate '{path}' cannot be deleted, it is used as "
                "default certificate by the following frontends:\n\t- /etc/haproxy/haproxy.cfg:13\n"
            )
        self.entries.remove((path, int(line)))
        return f"Entry '{path}' deleted in crtlist '{listing}'!"

    def _del_ssl_cert(self, path: str) -> str:
        if path in [name for name, _line in self.entries]:
            return f"Can't remove the certificate: certificate '{path}' in use, can't be deleted!"
        del self.stores[path]
        return f"Certificate '{path}' deleted!"


def _fingerprint(pem: str) -> str:
    return parse_chain(pem, "store")[0].fingerprint


def _mismatch(pem: str, path: str) -> str:
    try:
        found = bundle.parse(pem, name="", path=path)
    except InvalidInput:
        return "The transaction must contain at least a certificate and a private key!"
    is_pair = found.check((), found.leaf.not_before, path) == ()
    words = f"inconsistencies between private key and certificate loaded '{path}'."
    return "" if is_pair else words
