# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bundles into the running process, without a reload.

The process holds *stores* (one per bundle file, addressed by its path) and *entries* of a
crt-list that make a listener serve a store. A store is replaced in a transaction: ``set`` uploads,
``commit`` puts it into every listener at once; handshakes from then on see it, and no connection
is closed.

Nothing of this outlives the process, so the caller writes files first; and nobody else may be at
it, so the caller holds the lock. For HAProxy 2.6 has one transaction for all stores and does not
look at the name: while one is open on A, ``set ssl cert B`` lands in it, and a commit installs B's
certificate on A. Therefore each answer must name the path that was meant; whatever else is answered
is aborted and left to one reload of the whole.

Source: HAProxy 2.6 management guide §9.3; answers read from 2.6.12 and 3.0.11.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from .._pki.x509 import Certificate
from .runtime import PAYLOAD_LIMIT_BYTES, Runtime

SHA1 = re.compile(r"^SHA1 FingerPrint: (\S+)$", re.MULTILINE)
SERIAL = re.compile(r"^Serial: (\S+)$", re.MULTILINE)
COMMAND_LIMIT_BYTES = 8_000
"""Commands sent as one line, separated by semicolons; a line must fit into `tune.bufsize`."""


@dataclass(frozen=True)
class Loaded:
    """What the process holds.

    ``stores``: path -> one of `identities_of` its leaf, empty while the store is.
    ``entries``: lines of our crt-list in their order, as the process names them (``path:line``).
    ``transaction``: the store that an open transaction is about, empty if none is open.
    """

    stores: Mapping[str, str]
    entries: tuple[str, ...]
    transaction: str = ""

    def entries_of(self, path: str) -> tuple[str, ...]:
        """The crt-list lines that serve a store."""
        return self._entries_by_path.get(path, ())

    @cached_property
    def _entries_by_path(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for entry in self.entries:
            path = _path_of(entry)
            found[path] = (*found.get(path, ()), entry)
        return found

    @property
    def default(self) -> str:
        """The store on the first line."""
        return _path_of(self.entries[0]) if self.entries else ""


@dataclass(frozen=True)
class Wanted:
    """A bundle that the process shall serve.

    ``content``: the file's PEM. ``identities``: of its leaf. ``is_rewritten``: the file changes in
    this run, so the store is replaced even if the leaf stays (the chain may differ).
    """

    path: str
    content: str = field(repr=False)
    identities: tuple[str, ...]
    is_rewritten: bool = False

    def is_in(self, loaded: Loaded) -> bool:
        """Whether its store holds it."""
        return not self.is_rewritten and loaded.stores.get(self.path) in self.identities


class Action(Enum):
    """What is done to a store."""

    SWAP = "swap"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True)
class Step:
    """One thing to do. ``obstacle``: why it needs a reload, empty if it does not."""

    action: Action
    path: str
    wanted: Wanted | None = None
    obstacle: str = ""


class Verdict(Enum):
    """How a step ended."""

    DONE = "done"
    REFUSED = "refused"  # HAProxy does not take the bundle; what it serves is unchanged
    NEEDS_RELOAD = "needs reload"


@dataclass(frozen=True)
class Outcome:
    """A step and how it ended. ``words``: HAProxy's, or the obstacle."""

    step: Step
    verdict: Verdict
    words: str = ""


def identities_of(leaf: Certificate) -> tuple[str, ...]:
    """How `show ssl cert` may name a certificate: by SHA-1 (a name, no protection), or by serial.

    The answer is cut at `tune.bufsize`; with hundreds of names the SHA-1 is behind the cut.
    """
    digits = f"{leaf.serial:X}"
    serial = digits.zfill(len(digits) + len(digits) % 2)
    sha1 = hashlib.sha1(leaf.der, usedforsecurity=False).hexdigest().upper()
    return sha1, f"serial {serial}"


def look(runtime: Runtime, crt_list: str) -> Loaded | None:
    """What the process holds; ``None`` if its config does not load our crt-list.

    Raises: `Unavailable` when nobody answers.
    """
    if crt_list not in runtime.ask("show ssl crt-list").splitlines():
        return None
    entries = _listed(runtime.ask(f"show ssl crt-list -n {crt_list}"))
    names = _listed(runtime.ask("show ssl cert"))
    folder = posixpath.dirname(crt_list)
    ours = [name for name in names if posixpath.dirname(name) == folder]
    opened = [name[1:] for name in names if name.startswith("*")]
    return Loaded(
        dict.fromkeys(ours, "") | _identities(runtime, ours), entries, "".join(opened[:1])
    )


def plan(loaded: Loaded, wanted: Iterable[Wanted], unwanted: Collection[str]) -> tuple[Step, ...]:
    """What brings the process there; nothing if it is."""
    changes = [step for step in (_upload(loaded, bundle) for bundle in wanted) if step]
    removals = [
        Step(Action.REMOVE, path)
        for path in sorted(unwanted)
        if path in loaded.stores or loaded.entries_of(path)
    ]
    return (*changes, *removals)


def apply(
    runtime: Runtime, crt_list: str, loaded: Loaded, steps: Sequence[Step]
) -> tuple[Outcome, ...]:
    """Do the steps; one that fails does not keep the others from being done.

    ``loaded``: what `look` saw, under the same lock.
    Raises: `Unavailable` when the process goes away meanwhile.
    """
    hand = _Hand(runtime, crt_list, loaded)
    if loaded.transaction and posixpath.dirname(loaded.transaction) == posixpath.dirname(crt_list):
        hand.abort(loaded.transaction)  # a run of ours was killed between set and commit
    return tuple(hand.do(step) for step in steps)


def _upload(loaded: Loaded, wanted: Wanted) -> Step | None:
    is_listed = bool(loaded.entries_of(wanted.path))
    is_same = wanted.is_in(loaded)
    if is_listed and is_same:
        return None
    obstacle = "" if is_same else _obstacle(loaded, wanted)
    return Step(Action.SWAP if is_listed else Action.ADD, wanted.path, wanted, obstacle)


def _obstacle(loaded: Loaded, wanted: Wanted) -> str:
    opened = loaded.transaction
    if opened and posixpath.dirname(opened) != posixpath.dirname(wanted.path):
        return f"somebody has a transaction open on {opened}"
    if len(wanted.content.encode()) > PAYLOAD_LIMIT_BYTES:
        return f"the bundle is larger than the {PAYLOAD_LIMIT_BYTES} bytes that HAProxy takes"
    return ""


@dataclass(frozen=True)
class _Hand:
    """Does steps."""

    runtime: Runtime
    crt_list: str
    loaded: Loaded

    def do(self, step: Step) -> Outcome:
        if step.obstacle:
            return Outcome(step, Verdict.NEEDS_RELOAD, step.obstacle)
        if step.wanted is None:
            return self._remove(step)
        return self._upload(step, step.wanted)

    def abort(self, path: str) -> None:
        self.runtime.ask(f"abort ssl cert {path}")

    def _upload(self, step: Step, wanted: Wanted) -> Outcome:
        if not wanted.is_in(self.loaded):
            replaced = self._replace(step, wanted)
            if replaced.verdict is not Verdict.DONE:
                return replaced
        if not self.loaded.entries_of(step.path):
            answer = self.runtime.ask(f"add ssl crt-list {self.crt_list} {step.path}")
            if "Success!" not in answer.splitlines():
                # Only here is a new store put into a TLS context, and e.g. its key found too weak.
                return self._refused(step, answer)
        return Outcome(step, Verdict.DONE)

    def _replace(self, step: Step, wanted: Wanted) -> Outcome:
        if step.path not in self.loaded.stores:
            self.runtime.ask(f"new ssl cert {step.path}")
        answer = self.runtime.ask(f"set ssl cert {step.path}", wanted.content)
        if answer != f"Transaction created for certificate {step.path}!":
            return self._give_up(step, answer)
        answer = self.runtime.ask(f"commit ssl cert {step.path}")
        if "Success!" not in answer:
            self.abort(step.path)
            return self._refused(step, answer)
        served = _identities(self.runtime, [step.path]).get(step.path)
        if served not in wanted.identities:
            words = f"after the commit HAProxy holds {served}, not {wanted.identities[0]}"
            return Outcome(step, Verdict.NEEDS_RELOAD, words)
        return Outcome(step, Verdict.DONE)

    def _give_up(self, step: Step, answer: str) -> Outcome:
        hit = re.search(r"^Transaction (?:created|updated) for certificate (.*)!$", answer, re.M)
        if hit:
            # Our payload is now in somebody else's transaction: nobody may commit that.
            self.abort(hit.group(1))
        if "Can't load the payload" in answer:
            return self._refused(step, answer)
        return Outcome(step, Verdict.NEEDS_RELOAD, answer or "HAProxy took no payload")

    def _refused(self, step: Step, answer: str) -> Outcome:
        if step.path not in self.loaded.stores:
            self.runtime.ask(f"del ssl cert {step.path}")  # the store that we made
        return Outcome(step, Verdict.REFUSED, answer)

    def _remove(self, step: Step) -> Outcome:
        commands = [
            f"del ssl crt-list {self.crt_list} {entry}"
            for entry in self.loaded.entries_of(step.path)
        ]
        if step.path in self.loaded.stores:
            commands.append(f"del ssl cert {step.path}")
        for command in commands:
            answer = self.runtime.ask(command)
            if "deleted" not in answer or answer.startswith("Can't"):
                return Outcome(step, Verdict.NEEDS_RELOAD, answer)
        return Outcome(step, Verdict.DONE)


def _identities(runtime: Runtime, paths: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _in_lines([f"show ssl cert {path}" for path in paths]):
        for answer in runtime.ask(line).split("Filename: ")[1:]:
            path = answer.partition("\n")[0]
            sha1 = SHA1.search(answer)
            serial = SERIAL.search(answer)
            found[path] = sha1[1] if sha1 else f"serial {serial[1]}" if serial else ""
    return found


def _in_lines(commands: Sequence[str]) -> Iterable[str]:
    line = ""
    for command in commands:
        if line and len(line.encode()) + len(command.encode()) > COMMAND_LIMIT_BYTES:
            yield line
            line = ""
        line = f"{line}; {command}" if line else command
    if line:
        yield line


def _listed(answer: str) -> tuple[str, ...]:
    return tuple(line for line in answer.splitlines() if line and not line.startswith("#"))


def _path_of(entry: str) -> str:
    return entry.rpartition(":")[0]
