# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a proof."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput, Refused
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import HttpAnswer
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.process import Service
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_proof import (
    Probe,
    Proof,
)
from fake_haproxy import LAYOUT, FakeHaproxy, config, digest_of

PROBE = Probe.parse("http://127.0.0.1:8404/healthz?x=1")


@pytest.fixture
def haproxy() -> FakeHaproxy:
    """A service that runs."""
    one = FakeHaproxy()
    one.write(config(), {})
    one.start()
    return one


def proof(haproxy: FakeHaproxy, **known: int | None) -> Proof:
    """What is demanded of it, within ten seconds."""
    service = Service(haproxy.host.ports, LAYOUT, timeout_seconds=10)
    return Proof(service, digest_of(config()), **known)


def test_the_wanted_config_in_a_new_worker_is_a_proof(haproxy: FakeHaproxy) -> None:
    """Its pid comes back."""
    assert proof(haproxy, old=1, master=haproxy.master).process().pid == haproxy.worker


def test_the_old_worker_is_none(haproxy: FakeHaproxy) -> None:
    """Even with the right digest."""
    with pytest.raises(Refused, match="by process"):
        proof(haproxy, old=haproxy.worker, master=haproxy.master).process()


def test_another_config_is_none(haproxy: FakeHaproxy) -> None:
    """What is served instead is named."""
    haproxy.loaded = config("# other\n")
    with pytest.raises(Refused, match=f"serves config {digest_of(haproxy.loaded)}"):
        proof(haproxy, master=haproxy.master).process()


@pytest.mark.parametrize("by_master", [True, False], ids=["reload", "start"])
def test_nobody_waits_for_the_dead(haproxy: FakeHaproxy, by_master: bool) -> None:
    """The master's process is gone, or the service manager says so."""
    master = haproxy.master if by_master else None
    haproxy._die()
    with pytest.raises(Refused, match="HAProxy ended"):
        proof(haproxy, master=master).process()
    assert haproxy.host.clock.monotonic() < 1


@pytest.mark.parametrize(
    ("before", "after", "proved"),
    [
        (200, 200, True),
        (200, 404, True),
        (200, 503, False),
        (200, None, False),
        (503, 503, True),
        (None, 503, True),
        (503, None, False),
    ],
)
def test_an_answer_no_worse_than_before_is_a_proof(
    haproxy: FakeHaproxy, before: int | None, after: int | None, proved: bool
) -> None:
    """No answer is never one."""
    haproxy.host.network.web.clear()
    if after is not None:
        haproxy.host.network.web["127.0.0.1", 8404] = lambda *_: HttpAnswer(after, {}, b"")
    if proved:
        proof(haproxy, before=before).request(PROBE)
        assert haproxy.host.clock.slept == []
        return
    with pytest.raises(Refused, match=f"answers {after or 'nothing'}; before: {before}"):
        proof(haproxy, before=before).request(PROBE)


def test_a_probe_goes_where_its_url_says() -> None:
    """With path and query."""
    assert Probe("127.0.0.1", 8404, "127.0.0.1:8404", "/healthz?x=1") == PROBE
    assert Probe.parse("http://127.0.0.1") == Probe("127.0.0.1", 80, "127.0.0.1", "/")
    assert PROBE.is_served_by(config())
    assert not PROBE.is_served_by("frontend f\n    bind :80\n")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "127.0.0.1", "http://", "http://a:99999/"])
def test_other_urls_are_refused(url: str) -> None:
    """With the name of the option."""
    with pytest.raises(InvalidInput, match="probe_url"):
        Probe.parse(url)
