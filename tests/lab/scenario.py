# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of every scenario have: the fleet, runs of its playbook, figures, journals."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fleet_view import Fleet
from playbook_runs import NOTHING, Meanwhile, Run, play

SITE = "hitless.edge.site"
# Their log lines would hide what HAProxy says of itself.
REQUESTS = "(edge_|www-)https?[/~ ]"
JOURNAL = (
    f"journalctl --no-pager -o short-iso -n 5000 -u haproxy | grep -vE '{REQUESTS}' | tail -n 60;"
    " systemctl --failed --no-legend"
)
FIGURES = pytest.StashKey[list[str]]()
# The folder, not its file: what a scenario adds to it, such as groups, lies beside that.
FLEET = Fleet(str(Path(os.environ.get("MOLECULE_INVENTORY_FILE", "")).parent))


@dataclass(frozen=True)
class Site:
    """`hitless.edge.site` over the fleet, with the scenario's wish or another."""

    fleet: Fleet

    def run(
        self, changes: Mapping[str, Any] | None = None, *, meanwhile: Meanwhile = NOTHING
    ) -> Run:
        """Run it for real; `changes` are variables that replace those of the scenario."""
        return play(SITE, changes or {}, meanwhile=meanwhile)

    def check(self, changes: Mapping[str, Any] | None = None) -> Run:
        """Ask what it would do."""
        return play(SITE, changes or {}, "--check", "--diff")


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The hosts."""
    return FLEET


@pytest.fixture(scope="session")
def site(fleet: Fleet) -> Site:
    """The playbook."""
    return Site(fleet)


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> list[str]:
    """What the scenario counted and measured; shown last."""
    return request.config.stash.setdefault(FIGURES, [])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the journals of the balancers where a test fails."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.failed and "fleet" in getattr(item, "fixturenames", ()):
        for balancer in FLEET.balancers:
            report.sections.append((f"journal of {balancer.name}", journal(balancer.host)))


def journal(host: Any) -> str:
    """The end of a host's journal of HAProxy, or why there is none."""
    try:
        return str(host.run(JOURNAL).stdout)
    except (OSError, RuntimeError) as error:
        return repr(error)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures on a line of their own; `tests/lab/scenarios` repeats it last."""
    if counted := config.stash.get(FIGURES, []):
        name = os.environ["MOLECULE_SCENARIO_NAME"]
        terminalreporter.write_line(f"scenario-{name}: {', '.join(counted)}")
