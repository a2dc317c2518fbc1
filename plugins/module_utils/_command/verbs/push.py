# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`hitless-edge push`: the other hosts get what they lack."""

from __future__ import annotations

from argparse import Namespace

from ..._renewal.push import push
from ..._renewal.reach import SshReach
from ..._renewal.settings import load
from ..exits import Exit, well_if
from ..outside import Outside
from ..shown import as_json
from ..told import summary_of_push, tell_pushed


def run(arguments: Namespace, outside: Outside) -> Exit:
    """Push, and tell how each host stands."""
    settings = load(outside.ports.files, arguments.settings)
    reach = SshReach(outside.ports.runner, settings)
    pushed = push(outside.ports, settings, reach, only=tuple(arguments.to))
    tell_pushed(outside.journal, pushed)
    outside.journal.info(summary_of_push(pushed))
    is_well = all(one.ok for one in pushed)
    if arguments.json:
        is_changed = any(one.changed for one in pushed)
        hosts = [one.to_json() for one in pushed]
        outside.show(as_json({"ok": is_well, "changed": is_changed, "hosts": hosts}))
    return well_if(is_well)
