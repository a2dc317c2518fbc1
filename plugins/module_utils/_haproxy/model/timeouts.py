# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timeouts: the option's name is HAProxy's with ``_`` for ``-``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ..._core.reader import Reader
from .durations import read_duration

OF_BACKENDS = ("check", "connect", "queue", "server", "server_fin", "tunnel")
OF_ALL = (*OF_BACKENDS, "client", "client_fin", "http_keep_alive", "http_request")

Timeouts = tuple[tuple[str, timedelta], ...]
"""Keyword of HAProxy and length, sorted."""


def read_timeouts(
    reader: Reader, names: Iterable[str], defaults: dict[str, timedelta] | None = None
) -> Timeouts:
    """Those that are given, over the defaults."""
    if reader.is_given:
        reader.allow(*names)
    given = {
        name: read_duration(value)
        for name, value in reader.entries()
        if name in names and value.is_given
    }
    merged = {**(defaults or {}), **given}
    return tuple((name.replace("_", "-"), merged[name]) for name in sorted(merged))
