# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request in parts that a receiver takes."""

from __future__ import annotations

import json
from dataclasses import replace

from .wire import Offer, Request, offer_to_json, render_request
from .wire_fields import LIMIT_BYTES, MOST_BUNDLES


def split(request: Request, limit_bytes: int = LIMIT_BYTES) -> tuple[Request, ...]:
    """The same in parts that a receiver takes, at least one; keys are in the first."""
    parts: list[Request] = []
    taken: list[Offer] = []
    head, room = request, limit_bytes - _size(request)
    for offer in request.bundles:
        size = len(json.dumps(offer_to_json(offer), ensure_ascii=False).encode()) + len(", ")
        if taken and (size > room or len(taken) == MOST_BUNDLES):
            parts.append(replace(head, bundles=tuple(taken)))
            head, taken = replace(head, account_key=None, certbot_key=None), []
            room = limit_bytes - _size(head)
        taken.append(offer)
        room -= size
    return (*parts, replace(head, bundles=tuple(taken)))


def _size(request: Request) -> int:
    """Of the request without its bundles."""
    return len(render_request(replace(request, bundles=())).encode())
