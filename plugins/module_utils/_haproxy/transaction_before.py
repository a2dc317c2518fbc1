# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was there before a change, to come back to.

The process is the truth here too: a file counts as what serves only if its own text proves that, or
the time at which it was written. A description line that outlived an edit proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._core.errors import EdgeError
from .._core.ports import Ports
from .candidate import CONFIG_NAME, Candidate, read_folder, read_live
from .digest import is_intact
from .layout import Layout
from .runtime import Info
from .transaction_plan import stale_maps


@dataclass(frozen=True)
class Before:
    """``disk``: what HAProxy would have loaded. ``served``: what it has loaded, if there is a copy.

    ``is_on_disk``: whether that copy is the live config itself.
    """

    disk: Candidate | None
    served: Candidate | None
    is_on_disk: bool = False

    def has_to_be_kept(self, candidate: Candidate) -> bool:
        """Whether the candidate would overwrite the only copy of what serves."""
        if self.served is None or not self.is_on_disk:
            return False
        maps = self.served.maps
        return self.served.config != candidate.config or any(
            maps.get(name) != content for name, content in candidate.maps.items()
        )


def look_before(ports: Ports, layout: Layout, running: Info | None) -> Before:
    """Find the copy of what this process has loaded: the live files, else ``previous/``."""
    files = ports.files
    disk, previous = read_live(files, layout), read_folder(files, layout.previous)
    if running is None:
        return Before(disk, None)
    loaded = files.modified(layout.config)
    kept = files.modified(f"{layout.previous}/{CONFIG_NAME}")
    is_read = loaded is not None and loaded < running.started
    is_kept = kept is not None and kept >= running.started  # `previous/` is only written from it
    on_disk = disk if _is_config_of(running, disk, is_known=is_read) else None
    aside = previous if _is_config_of(running, previous, is_known=is_kept) else None
    served = on_disk or aside
    if served is None:
        return Before(disk, None)
    older = aside.maps if aside else {}
    maps = {**served.maps, **older, **_loaded_maps(ports, layout, disk)}
    return Before(disk, Candidate(served.config, maps), is_on_disk=on_disk is not None)


def _is_config_of(running: Info, one: Candidate | None, *, is_known: bool) -> bool:
    if one is None or one.digest != running.digest:
        return False
    return is_known or is_intact(one.config)


def _loaded_maps(ports: Ports, layout: Layout, disk: Candidate | None) -> Mapping[str, str]:
    """The maps on disk that the process has just so, or does not use."""
    if disk is None:
        return {}
    try:
        stale = stale_maps(ports, layout, disk, in_process=True)
    except EdgeError:
        return {}
    return {name: content for name, content in disk.maps.items() if name not in stale}
