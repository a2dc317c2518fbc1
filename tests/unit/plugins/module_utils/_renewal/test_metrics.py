# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics, read back by Prometheus' own parser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from ansible_collections.hitless.edge.plugins.module_utils._renewal.metrics import render
from ansible_collections.hitless.edge.plugins.module_utils._renewal.records import HostRecord
from ansible_collections.hitless.edge.plugins.module_utils._renewal.standing import Standing
from ansible_collections.hitless.edge.plugins.module_utils._renewal.status import Status
from ansible_collections.hitless.edge.plugins.module_utils._renewal.sync import sync
from fakes import NOON
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from renewing import Fleet

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
LABELS = (("key_type", "ecdsa"), ("name", "a.test"), ("source", "acme"))


def read(text: str) -> Samples:
    """All samples; each name and set of labels occurs once, each family once."""
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.type == "gauge" and family.documentation for family in families)
    samples = [
        ((sample.name, tuple(sorted(sample.labels.items()))), sample.value)
        for family in families
        for sample in family.samples
    ]
    assert len(dict(samples)) == len(samples)
    return dict(samples)


def test_a_fleet_is_told_in_numbers(fleet: Fleet) -> None:
    """Every metric that an alert stands on."""
    fleet.kill("lb3")
    fleet.renew()
    sync(fleet.members["lb1"].host.ports, fleet.settings_of("lb1"))
    found = fleet.status()
    samples = read(render(found))
    leaf = found.certificates[0].leaf
    assert leaf is not None
    finished = fleet.clock.now().replace(microsecond=0).timestamp()
    assert samples == {
        ("hitless_edge_certificate_not_after_timestamp_seconds", LABELS): (
            leaf.not_after.timestamp()
        ),
        ("hitless_edge_certificate_served", LABELS): 1,
        ("hitless_edge_certificate_state", (*LABELS, ("state", "ok"))): 1,
        ("hitless_edge_renew_last_run_timestamp_seconds", ()): finished,
        ("hitless_edge_renew_last_success_timestamp_seconds", ()): finished,
        ("hitless_edge_sync_last_run_timestamp_seconds", ()): finished,
        ("hitless_edge_push_ok", (("host", "lb1"),)): 1,
        ("hitless_edge_push_ok", (("host", "lb2"),)): 1,
        ("hitless_edge_push_ok", (("host", "lb3"),)): 0,
        ("hitless_edge_push_failing_since_timestamp_seconds", (("host", "lb3"),)): finished,
        ("hitless_edge_problems", ()): 1,
    }


def test_a_host_without_certificates_still_tells(fleet: Fleet) -> None:
    """An alert on absence needs the problem count at least."""
    samples = read(render(fleet.status()))
    assert samples["hitless_edge_problems", ()] == 3
    assert samples["hitless_edge_certificate_state", (*LABELS, ("state", "absent"))] == 1
    assert samples["hitless_edge_certificate_served", LABELS] == 0
    assert ("hitless_edge_certificate_not_after_timestamp_seconds", LABELS) not in samples


def test_what_is_not_known_is_not_told(fleet: Fleet) -> None:
    """Neither served nor not served while HAProxy does not answer."""
    fleet.renew()
    fleet.members["lb1"].host.socket.servers.clear()
    assert not [name for name, _labels in read(render(fleet.status())) if name.endswith("served")]


def test_an_old_certificate_in_the_process_is_not_served(fleet: Fleet) -> None:
    """Though it serves something."""
    fleet.renew()
    standing: Standing = replace(fleet.status().certificates[0], served="F" * 64)
    found = replace(fleet.status(), certificates=(standing,))
    assert read(render(found))["hitless_edge_certificate_served", LABELS] == 0


@given(st.dictionaries(st.text(max_size=12), st.booleans(), max_size=4))
def test_any_name_can_be_a_label(hosts: dict[str, bool]) -> None:
    """Quotes, backslashes, line feeds: what Prometheus reads is what was meant."""
    records = {host: HostRecord(NOON, None if ok else "down") for host, ok in hosts.items()}
    found = Status("lb1", NOON, 0, True, (), records, {}, {}, ())
    samples = read(render(found))
    assert {labels[0][1]: value for (name, labels), value in samples.items() if labels} == {
        host: float(ok) for host, ok in hosts.items()
    }


def test_every_line_is_of_the_format(fleet: Fleet) -> None:
    """The collector of textfiles refuses the whole file for one line that is not."""
    fleet.renew()
    fleet.wait(timedelta(days=3, microseconds=7))
    text = render(fleet.status())
    line = re.compile(
        r'# (HELP|TYPE) hitless_edge_[a-z_]+ .+|hitless_edge_[a-z_]+(\{[a-z_]+="[^"]*"'
        r'(,[a-z_]+="[^"]*")*\})? -?[0-9]+(\.[0-9]+)?'
    )
    assert text.endswith("\n")
    assert [one for one in text.splitlines() if not line.fullmatch(one)] == []
