# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What probes found, as lines for a screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .probe import Probe, Status

COLUMNS = ("balancer", "domain", "status", "issuer", "days left", "fingerprint")
SHOWN_AT_MOST = 60
Row = tuple[str, ...]


def render_table(probes: Sequence[Probe], now: datetime) -> tuple[str, ...]:
    """A header and a line per probe; of a large fleet only what is not as wanted."""
    shown = list(probes)
    if len(shown) > SHOWN_AT_MOST:
        shown = [probe for probe in probes if probe.status is not Status.OK][:SHOWN_AT_MOST]
    rows = [COLUMNS, *(_row(probe, now) for probe in shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows] if shown else []
    hidden = len(probes) - len(shown)
    as_wanted = sum(probe.status is Status.OK for probe in probes)
    summary = f"{as_wanted} of {len(probes)} as wanted"
    return (*lines, summary) if hidden else tuple(lines)


def _row(probe: Probe, now: datetime) -> Row:
    days = probe.days_left(now)
    certificate = probe.certificate
    return (
        probe.balancer,
        probe.domain,
        probe.status.value,
        certificate.issuer if certificate else "-",
        "-" if days is None else str(days),
        certificate.fingerprint[:16] if certificate else "-",
    )
