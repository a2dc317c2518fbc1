# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`hitless-edge status`: how things are, for people and for programs."""

from __future__ import annotations

from argparse import Namespace

from ..._renewal.metrics import render
from ..._renewal.settings import load
from ..._renewal.status import status
from ..exits import Exit, well_if
from ..outside import Outside
from ..shown import as_json
from ..status_text import render_status

READABLE = 0o644
"""The node exporter is another user."""


def run(arguments: Namespace, outside: Outside) -> Exit:
    """Look, and tell it in the form that was asked for."""
    found = status(outside.ports, load(outside.ports.files, arguments.settings))
    if arguments.textfile:
        outside.ports.files.write(arguments.textfile, render(found).encode(), mode=READABLE)
        return Exit.WELL
    if arguments.prometheus:
        outside.show(render(found))
        return Exit.WELL
    outside.show(as_json(found.to_json()) if arguments.json else render_status(found))
    return well_if(found.ok)
