# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are on the host already, taken into the store instead of new ones.

```
FOLDER/NAME/{privkey,fullchain}.pem    as certbot keeps them
FOLDER/FILE                            key and certificates in one PEM, as HAProxy loads them
```
One fits if it is just what would be ordered, and not due: the same names and kind of key, a chain
in order that leads to a root of the listed CAs, as every host demands of what it receives. It is
copied, never linked, and what was there stays: it is not ours. What we delivered ourselves is no
certificate made by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .._core.errors import Fault, InvalidInput, Unavailable
from .._core.ports import Files, Ports
from .._pki.bundle import Bundle, parse
from .._pki.trust import Roots
from .due import Facts, Held, Rules, judge
from .wish import Lineage, Wish

KEY, CHAIN = "privkey.pem", "fullchain.pem"
MANIFEST = ".hitless-edge.json"
TOLD_AT_MOST = 3
_SERVER = re.compile(r"^server\s*=\s*(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """What lies at a path. ``bundle``: ``None`` if there is a ``fault``.

    ``directory``: of the CA, where certbot noted it.
    """

    path: str
    bundle: Bundle | None
    fault: str = ""
    directory: str = ""

    @property
    def stem(self) -> str:
        """What whoever put it there called it."""
        return self.path.rpartition("/")[2].removesuffix(".pem")


@dataclass(frozen=True)
class Existing:
    """A certificate that fits, as the store will have it."""

    path: str
    bundle: Bundle
    facts: Facts


@dataclass(frozen=True)
class Looked:
    """What was found for a lineage. ``passed_over``: what came close, each with the reason."""

    existing: Existing | None
    passed_over: tuple[str, ...] = ()


def look_around(ports: Ports, lineages: Sequence[Lineage], wish: Wish) -> dict[Lineage, Looked]:
    """For each of these lineages what ``wish.adopt`` holds; nothing is read if there is none."""
    if not lineages or not wish.adopt:
        return {}
    candidates = tuple(one for folder in wish.adopt for one in _read_folder(ports.files, folder))
    return {lineage: _look(lineage, candidates, ports, wish) for lineage in lineages}


def _look(lineage: Lineage, candidates: Iterable[Candidate], ports: Ports, wish: Wish) -> Looked:
    fitting: list[Existing] = []
    passed_over: list[str] = []
    for candidate in candidates:
        found = _judge(lineage, candidate, ports, wish)
        if isinstance(found, Existing):
            fitting.append(found)
        elif _is_close(lineage, candidate):
            passed_over.append(f"{candidate.path} {found}")
    if fitting:
        return Looked(max(fitting, key=lambda one: one.bundle.leaf.not_after))
    return Looked(None, tuple(passed_over[:TOLD_AT_MOST]))


def _judge(lineage: Lineage, candidate: Candidate, ports: Ports, wish: Wish) -> Existing | str:
    """What is taken over, or why it is not."""
    if candidate.bundle is None:
        return candidate.fault
    rules = Rules(ports.clock.now(), tuple(ca.directory for ca in wish.authorities))
    bundle = replace(candidate.bundle, name=lineage.name)
    if candidate.directory and candidate.directory not in rules.directories:
        return f"is of {candidate.directory}, which is not listed"
    existing = Existing(candidate.path, bundle, _facts(lineage, candidate, bundle, wish))
    return _difference(lineage, existing, rules) or _mistrust(existing, ports, wish) or existing


def _facts(lineage: Lineage, candidate: Candidate, bundle: Bundle, wish: Wish) -> Facts:
    """As if it had been ordered: it is renewed in its time, not at once."""
    noted = [ca for ca in wish.authorities if ca.directory == candidate.directory]
    authority = (noted or wish.authorities)[0]
    return Facts(
        authority=authority.name,
        directory=authority.directory,
        profile=lineage.profile,
        preferred_chain=lineage.preferred_chain,
        issued_at=bundle.leaf.not_before,
    )


def _difference(lineage: Lineage, existing: Existing, rules: Rules) -> str:
    """The first thing in which it is not what would be ordered; empty if there is none."""
    bundle = existing.bundle
    if bundle.key_type is not lineage.key_type:
        return f"has a key of another kind ({bundle.key_type.value})"
    if set(bundle.leaf.names) != set(lineage.domains):
        return f"has other names ({', '.join(bundle.leaf.names[:TOLD_AT_MOST]) or 'none'})"
    verdict = judge(lineage, Held(bundle.leaf, existing.facts), None, rules)
    if verdict.is_due:
        return f"is due: {verdict.reason}"
    return _unusable(bundle.check(lineage.domains, rules.now, ""))


def _mistrust(existing: Existing, ports: Ports, wish: Wish) -> str:
    """Why clients would not trust it, such as one of a trial; asked last, as it takes a process."""
    roots = Roots(ports, tuple(dict.fromkeys(ca.roots for ca in wish.authorities)))
    try:
        return _unusable(roots.judge(existing.bundle.chain, existing.path))
    except Unavailable as error:
        return f"cannot be judged: {error.message}"


def _unusable(faults: Sequence[Fault]) -> str:
    causes = "; ".join(fault.cause for fault in faults)
    return f"is not to be used: {causes}" if causes else ""


def _is_close(lineage: Lineage, candidate: Candidate) -> bool:
    """Whether somebody may wonder why it was not taken."""
    names = set(candidate.bundle.leaf.names) if candidate.bundle else set()
    return bool(names & set(lineage.domains)) or candidate.stem in (lineage.name, *lineage.domains)


def _read_folder(files: Files, folder: str) -> Iterator[Candidate]:
    delivered = _delivered(files, folder)
    for name in files.names(folder):
        if not name.startswith(".") and name not in delivered:
            yield from _read_entry(files, folder, name)


def _read_entry(files: Files, folder: str, name: str) -> Iterator[Candidate]:
    path = f"{folder}/{name}"
    try:
        key, chain = files.read(f"{path}/{KEY}"), files.read(f"{path}/{CHAIN}")
        if key is not None and chain is not None:
            yield _read_candidate(path, key + b"\n" + chain, _noted_directory(files, path))
        elif not files.names(path):
            yield _read_candidate(path, files.read(path) or b"", "")
    except OSError as error:
        yield Candidate(path, None, f"cannot be read: {error.strerror}")


def _read_candidate(path: str, content: bytes, directory: str) -> Candidate:
    try:
        bundle = parse(content.decode(errors="replace"), name="", path=path)
    except InvalidInput as error:
        return Candidate(path, None, _unusable(error.faults))
    return Candidate(path, bundle, directory=directory)


def _noted_directory(files: Files, path: str) -> str:
    """The CA of a lineage of certbot, from ``renewal/NAME.conf`` beside ``live/NAME``."""
    live, _unused, name = path.rpartition("/")
    above = live.rpartition("/")[0]
    found = _SERVER.search((files.read(f"{above}/renewal/{name}.conf") or b"").decode("latin-1"))
    return found[1] if found else ""


def _delivered(files: Files, folder: str) -> frozenset[str]:
    """The files of a folder of HAProxy's that we put there."""
    try:
        return frozenset(json.loads(files.read(f"{folder}/{MANIFEST}") or b"{}")["files"])
    except (ValueError, KeyError, TypeError, OSError):
        return frozenset()
