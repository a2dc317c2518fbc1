# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`hitless-edge certbot turn` and `deployed`: what certbot's unit and its deploy hook run."""

from __future__ import annotations

from argparse import Namespace

from ..._core.errors import Fault, InvalidInput
from ..._renewal.certbot import deployed, turn
from ..._renewal.reach import SshReach
from ..._renewal.settings import Settings, load
from ..exits import Exit, well_if
from ..outside import Outside
from ..told import tell_pushed

LINEAGE = "RENEWED_LINEAGE"


def run(arguments: Namespace, outside: Outside) -> Exit:
    """The part that was asked for."""
    settings = load(outside.ports.files, arguments.settings)
    if arguments.part == "turn":
        return _turn(settings, outside)
    return _deployed(settings, outside, arguments.lineage or _lineage_of_hook(outside))


def _turn(settings: Settings, outside: Outside) -> Exit:
    turned = turn(outside.ports, settings, _reach(settings, outside))
    for sentence in turned.done:
        outside.journal.notice(sentence)
    verb = "may renew" if turned.may_renew else "has nothing to renew here now"
    outside.journal.info(f"certbot {verb}: {turned.reason}")
    return well_if(turned.may_renew)


def _deployed(settings: Settings, outside: Outside, lineage: str) -> Exit:
    done = deployed(outside.ports, settings, _reach(settings, outside), lineage)
    told = f"{lineage.rstrip('/').rpartition('/')[2]}: {done.reason}"
    (outside.journal.notice if done.was_taken else outside.journal.info)(told)
    tell_pushed(outside.journal, done.pushed)
    return well_if(done.is_well)


def _reach(settings: Settings, outside: Outside) -> SshReach:
    return SshReach(outside.ports.runner, settings)


def _lineage_of_hook(outside: Outside) -> str:
    """What certbot renewed. Source: certbot's documentation, "Renewing certificates", hooks."""
    lineage = outside.environment.get(LINEAGE)
    if not lineage:
        remedy = "certbot sets it for deploy hooks; by hand, give --lineage FOLDER"
        raise InvalidInput([Fault(LINEAGE, "is not set", remedy)])
    return lineage
