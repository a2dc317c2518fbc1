# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses; 70 and 75 are those of sysexits(3)."""

    WELL = 0
    ATTENTION = 1
    USAGE = 2
    FAULT = 70
    BUSY = 75
    UNIT_FAILS = 255


def well_if(is_well: bool) -> Exit:
    """All is well, or something needs attention."""
    return Exit.WELL if is_well else Exit.ATTENTION
