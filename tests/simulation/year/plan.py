# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one run is to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from year.fleet import BEGIN, HOSTS, SITES, Site
from year.trouble import Trouble, draw

HOURLY, TWICE_A_DAY = timedelta(hours=1), timedelta(hours=12)


@dataclass(frozen=True)
class Plan:
    """One run. ``every``: how often the timers of `renew` fire, hourly where lives are short.

    ``renewing``: the hosts that have such a timer. ``forces``: whether each run orders everything.
    ``troubles``: instead of those that are drawn from the seed. ``settings``: other ones of all
    hosts.
    """

    seed: int = 1
    days: int = 365
    every: timedelta = HOURLY
    sites: tuple[Site, ...] = SITES
    renewing: tuple[str, ...] = HOSTS
    forces: bool = False
    troubles: tuple[Trouble, ...] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def drawn(self) -> tuple[Trouble, ...]:
        """What goes wrong."""
        return draw(self.seed, BEGIN, self.days) if self.troubles is None else self.troubles

    @property
    def end(self) -> timedelta:
        """How long it takes."""
        return timedelta(days=self.days)

    @property
    def profiles(self) -> tuple[str, ...]:
        """Of the certificates that are wished."""
        return tuple(dict.fromkeys(site.profile for site in self.sites))
