# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`hitless-edge renew`: what is due is renewed, then the other hosts get it."""

from __future__ import annotations

from argparse import Namespace

from ..._renewal.reach import SshReach
from ..._renewal.renew import Options, renew
from ..._renewal.settings import load
from ..exits import Exit, well_if
from ..outside import Outside
from ..shown import as_json
from ..told import tell_report


def run(arguments: Namespace, outside: Outside) -> Exit:
    """Renew, and tell what was done and what could not be."""
    settings = load(outside.ports.files, arguments.settings)
    reach = SshReach(outside.ports.runner, settings)
    report = renew(outside.ports, settings, reach, options_of(arguments))
    tell_report(outside.journal, report)
    if arguments.json:
        outside.show(as_json(report.to_json()))
    return well_if(report.ok)


def options_of(arguments: Namespace) -> Options:
    """What was asked for; `--force` without a name means all."""
    return Options(
        force=tuple(arguments.force or ()),
        force_all=arguments.force == [],
        dry_run=arguments.dry_run,
    )
