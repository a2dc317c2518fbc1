# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person needs to know at three in the morning: every certificate, every run, what is wrong.

It asks nobody but the HAProxy of this host, changes nothing, and never fails: what cannot be read
is one of the things that are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._core.ports import Ports
from .._haproxy.layout import Layout
from .records import RENEW, SYNC, HostRecord, load_pushes, load_record, moment
from .settings import Settings
from .standing import Standing, look_at

SILENT_RENEW = timedelta(hours=36)
"""The timer runs at least twice a day."""

SILENT_SYNC = timedelta(hours=2)
NO_RUN: Mapping[str, Any] = {}
NO_HOSTS: Mapping[str, HostRecord] = {}


@dataclass(frozen=True)
class Status:
    """All of it. ``rank``: ``None`` on a host that is no issuer. ``renew``, ``sync``: records."""

    host: str
    now: datetime
    rank: int | None
    is_balancer: bool
    certificates: tuple[Standing, ...]
    hosts: Mapping[str, HostRecord]
    renew: Mapping[str, Any]
    sync: Mapping[str, Any]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing needs a person."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "host": self.host,
            "now": self.now.isoformat(),
            "ok": self.ok,
            "problems": list(self.problems),
            "rank": self.rank,
            "balancer": self.is_balancer,
            "certificates": [one.to_json() for one in self.certificates],
            "renew": _summary(self.renew),
            "sync": dict(self.sync) or None,
            "hosts": {host: found.to_json() for host, found in sorted(self.hosts.items())},
        }


def status(ports: Ports, settings: Settings, *, layout: Layout | None = None) -> Status:
    """How this host stands now."""
    sight = look_at(ports, settings, layout or Layout())
    now, home = ports.clock.now(), settings.home
    renew = sight.tried(lambda: load_record(ports.files, home, RENEW), NO_RUN)
    hosts = sight.tried(lambda: load_pushes(ports.files, home), NO_HOSTS)
    sync = sight.tried(lambda: load_record(ports.files, home, SYNC), NO_RUN)
    problems = [
        *(one.problem for one in sight.certificates if one.problem),
        *_renew_problems(renew, hosts, now, is_issuer=settings.is_issuer),
        *(_push_problems(hosts) if settings.is_issuer else ()),
        *_sync_problems(sync, now, is_balancer=settings.is_balancer),
    ]
    return Status(
        host=settings.host,
        now=now,
        rank=settings.rank(),
        is_balancer=settings.is_balancer,
        certificates=tuple(sight.certificates),
        hosts=hosts,
        renew=renew,
        sync=sync,
        problems=tuple(dict.fromkeys([*sight.faults, *problems])),
    )


def _renew_problems(
    record: Mapping[str, Any],
    hosts: Mapping[str, HostRecord],
    now: datetime,
    *,
    is_issuer: bool,
) -> list[str]:
    if not is_issuer:
        return []
    finished = moment(record.get("finished"))
    if finished is None:
        return ["renew has never run here: is hitless-edge-renew.timer active?"]
    told = {found.error for found in hosts.values()}
    listed = record.get("problems")
    lines = [str(line) for line in (listed if isinstance(listed, list) else ())]
    problems = [f"renew: {line}" for line in lines if line not in told]
    if now - finished > SILENT_RENEW:
        since = f"{finished:%F %R} UTC"
        problems.append(f"renew has not run since {since}: is hitless-edge-renew.timer active?")
    return problems


def _push_problems(hosts: Mapping[str, HostRecord]) -> list[str]:
    return [
        f"{host} takes nothing from this host since {found.failing_since or found.at:%F %R} UTC: "
        f"{found.error}"
        for host, found in hosts.items()
        if found.error is not None
    ]


def _sync_problems(record: Mapping[str, Any], now: datetime, *, is_balancer: bool) -> list[str]:
    if not is_balancer:
        return []
    finished = moment(record.get("finished"))
    if finished is None:
        return ["sync has never run here: is hitless-edge-sync.timer active?"]
    reasons = record.get("reasons")
    why = record.get("error") or "; ".join(map(str, reasons if isinstance(reasons, list) else ()))
    problems = [f"sync: {' '.join(str(why).split())}"] if why and not record.get("ok") else []
    if now - finished > SILENT_SYNC:
        since = f"{finished:%F %R} UTC"
        problems.append(f"sync has not run since {since}: is hitless-edge-sync.timer active?")
    return problems


def _summary(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last run without what is told of certificates and hosts elsewhere."""
    if not record:
        return None
    named = ("started", "finished", "ok", "changed", "error", "last_success", "problems")
    listed = record.get("certificates")
    retries = {
        f"{one.get('name')} ({one.get('key_type')})": one["retry_at"]
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and one.get("retry_at")
    }
    return {**{name: record.get(name) for name in named}, "retry_at": retries}
