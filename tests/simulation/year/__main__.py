# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m year`: live a year, twice: print its figures last.

First with 45-day certificates only and timers that fire twice a day, then with 160-hour ones as
well and hourly timers, as the role sets them.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta

from year.fleet import PROFILES, SITES
from year.plan import HOURLY, TWICE_A_DAY, Plan
from year.run import Failure, Year

SHORT = timedelta(days=10)

DAYS_PER_LINE = 30


def main() -> int:
    """Run it; 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="year", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what decides all that goes wrong")
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    longer = tuple(site for site in SITES if PROFILES[site.profile] > SHORT)
    plans = (
        Plan(options.seed, options.days, TWICE_A_DAY, longer),
        Plan(options.seed, options.days, HOURLY, SITES),
    )
    try:
        for plan in plans:
            live(plan)
    except Failure as failure:
        say(str(failure))
        return 1
    return 0


def live(plan: Plan) -> None:
    """One year: its progress, then its figures."""
    year, begin = Year(plan), time.monotonic()

    def each_day(day: int) -> None:
        if day % DAYS_PER_LINE == 0:
            issued, outages = len(year.world.ca.limits.issued), year.disasters.struck.total()
            seconds = time.monotonic() - begin
            say(f"day {day}: {issued} certificates, {outages} outages, after {seconds:.0f} s")

    year.run(each_day)
    say(year.figures())


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
