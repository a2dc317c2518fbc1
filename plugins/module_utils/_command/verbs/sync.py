# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`hitless-edge sync`: the running HAProxy in line with the disk."""

from __future__ import annotations

from argparse import Namespace

from ..._renewal.settings import load
from ..._renewal.sync import sync
from ..exits import Exit, well_if
from ..outside import Outside
from ..shown import as_json
from ..told_synced import tell_synced

IN_LINE = "HAProxy serves what is on disk"


def run(arguments: Namespace, outside: Outside) -> Exit:
    """Bring it in line, and tell what was not; every ten minutes, so nothing if all was well."""
    synced = sync(outside.ports, load(outside.ports.files, arguments.settings))
    is_news = tell_synced(outside.journal, synced)
    if arguments.json:
        outside.show(as_json(synced.to_json()))
    elif not is_news and outside.is_watched:
        outside.show(IN_LINE)
    return well_if(synced.is_well)
