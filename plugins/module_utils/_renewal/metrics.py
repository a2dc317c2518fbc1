# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status for Prometheus.

Source: Prometheus text-based format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .records import moment
from .standing import Standing
from .status import Status

PREFIX = "hitless_edge"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True)
class Sample:
    """One value. ``labels``: by name."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Metric:
    """A gauge with its samples; none of them is written if there are none."""

    name: str
    help: str
    samples: Sequence[Sample]

    def lines(self) -> Iterator[str]:
        """As Prometheus reads them."""
        if not self.samples:
            return
        name = f"{PREFIX}_{self.name}"
        yield f"# HELP {name} {self.help}"
        yield f"# TYPE {name} gauge"
        for sample in self.samples:
            yield f"{name}{_labels(sample.labels)} {_number(sample.value)}"


def render(status: Status) -> str:
    """All of it, ended by a line feed."""
    metrics = (*_certificates(status.certificates), *_runs(status), *_pushes(status))
    problems = "What needs a person, as many sentences as hitless-edge status tells."
    last = Metric("problems", problems, [Sample({}, len(status.problems))])
    return "".join(f"{line}\n" for metric in (*metrics, last) for line in metric.lines())


def _certificates(found: Sequence[Standing]) -> Iterator[Metric]:
    known = [one for one in found if one.leaf is not None]
    yield Metric(
        "certificate_not_after_timestamp_seconds",
        "When the certificate of this host expires.",
        [
            Sample(_lineage(one), one.leaf.not_after.timestamp())
            for one in known
            if one.leaf is not None
        ],
    )
    yield Metric(
        "certificate_served",
        "Whether HAProxy serves the certificate that is on disk.",
        [
            Sample(_lineage(one), float(one.served == one.disk and bool(one.served)))
            for one in found
            if one.served is not None
        ],
    )
    yield Metric(
        "certificate_state",
        "How the certificate stands: 1 for the one state that is true.",
        [Sample({**_lineage(one), "state": one.state.value}, 1) for one in found],
    )


def _runs(status: Status) -> Iterator[Metric]:
    told = (
        ("renew_last_run", "When renew ended last.", status.renew.get("finished")),
        (
            "renew_last_success",
            "When renew ended last with nothing that was due left over.",
            status.renew.get("last_success"),
        ),
        ("sync_last_run", "When sync ended last.", status.sync.get("finished")),
    )
    for name, help_text, value in told:
        yield Metric(f"{name}_timestamp_seconds", help_text, _at(moment(value)))


def _pushes(status: Status) -> Iterator[Metric]:
    hosts = sorted(status.hosts.items())
    yield Metric(
        "push_ok",
        "Whether the host took all that the last push had for it.",
        [Sample({"host": host}, float(found.error is None)) for host, found in hosts],
    )
    yield Metric(
        "push_failing_since_timestamp_seconds",
        "Since when pushes to the host fail; absent where they do not.",
        [
            Sample({"host": host}, found.failing_since.timestamp())
            for host, found in hosts
            if found.failing_since is not None
        ],
    )


def _lineage(one: Standing) -> Mapping[str, str]:
    lineage, source = one.lineage, one.wish.source
    return {"name": lineage.name, "key_type": lineage.key_type.value, "source": source.value}


def _at(time: datetime | None) -> Sequence[Sample]:
    return [Sample({}, time.timestamp())] if time is not None else []


def _labels(labels: Mapping[str, str]) -> str:
    pairs = [f'{name}="{value.translate(ESCAPES)}"' for name, value in labels.items()]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
