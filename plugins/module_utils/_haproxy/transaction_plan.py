# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to bring the running process to the wanted config.

The running process is the truth, not the file: it tells the digest of its config and the content of
its maps. So a run that died between swap and reload is seen as unfinished, and finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .._core.errors import Refused, Unavailable
from .._core.ports import Ports
from .candidate import Candidate, read_folder, read_live, to_bytes
from .digest import is_intact
from .layout import Layout
from .live_maps import LiveMaps, parse_map
from .process import Service
from .runtime import Info
from .transaction_files import newer_files


class Action(Enum):
    """The least that suffices."""

    NONE = "none"
    MAPS = "maps"
    RELOAD = "reload"
    START = "start"


@dataclass(frozen=True)
class Wish:
    """What the user asks of the reload.

    ``digest``: the config that shall run at the end, where the caller knows it.
    ``staged``: whether a candidate that waits may become live; else the config on disk is meant.
    ``maps_changed``: maps that a dry run would have staged; only a prediction needs them.
    ``probe_url``: what is asked for afterwards, if the config listens there.
    """

    digest: str | None = None
    staged: bool = True
    maps_changed: tuple[str, ...] = ()
    force: bool = False
    probe_url: str = "http://127.0.0.1:8404/healthz"
    timeout_seconds: float = 120.0

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wish:
        """From the options of `haproxy_reload`."""
        return cls(
            digest=params["digest"] or None,
            staged=params["staged"],
            maps_changed=tuple(params["maps_changed"]),
            force=params["force"],
            probe_url=params["probe_url"],
            timeout_seconds=params["timeout"],
        )


@dataclass(frozen=True)
class Plan:
    """The action and why. ``candidate``: what shall run. ``staged``: it waits to become live."""

    action: Action
    reason: str
    candidate: Candidate
    staged: bool
    running: Info | None = None
    stale_maps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planner:
    """Compares what is wanted with what runs."""

    ports: Ports
    layout: Layout
    wish: Wish

    def plan(self) -> Plan:
        """The least that suffices.

        Raises: `Refused` without any config; `Unavailable` when HAProxy runs and tells nothing.
        """
        disk = read_live(self.ports.files, self.layout)
        staged = self._staged()
        candidate = staged or disk
        if candidate is None and self.wish.digest is None:
            raise Refused(f"there is no config, neither staged nor at {self.layout.config}")
        if candidate is None:
            # A dry run on a bare host: what the digest promises is staged by the real run.
            return Plan(Action.START, "HAProxy does not run", Candidate("", {}), staged=False)
        running = Service(self.ports, self.layout).info()
        if running is None:
            return Plan(Action.START, "HAProxy does not run", candidate, staged is not None)
        stale = stale_maps(self.ports, self.layout, candidate, in_process=True)
        reason = self._why_reload(candidate, running) or _why_swap(candidate, disk)
        if reason:
            return Plan(Action.RELOAD, reason, candidate, staged is not None, running, stale)
        if stale or self.wish.maps_changed:
            reason = f"maps differ: {', '.join(stale or self.wish.maps_changed)}"
            return Plan(Action.MAPS, reason, candidate, staged is not None, running, stale)
        reason = "the process runs what is wanted"
        return Plan(Action.NONE, reason, candidate, staged is not None, running)

    def _staged(self) -> Candidate | None:
        return read_folder(self.ports.files, self.layout.staged) if self.wish.staged else None

    def _why_reload(self, candidate: Candidate, running: Info) -> str:
        wanted = self.wish.digest or candidate.digest
        if self.wish.force:
            return "it was asked for"
        if running.digest != wanted:
            return f"config {running.digest or 'without digest'} runs, {wanted} is wanted"
        newer = newer_files(self.ports.files, self.layout, candidate.config, running.started)
        if wanted is None or not is_intact(candidate.config):
            newer = (*newer, *self._newer_config(running))
        return f"changed since HAProxy started: {', '.join(newer)}" if newer else ""

    def _newer_config(self, running: Info) -> tuple[str, ...]:
        """The config itself, where no digest tells (any more) whether the process has loaded it."""
        time = self.ports.files.modified(self.layout.config)
        return (self.layout.config,) if time is not None and time >= running.started else ()


def _why_swap(candidate: Candidate, disk: Candidate | None) -> str:
    if disk is None or disk.config != candidate.config:
        return "the config on disk is not the wanted one"
    return ""


def stale_maps(
    ports: Ports, layout: Layout, candidate: Candidate, *, in_process: bool
) -> tuple[str, ...]:
    """The maps of a candidate that the disk has differently, or the process if one is there."""
    files = ports.files
    live = LiveMaps(Service(ports, layout).runtime, layout.maps)
    try:
        loaded = live.names() if in_process else frozenset()
    except Unavailable:
        loaded = frozenset()  # a config without our socket runs, and will be replaced as a whole
    return tuple(
        name
        for name, content in sorted(candidate.maps.items())
        if files.read(f"{layout.maps}/{name}") != to_bytes(content)
        or (name in loaded and live.read(name) != parse_map(content))
    )
