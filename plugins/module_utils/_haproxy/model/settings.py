# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of the whole process and those that proxies inherit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from ..._core.reader import Reader
from ..text import Line
from .durations import read_duration
from .fields import read_file, read_line, read_lines
from .timeouts import OF_ALL, Timeouts, read_timeouts

_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
DEFAULT_LOGS = ("/dev/log local0",)
"""Debian's unit binds the journal's socket into the chroot."""
DEFAULT_TIMEOUTS = {
    "connect": timedelta(seconds=5),
    "client": timedelta(seconds=50),
    "client_fin": timedelta(seconds=5),
    "server": timedelta(seconds=50),
    "tunnel": timedelta(hours=1),
    "http_request": timedelta(seconds=10),
    # Idle connections stay on the old worker of a reload: far below hard-stop-after.
    "http_keep_alive": timedelta(seconds=15),
    "queue": timedelta(seconds=10),
    "check": timedelta(seconds=5),
}


class TlsPolicy(Enum):
    """Mozilla's names for what clients may use. Source: guidelines 6.0."""

    INTERMEDIATE = "intermediate"
    MODERN = "modern"


@dataclass(frozen=True)
class Global:
    """The ``global`` section. ``logs``: what stands behind ``log``; ``lines``: raw, at its end."""

    maxconn: int | None
    nbthread: int | None
    hard_stop_after: timedelta
    user: str
    group: str
    chroot: str | None
    logs: tuple[Line, ...]
    tls_policy: TlsPolicy
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class ProxyDefaults:
    """The ``defaults`` of every proxy."""

    timeouts: Timeouts
    retries: int
    log_format: str | None
    lines: tuple[Line, ...]


def read_global(reader: Reader) -> Global:
    """``haproxy_global``."""
    if reader.is_given:
        reader.allow(
            "maxconn", "nbthread", "hard_stop_after", "user", "group", "chroot", "logs",
            "tls_policy", "lines",
        )  # fmt: skip
    chroot = reader["chroot"]
    return Global(
        maxconn=reader["maxconn"].integer(1, 10_000_000) if reader["maxconn"].is_given else None,
        nbthread=reader["nbthread"].integer(1, 4096) if reader["nbthread"].is_given else None,
        hard_stop_after=read_duration(reader["hard_stop_after"], timedelta(minutes=15)),
        user=_read_account(reader["user"]),
        group=_read_account(reader["group"]),
        chroot=None if chroot.value is False else _read_chroot(chroot),
        logs=_read_logs(reader["logs"]),
        tls_policy=reader["tls_policy"].choice(TlsPolicy, TlsPolicy.INTERMEDIATE),
        lines=_read_global_lines(reader["lines"]),
    )


def read_proxy_defaults(reader: Reader) -> ProxyDefaults:
    """``haproxy_defaults``."""
    if reader.is_given:
        reader.allow("timeouts", "retries", "log_format", "lines")
    log_format = reader["log_format"]
    return ProxyDefaults(
        timeouts=read_timeouts(reader["timeouts"], OF_ALL, DEFAULT_TIMEOUTS),
        retries=reader["retries"].integer(0, 100, default=3),
        log_format=log_format.text() if log_format.is_given else None,
        lines=read_lines(reader["lines"]),
    )


def _read_chroot(reader: Reader) -> str:
    return read_file(reader) if reader.is_given else "/var/lib/haproxy"


def _read_account(reader: Reader) -> str:
    name = reader.text("haproxy")
    if not _ACCOUNT.fullmatch(name):
        reader.fault(f"{name[:40]!r} is not the name of a user or group")
    return name


def _read_logs(reader: Reader) -> tuple[Line, ...]:
    if not reader.is_given:
        return tuple(Line.parse(text) for text in DEFAULT_LOGS)
    lines = tuple(read_line(item) for item in reader.items())
    for item, line in zip(reader.items(), lines):
        if len(line.sources) < 2:
            item.fault("is not a log target", 'write an address and a facility: "/dev/log local0"')
    return lines


def _read_global_lines(reader: Reader) -> tuple[Line, ...]:
    lines = read_lines(reader)
    for item, line in zip(reader.lines(), lines):
        if line.keyword == "description":
            item.fault("description holds the config's digest", "use node for a name of the host")
    return lines
