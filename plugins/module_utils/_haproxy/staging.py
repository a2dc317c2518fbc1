# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rendered config that waits, validated, for its activation.

Compared with the live files and with the running process, so that a run that died half-way is seen.
Nothing that is live is touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .._core.change import Change
from .._core.errors import EdgeError, Refused
from .._core.ports import Ports
from .._core.reader import Reader
from .candidate import Candidate, changed_lines, read_live
from .layout import Layout
from .masking import mask_both
from .process import Service
from .runtime import Info
from .transaction_plan import stale_maps
from .validation import Trial

MAP_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.map")
LOCK_SECONDS = 120.0
PROCESS = "running HAProxy"


@dataclass(frozen=True)
class Wish:
    """A candidate and where it belongs."""

    candidate: Candidate
    digest: str
    layout: Layout = field(default_factory=Layout)


def parse_wish(reader: Reader) -> Wish:
    """From the options that the action plugin fills on the controller."""
    config, digest = reader["config"].value, reader["digest"].text(default="")
    if not isinstance(config, str) or not config:
        reader["config"].fault("is empty", "the action plugin of this module fills it")
        config = ""
    maps = {name: _map(name, content) for name, content in reader["maps"].entries()}
    candidate = Candidate(config, maps)
    if config and candidate.digest != digest:
        reader["digest"].fault(
            f"is {digest or 'empty'}, and the description in the config holds {candidate.digest}"
        )
    return Wish(candidate, digest)


def _map(name: str, content: Reader) -> str:
    if not MAP_NAME.fullmatch(name):
        content.fault("is not the file name of a map", 'it ends with ".map" and has no "/"')
    if not isinstance(content.value, str):
        content.fault("is not a text")
        return ""
    return content.value


@dataclass(frozen=True)
class _Live:
    """What the host has now. ``stale``: names of maps that disk or process have differently."""

    disk: Candidate | None
    running: Info | None
    stale: tuple[str, ...]
    installed: bool


def plan_staging(ports: Ports, wish: Wish) -> Change:
    """Compare, validate what differs, and plan to leave it in ``staged/``.

    Raises: `Refused` with the words of HAProxy, and the lines of the config that they name.
    """
    live = _look(ports, wish)
    same_text = live.disk is not None and live.disk.config == wish.candidate.config
    same_process = live.running is not None and live.running.digest == wish.digest
    result = {
        "digest": wish.digest,
        "staged": not (same_text and same_process and not live.stale),
        "reload_needed": not (same_text and same_process),
        "maps_changed": list(live.stale),
    }
    if not result["staged"]:
        return _tidied(ports, wish, result)
    return Change(
        before=_shown_before(wish, live),
        after=_shown_after(wish, live),
        result=result,
        apply=partial(_stage, ports, wish, live),
        warnings=_validated(ports, wish, live, deep=not (same_text and same_process)),
    )


def _look(ports: Ports, wish: Wish) -> _Live:
    running = Service(ports, wish.layout).info()
    return _Live(
        disk=read_live(ports.files, wish.layout),
        running=running,
        stale=stale_maps(ports, wish.layout, wish.candidate, in_process=running is not None),
        installed=running is not None or _is_installed(ports),
    )


def _is_installed(ports: Ports) -> bool:
    try:
        return ports.runner.run(["haproxy", "-v"]).rc == 0
    except EdgeError:
        return False


def _validated(ports: Ports, wish: Wish, live: _Live, *, deep: bool) -> tuple[str, ...]:
    if not live.installed:
        return ("HAProxy is not installed yet, so the config was not validated",)
    return Trial(ports, wish.layout, wish.candidate, deep=deep).run()


def _stage(ports: Ports, wish: Wish, live: _Live) -> Mapping[str, Any]:
    if not live.installed:
        raise Refused("HAProxy is not installed, so nothing can validate the config")
    with ports.files.lock(wish.layout.lock, timeout_seconds=LOCK_SECONDS):
        wish.candidate.write(ports.files, wish.layout.staged)
    return {}


def _tidied(ports: Ports, wish: Wish, result: Mapping[str, Any]) -> Change:
    """Nothing to do, but for what an earlier run may have left: nobody wants that any more."""
    if not ports.files.names(wish.layout.staged):
        return Change(result=result)
    return Change(
        before={wish.layout.staged: "a candidate that is not wanted any more\n"},
        result={**result, "changed": False},
        apply=partial(_removed, ports, wish),
    )


def _removed(ports: Ports, wish: Wish) -> Mapping[str, Any]:
    with ports.files.lock(wish.layout.lock, timeout_seconds=LOCK_SECONDS):
        ports.files.remove(wish.layout.staged)
    return {}


def _shown_before(wish: Wish, live: _Live) -> dict[str, Any]:
    digest = live.running.digest if live.running else "does not run"
    shown: dict[str, Any] = {
        PROCESS: {"config": digest, "maps": "differ" if live.stale else "same"}
    }
    if live.disk is not None:
        shown[wish.layout.config] = _config_lines(wish, live)[0]
    for name in live.stale:
        shown[f"{wish.layout.maps}/{name}"] = _map_lines(wish, live, name)[0]
    return shown


def _shown_after(wish: Wish, live: _Live) -> dict[str, Any]:
    shown: dict[str, Any] = {PROCESS: {"config": wish.digest, "maps": "same"}}
    shown[wish.layout.config] = _config_lines(wish, live)[1]
    for name in live.stale:
        shown[f"{wish.layout.maps}/{name}"] = _map_lines(wish, live, name)[1]
    return shown


def _config_lines(wish: Wish, live: _Live) -> tuple[str, str]:
    return mask_both(live.disk.config if live.disk else "", wish.candidate.config)


def _map_lines(wish: Wish, live: _Live, name: str) -> tuple[str, str]:
    before = live.disk.maps.get(name, "") if live.disk else ""
    return changed_lines(before, wish.candidate.maps[name])
