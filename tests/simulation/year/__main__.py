# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m year`: live a year, print its figures last."""

from __future__ import annotations

import argparse
import sys
import time

from year.run import Failure, Year

DAYS_PER_LINE = 30


def main() -> int:
    """Run it; 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="year", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    year, begin = Year(options.seed, options.days), time.monotonic()

    def each_day(day: int) -> None:
        if day % DAYS_PER_LINE == 0:
            issued, outages = len(year.world.ca.limits.issued), year.disasters.struck.total()
            seconds = time.monotonic() - begin
            say(f"day {day}: {issued} certificates, {outages} outages, after {seconds:.0f} s")

    try:
        year.run(each_day)
    except Failure as failure:
        say(str(failure))
        return 1
    say(year.figures())
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
