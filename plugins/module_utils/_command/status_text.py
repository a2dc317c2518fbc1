# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host stands, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._renewal.records import HostRecord, moment
from .._renewal.standing import Standing
from .._renewal.status import Status
from . import words
from .shown import as_table

NEVER = "never"
NOTHING = "-"
CERTIFICATES = ("certificate", "key", "source", "state", "days left", "valid until", "served")
HOSTS = ("host", "last push", "state")


def render_status(status: Status) -> str:
    """What needs somebody comes last, where the eye is when it has been printed."""
    return "\n".join(_lines(status))


def _lines(status: Status) -> Iterator[str]:
    yield f"{status.host} ({_roles(status)}), {words.moment(status.now)}"
    yield ""
    if status.certificates:
        yield from as_table(CERTIFICATES, [_certificate(one) for one in status.certificates])
    else:
        yield "no certificate is wished for"
    if status.hosts:
        yield ""
        yield from as_table(HOSTS, [_host(*one) for one in sorted(status.hosts.items())])
    yield ""
    if status.rank is not None:
        yield f"last renew: {_run(status.renew)}"
    yield f"last sync:  {_run(status.sync)}"
    yield ""
    yield from _problems(status.problems)


def _roles(status: Status) -> str:
    rank = [] if status.rank is None else [f"issuer of rank {status.rank}"]
    return ", ".join([*rank, *(["balancer"] if status.is_balancer else [])]) or "neither"


def _certificate(one: Standing) -> tuple[str, ...]:
    days = NOTHING if one.days_left is None else f"{one.days_left:.1f}"
    until = NOTHING if one.leaf is None else words.moment(one.leaf.not_after)
    lineage = one.lineage
    return (
        lineage.name,
        lineage.key_type.value,
        one.wish.source.value,
        one.state.value,
        days,
        until,
        _served(one),
    )


def _served(one: Standing) -> str:
    """Whether the process serves what is on disk; ``-`` where that cannot be known."""
    if one.served is None:
        return NOTHING
    return "yes" if one.served and one.served == one.disk else "no"


def _host(name: str, record: HostRecord) -> tuple[str, ...]:
    since = record.failing_since or record.at
    state = "ok" if record.error is None else f"failing since {words.moment(since)}"
    return name, words.moment(record.at), state


def _run(record: Mapping[str, Any]) -> str:
    finished = moment(record.get("finished"))
    if finished is None:
        return NEVER
    is_well = record.get("ok", not record.get("error"))
    return f"{words.moment(finished)}, {'all is well' if is_well else 'with problems'}"


def _problems(problems: tuple[str, ...]) -> Iterator[str]:
    if not problems:
        yield "no problem"
        return
    yield "1 problem:" if len(problems) == 1 else f"{len(problems)} problems:"
    yield from (f"  {problem}" for problem in problems)
