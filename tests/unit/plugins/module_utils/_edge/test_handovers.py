# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What did not come from the other issuers is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._edge.handovers import (
    failed_handovers,
    lagging,
)


def pushed(**errors: str) -> dict[str, Any]:
    """What a push prints; the hosts with an error, and one that is well."""
    hosts = [{"host": host, "ok": not error, "error": error} for host, error in errors.items()]
    return {"rc": int(any(errors.values())), "stderr": "", "stdout": json.dumps({"hosts": hosts})}


def refusing(*reasons: str) -> dict[str, Any]:
    """What a push prints when the issuer refuses bundles for these reasons."""
    bundles = [{"action": "refused", "reason": reason} for reason in reasons]
    host = {
        "host": "lb1",
        "ok": False,
        "error": f"lb1 refused it: {reasons[0]}",
        "bundles": bundles,
    }
    return {"rc": 1, "stderr": "", "stdout": json.dumps({"hosts": [host]})}


@pytest.mark.parametrize(
    ("result", "told"),
    [
        pytest.param(pushed(lb1="", lb3=""), [], id="well"),
        pytest.param(pushed(lb1="", lb3="lb3 is down"), [], id="another host is down"),
        pytest.param(pushed(lb1="lb1 refuses our push key"), ["lb1 refuses our push key"], id="no"),
        pytest.param({"rc": 2, "stdout": "", "stderr": "error: bad\n"}, ["error: bad"], id="error"),
        pytest.param({"rc": 70, "stdout": "", "stderr": ""}, ["it ended with 70"], id="silent"),
        pytest.param({"rc": 0, "stdout": "skipped, since /usr"}, [], id="no command yet"),
        pytest.param(
            {"rc": 1, "stdout": "", "stderr": "lb2 is no issuer: it has nothing to push"},
            [],
            id="not an issuer before this run",
        ),
        pytest.param(
            {"rc": 1, "stdout": "", "stderr": "lb1: not pushed to from here; give some of lb2"},
            [],
            id="does not know the first issuer yet",
        ),
        pytest.param({"rc": 1, "stdout": "{", "stderr": "x"}, ["x"], id="broken off"),
        pytest.param(refusing("is not wished for here; does"), [], id="left the wish meanwhile"),
        pytest.param(refusing("is not wished for here", "expired"), ["refused it"], id="both"),
    ],
)
def test_a_handover_that_failed_is_told(result: dict[str, Any], told: list[str]) -> None:
    """If it is the issuer that got nothing; what others lack is told by its own push."""
    words = failed_handovers({"lb2": result}, "lb1")
    assert len(words) == len(told)
    for sentence, part in zip(words, told):
        assert sentence.startswith("handover from lb2 to lb1, the issuer: ")
        assert part in sentence


def test_a_certificate_that_the_issuer_lacks_is_told_once() -> None:
    """However many balancers hold it; with what to do."""
    held = {"name": "a.test", "key_type": "ecdsa", "fingerprint": "A"}
    (words,) = lagging([held, held], "lb1")
    assert words.startswith("a.test (ecdsa): balancers hold a newer certificate than lb1")
    assert words.endswith("renew --force a.test")
