# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What did not come from the other issuers to the first one, in words.

A certificate that balancers hold and the first issuer does not is served on, so nobody is hurt. It
is a problem all the same: the first issuer goes by an older one, and orders too early.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Data = Mapping[str, Any]
NOT_WISHED = "is not wished for here"
"""What the issuer says of a certificate that left the wish while a host was down."""
NOT_TOLD_YET = ("nothing to push", "not pushed to from here")
"""What a host says that has not been told yet that it is an issuer, or who the first one is."""


def failed_handovers(results: Mapping[str, Data], issuer: str) -> list[str]:
    """Host -> its push, ``{stdout, stderr, rc}``: why the issuer got nothing, a sentence each."""
    words = ((host, _why(result, issuer)) for host, result in results.items())
    return [f"handover from {host} to {issuer}, the issuer: {why}" for host, why in words if why]


def lagging(newer: Iterable[Data], issuer: str) -> list[str]:
    """What balancers hold that is newer than what the issuer has, one sentence each."""
    found = dict.fromkeys((str(one["name"]), str(one["key_type"])) for one in newer)
    return [
        f"{name} ({kind}): balancers hold a newer certificate than {issuer}, the issuer, and keep "
        "it; the host that renewed it hands it over with its next push. To have a still newer one "
        f"instead, run on {issuer}: sudo -u hitless hitless-edge renew --force {name}"
        for name, kind in found
    ]


def _why(result: Data, issuer: str) -> str:
    said = str(result.get("stdout") or "")
    try:
        hosts = json.loads(said)["hosts"] if said.startswith("{") else None
    except (ValueError, KeyError):
        hosts = None
    if hosts is not None:
        mine = (one for one in hosts if one["host"] == issuer and not one["ok"])
        failed = (one for one in mine if not _is_out_of_date(one))
        return next((str(one["error"]) for one in failed), "")
    words = " ".join(str(result.get("stderr") or "").split())
    if not result.get("rc") or any(told in words for told in NOT_TOLD_YET):
        return ""
    return words or f"it ended with {result['rc']} and said nothing"


def _is_out_of_date(pushed: Data) -> bool:
    """Whether all that was refused is what nobody wants any more; `keep` tells the host so."""
    refused = [one for one in pushed.get("bundles", ()) if one["action"] == "refused"]
    return bool(refused) and all(str(one["reason"]).startswith(NOT_WISHED) for one in refused)
