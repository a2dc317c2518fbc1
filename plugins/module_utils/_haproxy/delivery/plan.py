# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a delivery would do: files, crt-list, manifest and the running process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..._core.errors import Fault, InvalidInput, Unavailable
from ..._core.ports import Files, Ports
from ..._pki import crt_list
from ..._pki.bundle import file_name
from ..._pki.crt_list import CrtList
from ..._pki.keys import KeyType
from ..hot_certificates import Loaded, Step, Wanted, identities_of, look
from ..hot_certificates import plan as plan_steps
from ..process import Service
from .disk import Held, Manifest, digest_of, parse_manifest, read_held
from .settled import Settled, settle, settle_default
from .takeover import with_existing
from .wish import DEFAULT_NAME, Wish

FOLDER_MODE = 0o700


@dataclass(frozen=True)
class Plan:
    """One delivery.

    ``listed``, ``claimed``: crt-list and manifest as they are, ``None`` where there is no file.
    ``removed``: bundles that leave, as they are. ``loaded``: what the process holds; ``None`` if it
    does not run or does not load our crt-list, and ``unheard`` tells which.
    """

    wish: Wish
    settled: tuple[Settled, ...]
    removed: Mapping[str, Held | None]
    folder_mode: int | None
    listed: CrtList | None
    claimed: Manifest | None
    loaded: Loaded | None
    unheard: str

    @property
    def default_path(self) -> str:
        """The bundle that shall stand first; empty if no default certificate is wished."""
        wanted = self.wish.default_certificate
        return f"{self.wish.layout.certificates}/{DEFAULT_FILE}" if wanted else ""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Of the bundles that are refused."""
        return tuple(fault for settled in self.settled for fault in settled.faults)

    @cached_property
    def unlisted(self) -> frozenset[str]:
        """Wanted paths that are not on the crt-list yet."""
        present = frozenset(self.listed.paths if self.listed else ())
        return frozenset(one.path for one in self.settled if one.path not in present)

    @property
    def listing(self) -> CrtList:
        """The crt-list as it shall be."""
        wanted = [settled.path for settled in self.settled if settled.content is not None]
        listed = (self.listed or CrtList()).reconciled(wanted, self.removed)
        return listed.led_by(self.default_path) if self.default_path else listed

    @property
    def manifest(self) -> Manifest:
        """As it shall be at the end."""
        removed = {path.rpartition("/")[2] for path in self.removed}
        kept = (self.claimed or Manifest()).files
        return Manifest(
            {name: digest for name, digest in kept.items() if name not in removed}
            | {
                settled.wanted.file_name: digest_of(settled.content)
                for settled in self.settled
                if settled.content is not None
            }
        )

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """What the process shall serve."""
        return tuple(
            Wanted(
                settled.path, settled.content, identities_of(settled.leaf), settled.is_new_content
            )
            for settled in self.settled
            if settled.content is not None and settled.leaf is not None
        )

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """For the process."""
        if self.loaded is None:
            return ()
        return plan_steps(self.loaded, self.wanted, self.removed.keys())

    @property
    def has_other_default(self) -> bool:
        """Whether the process chose another default certificate, as it does when it starts."""
        return bool(self.loaded and self.default_path and self.loaded.default != self.default_path)


DEFAULT_FILE = file_name(DEFAULT_NAME, KeyType.ECDSA)


def plan_delivery(ports: Ports, wish: Wish, *, may_be_mute: bool = False) -> Plan:
    """Read files and process, decide; writes nothing.

    ``may_be_mute``: whether a process that runs and cannot be asked is left alone.
    Raises: `Unavailable` when there is one, and it may not.
    `InvalidInput` if an empty wish would purge everything.
    """
    layout, files, now = wish.layout, ports.files, ports.clock.now()
    raw = files.read(layout.manifest)
    manifest = parse_manifest(raw)
    _refuse_to_purge_everything(wish, manifest)
    wish = with_existing(files, wish, now)
    settled = _settle_all(files, wish, manifest, now)
    wished = {one.wanted.file_name for one in settled}
    removed = {
        f"{layout.certificates}/{name}": read_held(
            files, f"{layout.certificates}/{name}", manifest, now
        )
        for name in manifest.files
        if wish.purge and name not in wished | _stopgaps(settled)
    }
    listed = files.read(layout.crt_list)
    loaded, unheard = _look(Service(ports, layout), may_be_mute=may_be_mute)
    return Plan(
        wish=wish,
        settled=settled,
        removed=removed,
        folder_mode=files.mode(layout.certificates),
        listed=None if listed is None else crt_list.parse(listed.decode(errors="surrogateescape")),
        claimed=None if raw is None else manifest,
        loaded=loaded,
        unheard=unheard,
    )


def _stopgaps(settled: Sequence[Settled]) -> set[str]:
    """Files of another kind of key that serve a name as long as the wished one cannot be had."""
    bare = [one.wanted.name for one in settled if one.is_lacking and one.held is None]
    return {file_name(name, kind) for name in bare for kind in KeyType}


def _refuse_to_purge_everything(wish: Wish, manifest: Manifest) -> None:
    """An empty list is far more often a forgotten file of variables than a wish."""
    delivered = sorted(name for name in manifest.files if name != DEFAULT_FILE)
    if not wish.purge or wish.purge_everything or wish.bundles or not delivered:
        return
    count = f"{len(delivered)} bundle{'s' if len(delivered) > 1 else ''}"
    cause = f"is empty, which would purge all that was delivered ({count}, such as {delivered[0]})"
    remedy = (
        "are the sites where this run looks for them? If nothing shall be served any more, say so "
        "with purge_everything: true (variable certificates_purge_everything)"
    )
    raise InvalidInput([Fault("bundles", cause, remedy)])


def _settle_all(files: Files, wish: Wish, manifest: Manifest, now: datetime) -> tuple[Settled, ...]:
    folder = wish.layout.certificates
    settled = []
    for wanted in wish.bundles:
        path = f"{folder}/{wanted.file_name}"
        settled.append(settle(wanted, path, read_held(files, path, manifest, now), now))
    if wish.default_certificate:
        path = f"{folder}/{DEFAULT_FILE}"
        settled.append(settle_default(path, read_held(files, path, manifest, now), now))
    return tuple(settled)


def _look(service: Service, *, may_be_mute: bool) -> tuple[Loaded | None, str]:
    path = service.layout.crt_list
    try:
        if service.info() is None:
            return None, "HAProxy does not run"
        loaded = look(service.runtime, path)
    except Unavailable as error:
        if may_be_mute:
            return None, str(error)
        raise
    return loaded, "" if loaded else f"the running HAProxy does not load {path}"
