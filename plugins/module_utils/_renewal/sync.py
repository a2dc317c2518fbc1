# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running process in line with the bundles on disk, by root.

What a push wrote and could not serve without a reload is served after this, and so is what a kill
left half-way. Nothing is judged again and nothing comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._core.errors import Busy, EdgeError
from .._core.ports import Ports
from .._haproxy.delivery.carry_out import deliver
from .._haproxy.delivery.reload_live import reload_live
from .._haproxy.delivery.wish import WantedBundle, Wish
from .._haproxy.layout import Layout
from .._pki.bundle import file_name
from .records import SYNC, disk_faults_told, save_record
from .settings import Settings

ABSENT = "absent"
BAD = frozenset({"refused", "lacking", ABSENT})


@dataclass(frozen=True)
class SyncedBundle:
    """One wished bundle.

    ``action``: unchanged, written, swapped, added, refused, lacking (damaged) or absent.
    ``not_after``: RFC 3339.
    """

    name: str
    key_type: str
    action: str
    reason: str = ""
    fingerprint: str | None = None
    not_after: str | None = None


@dataclass(frozen=True)
class Synced:
    """What `sync` found and did. ``hot``: HAProxy serves it all without having been reloaded.

    ``reasons``: why not. ``error``: what it ended in.
    """

    host: str
    changed: bool = False
    hot: bool = True
    reloaded: bool = False
    reasons: tuple[str, ...] = ()
    error: str | None = None
    bundles: tuple[SyncedBundle, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether HAProxy serves all that is wished."""
        is_served = self.hot or self.reloaded
        return self.error is None and is_served and not any(b.action in BAD for b in self.bundles)

    def to_json(self) -> dict[str, Any]:
        """For a result; docs/architecture.md has the shape."""
        return {
            "host": self.host,
            "ok": self.is_well,
            "changed": self.changed,
            "hot": self.hot,
            "reloaded": self.reloaded,
            "reasons": list(self.reasons),
            "error": self.error,
            "bundles": [vars(bundle) for bundle in self.bundles],
        }


def sync(ports: Ports, settings: Settings, *, layout: Layout | None = None) -> Synced:
    """Bring the process in line; needs root for a reload. Nothing on a host that does not serve.

    Raises: `Busy` if another run is changing HAProxy; that is no result, and nothing is noted.
    """
    if not settings.is_balancer:
        return Synced(settings.host)
    synced = _sync(ports, settings, layout or Layout())
    finished = ports.clock.now().isoformat(timespec="seconds")
    save_record(ports.files, settings.home, SYNC, {"finished": finished, **synced.to_json()})
    return synced


def _sync(ports: Ports, settings: Settings, layout: Layout) -> Synced:
    present, absent = [], []
    for number, wished in enumerate(settings.wished):
        lineage = wished.lineage
        path = f"{layout.certificates}/{file_name(lineage.name, lineage.key_type)}"
        if ports.files.mode(path) is None:
            absent.append(SyncedBundle(lineage.name, lineage.key_type.value, ABSENT, path))
        else:
            where = f"certificates[{number}] ({lineage.name})"
            present.append(WantedBundle(where, lineage.name, lineage.key_type, lineage.domains))
    wish = Wish(tuple(present), layout, purge=False)
    error = None
    try:
        with disk_faults_told(layout.certificates):
            result: Mapping[str, Any] = deliver(ports, wish, partial(reload_live, ports, layout))
    except Busy:
        raise
    except EdgeError as failure:
        result, error = failure.details, failure.message
    return Synced(
        host=settings.host,
        changed=bool(result.get("changed")),
        hot=bool(result.get("hot")),
        reloaded=bool(result.get("reloaded")),
        reasons=tuple(result.get("reasons", ())),
        error=error,
        bundles=(*_told(result), *absent),
    )


def _told(result: Mapping[str, Any]) -> Iterator[SyncedBundle]:
    for bundle in result.get("bundles", ()):
        yield SyncedBundle(**{name: bundle[name] for name in SyncedBundle.__dataclass_fields__})
