# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a delivery tells."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery import shown
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.plan import Plan
from delivering import LAYOUT, Balancer, path_of, wanted
from minted import Minted, mint

A, B, NEW = mint("a.test"), mint("b.test"), mint("a.test", serial=2)


def differing(plan: Plan) -> dict[str, tuple[Any, Any]]:
    """What a diff shows: header -> before, after."""
    before, after = shown.before(plan), shown.after(plan, with_lacking=True)
    return {
        header: (before.get(header), after.get(header))
        for header in {*before, *after}
        if before.get(header) != after.get(header)
    }


def delivered(**other: Any) -> Balancer:
    """A balancer that serves a.test and b.test."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B), **other)
    return balancer


def test_nothing_to_do_shows_nothing() -> None:
    """Before and after are equal."""
    plan = delivered().plan(wanted("a.test", A, pem=False), wanted("b.test"))
    assert differing(plan) == {}
    assert [one["action"] for one in shown.results(plan)] == ["unchanged", "unchanged"]
    assert shown.reasons(plan) == []


def test_a_renewal_shows_meaning() -> None:
    """Names, dates, fingerprints, and that another one is served so far."""
    diff = differing(delivered().plan(wanted("a.test", NEW), wanted("b.test")))
    ((path, (before, after)),) = diff.items()
    assert path == path_of("a.test")
    assert before["fingerprint"] == A.fingerprint
    assert after["fingerprint"] == NEW.fingerprint
    assert before["served"].startswith("another certificate, ")
    assert after["served"] == "yes"


def test_no_key_is_ever_shown() -> None:
    """Whatever happens to the bundle."""
    balancer = delivered()
    balancer.files.write(path_of("b.test"), b"-----BEGIN PRIVATE KEY-----\nx")
    plan = balancer.plan(wanted("a.test", NEW), wanted("b.test", Minted(A.key, B.chain)))
    told = [shown.before(plan), shown.after(plan, with_lacking=True), shown.results(plan)]
    assert "PRIVATE" not in json.dumps(told)
    assert not any(line in json.dumps(told) for line in A.key.splitlines())


def test_drift_of_the_process_is_shown() -> None:
    """The files are right, and something else is served."""
    balancer = delivered()
    balancer.process.stores[path_of("a.test")] = NEW.pem
    plan = balancer.plan(wanted("a.test", A, pem=False), wanted("b.test"))
    assert list(differing(plan)) == [path_of("a.test")]
    assert shown.results(plan)[0]["action"] == "swapped"
    assert shown.results(plan)[0]["reason"] == "HAProxy serves another certificate"


def test_another_chain_is_shown_although_the_leaf_stays() -> None:
    """Also while HAProxy is down, so that the file is written."""
    balancer = delivered()
    balancer.stop()
    plan = balancer.plan(wanted("a.test", Minted(A.key, A.chain[:1])), wanted("b.test"))
    ((before, _after),) = differing(plan).values()
    assert before["state"] == "another chain, or the key in another form"


def test_a_removal_shows_what_goes() -> None:
    """Served until now."""
    plan = delivered().plan(wanted("a.test", A))
    before, after = differing(plan)[path_of("b.test")]
    assert before["served"] == "yes"
    assert after is None
    assert shown.results(plan)[1] == {
        "name": "b.test",
        "key_type": "ecdsa",
        "action": "removed",
        "reason": "not wished any more",
        "fingerprint": B.fingerprint,
        "not_after": before["not_after"],
    }


def test_what_is_lacking_is_foretold_and_not_claimed() -> None:
    """Check mode tells what the run will do once it has the PEM; the run without it did nothing."""
    plan = Balancer().plan(wanted("a.test", A, pem=False))
    foretold = shown.after(plan, with_lacking=True)
    assert foretold[path_of("a.test")] == {"domains": ["a.test"], "fingerprint": A.fingerprint}
    assert path_of("a.test") not in shown.after(plan, with_lacking=False)


def test_what_nobody_has_yet_is_no_change() -> None:
    """No fingerprint is wanted: the certificate was never issued."""
    balancer = delivered()
    plan = balancer.plan(wanted("a.test"), wanted("b.test"), wanted("c.test"))
    assert differing(plan) == {}
    assert [one["action"] for one in shown.results(plan)][2] == "lacking"


def test_modes_are_shown() -> None:
    """Of the folder and of a file that others could read."""
    balancer = delivered()
    balancer.files.modes[LAYOUT.certificates] = 0o755
    balancer.files.modes[path_of("a.test")] = 0o644
    diff = differing(balancer.plan(wanted("a.test", A), wanted("b.test")))
    assert diff[LAYOUT.certificates] == ({"mode": "0755"}, {"mode": "0700"})
    assert diff[path_of("a.test")][0]["mode"] == "0644"


def test_a_missing_line_of_the_list_is_written() -> None:
    """The process serves it, and its next start would not."""
    balancer = delivered()
    balancer.files.write(LAYOUT.crt_list, f"{path_of('b.test')}\n".encode())
    plan = balancer.plan(wanted("a.test"), wanted("b.test"))
    assert list(differing(plan)) == [LAYOUT.crt_list]
    assert shown.results(plan)[0]["action"] == "written"


def test_a_wildcard_is_called_by_its_name() -> None:
    """Not by its file, when it leaves."""
    balancer = Balancer()
    balancer.deliver(wanted("*.a.test", mint("*.a.test")))
    assert shown.results(balancer.plan(purge_everything=True))[0]["name"] == "*.a.test"
