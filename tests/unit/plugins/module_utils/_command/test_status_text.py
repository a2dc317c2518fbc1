# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person sees at a glance how a host stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Lineage,
    Source,
    Wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._command.status_text import (
    render_status,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki import bundle
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.records import HostRecord
from ansible_collections.hitless.edge.plugins.module_utils._renewal.standing import (
    Standing,
    State,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.status import Status
from fakes import NOON
from minted import mint

END = datetime(2027, 1, 1, 6, 30, tzinfo=timezone.utc)
LEAF = bundle.parse(mint("wizardry.io", not_after=END).pem, name="wizardry.io", path="x").leaf
LINEAGE = Lineage("wizardry.io", KeyType.ECDSA, ("wizardry.io",))
MARK = LEAF.fingerprint
STANDING = Standing(Wished(Source.ACME, LINEAGE), State.OK, "", NOON, LEAF, MARK, MARK, MARK)
RUN = {"finished": NOON.isoformat(), "ok": True}
STATUS = Status("lb1", NOON, 0, True, (STANDING,), {}, RUN, RUN, ())


def test_all_of_a_host_is_in_it() -> None:
    """In columns, the problems last."""
    away = HostRecord(NOON, "lb3 is down", NOON - timedelta(hours=3))
    status = replace(
        STATUS, hosts={"lb3": away, "lb2": HostRecord(NOON)}, problems=("lb3 is down",)
    )
    assert render_status(status).splitlines() == [
        "lb1 (issuer of rank 0, balancer), 2026-11-22 12:00 UTC",
        "",
        "certificate  key    source  state  days left  valid until           served",
        "wizardry.io  ecdsa  acme    ok     39.7       2027-01-01 06:30 UTC  yes",
        "",
        "host  last push             state",
        "lb2   2026-11-22 12:00 UTC  ok",
        "lb3   2026-11-22 12:00 UTC  failing since 2026-11-22 09:00 UTC",
        "",
        "last renew: 2026-11-22 12:00 UTC, all is well",
        "last sync:  2026-11-22 12:00 UTC, all is well",
        "",
        "1 problem:",
        "  lb3 is down",
    ]


def test_nothing_wrong_is_said_too() -> None:
    """An empty end would leave a doubt."""
    assert render_status(STATUS).endswith("\n\nno problem")


def test_a_balancer_that_is_no_issuer_renews_nothing() -> None:
    """So it does not tell when."""
    text = render_status(replace(STATUS, rank=None))
    assert text.startswith("lb1 (balancer), ")
    assert "last renew" not in text
    assert "last sync" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"served": MARK}, "yes", id="served"),
        pytest.param({"served": "0" * 64}, "no", id="another one"),
        pytest.param({"served": ""}, "no", id="none of ours"),
        pytest.param({"served": None}, "-", id="unknown"),
        pytest.param({"served": "", "disk": ""}, "no", id="nothing anywhere"),
    ],
)
def test_what_the_process_has_is_told(change: dict[str, Any], expected: str) -> None:
    """Not what lies on the disk: the process is the truth."""
    text = render_status(replace(STATUS, certificates=(replace(STANDING, **change),)))
    assert text.splitlines()[3].split()[-1] == expected


def test_an_absent_certificate_has_no_dates() -> None:
    """And is in the table all the same."""
    absent = replace(STANDING, state=State.ABSENT, leaf=None, disk=None, served="")
    line = render_status(replace(STATUS, certificates=(absent,))).splitlines()[3]
    assert line.split() == ["wizardry.io", "ecdsa", "acme", "absent", "-", "-", "no"]


def test_what_has_never_run_is_told() -> None:
    """As on a host that was set up a minute ago."""
    text = render_status(replace(STATUS, certificates=(), renew={}, sync={"error": "x", **RUN}))
    assert "no certificate is wished for" in text
    assert "last renew: never" in text
    assert render_status(replace(STATUS, sync={**RUN, "ok": False})).count("with problems") == 1


@pytest.mark.parametrize(
    ("record", "expected"),
    [({"error": None}, "all is well"), ({"error": "no"}, "with problems"), ({"ok": False}, "with")],
)
def test_a_record_without_a_verdict_is_judged_by_its_error(
    record: dict[str, Any], expected: str
) -> None:
    """Whichever of the two it has."""
    text = render_status(replace(STATUS, sync={"finished": NOON.isoformat(), **record}))
    (line,) = (line for line in text.splitlines() if line.startswith("last sync"))
    assert expected in line
