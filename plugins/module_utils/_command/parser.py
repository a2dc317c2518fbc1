# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line."""

from __future__ import annotations

import argparse
from typing import Any

from .._core.version import VERSION
from . import manual
from .exits import Exit
from .login import NAME

SETTINGS = "/etc/hitless-edge/settings.json"
RECEIVE = "receive"


def make_parser() -> argparse.ArgumentParser:
    """The parser of all verbs.

    What it parses has the verb as ``verb``, and as ``failure`` the one status that it fails with,
    whatever went wrong, if it has one.
    """
    parser = argparse.ArgumentParser(
        prog=NAME,
        description=manual.DESCRIPTION,
        epilog=manual.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {VERSION}")
    parser.add_argument(
        "--settings", metavar="PATH", default=SETTINGS, help="settings (default: %(default)s)"
    )
    parser.set_defaults(failure=None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    _add_renew(verbs)
    _add_push(verbs)
    _add(verbs, RECEIVE, "take certificates from another host", manual.RECEIVE)
    _with_json(_add(verbs, "sync", "bring HAProxy in line with the disk", manual.SYNC))
    _add_status(verbs)
    _add_certbot(verbs)
    return parser


def _add(verbs: Any, name: str, summary: str, text: str, epilog: str = "") -> Any:
    return verbs.add_parser(
        name,
        help=summary,
        description=text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _with_json(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def _add_renew(verbs: Any) -> None:
    summary = "renew what is due, then push"
    renew = _add(verbs, "renew", summary, manual.RENEW, manual.RENEW_EPILOG)
    renew.add_argument(
        "--force",
        nargs="*",
        metavar="NAME",
        help="renew these certificates (without NAME all) although they are not due",
    )
    renew.add_argument(
        "--dry-run",
        action="store_true",
        help="order at the CA's staging directory; nothing is kept, pushed or counted",
    )
    _with_json(renew)


def _add_push(verbs: Any) -> None:
    push = _add(verbs, "push", "bring the other hosts up to date", manual.PUSH)
    push.add_argument(
        "--to", nargs="+", metavar="HOST", default=(), help="push to these hosts alone"
    )
    _with_json(push)


def _add_status(verbs: Any) -> None:
    status = _add(verbs, "status", "tell how things are", manual.STATUS, manual.STATUS_EPILOG)
    form = status.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON instead of a table")
    form.add_argument("--prometheus", action="store_true", help="as metrics for Prometheus")
    form.add_argument(
        "--textfile", metavar="FILE", help="write the metrics to a file of the node exporter"
    )


def _add_certbot(verbs: Any) -> None:
    certbot = _add(verbs, "certbot", "work with certbot's lineages", manual.CERTBOT)
    parts = certbot.add_subparsers(dest="part", metavar="PART", required=True, title="parts")
    turn = _add(parts, "turn", "tell whether certbot may renew on this host now", manual.TURN)
    turn.set_defaults(failure=Exit.UNIT_FAILS)  # anything less and systemd takes it for a "no"
    deployed = _add(parts, "deployed", "take over what certbot renewed", manual.DEPLOYED)
    deployed.add_argument(
        "--lineage",
        metavar="FOLDER",
        help="the lineage's folder in certbot's live/ (default: $RENEWED_LINEAGE)",
    )
