# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of playbooks as values: what each task did on each host, in check mode or for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLBACKS = Path(__file__).parent / "callback"
POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 900.0
OUTPUT_SHOWN = 12_000


@dataclass(frozen=True)
class Event:
    """What one task did on one host."""

    play: str
    task: str
    action: str
    path: str
    host: str
    status: str
    changed: bool
    result: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str, str]:
        """Which task of which file on which host; the same in check mode and for real."""
        return (self.host, self.task, Path(self.path).name)


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    rc: int
    output: str
    events: tuple[Event, ...]
    stats: Mapping[str, Mapping[str, int]]
    seconds: float

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """Where something changed or would change; sorted, each place once."""
        return sorted({event.place for event in self.events if event.changed})

    @property
    def failures(self) -> tuple[Event, ...]:
        """Tasks that failed."""
        return tuple(event for event in self.events if event.status == "failed")

    @property
    def errors(self) -> str:
        """The words of the failed tasks."""
        return "\n".join(str(event.result.get("msg", event.result)) for event in self.failures)

    def of(self, action: str) -> tuple[Event, ...]:
        """What a module of the collection did."""
        return tuple(event for event in self.events if event.action == f"hitless.edge.{action}")

    def succeeded(self) -> Run:
        """This run; a test fails here, with the run's own words, if the run failed."""
        assert self.rc == 0, (
            f"ansible-playbook ended with {self.rc}:\n{self.output[-OUTPUT_SHOWN:]}"
        )
        return self

    def failed(self) -> Run:
        """This run, which must have failed, and with an error instead of a traceback."""
        assert self.rc != 0, f"ansible-playbook succeeded:\n{self.output[-OUTPUT_SHOWN:]}"
        assert "Traceback (most recent call last)" not in self.output
        return self


@dataclass(frozen=True)
class Meanwhile:
    """What to do in the middle of a run: `act`, once, when the moment is `due`.

    ``due``: is given what has happened so far; asked again and again until it says yes.
    """

    due: Callable[[Sequence[Event]], bool]
    act: Callable[[], object]


NOTHING = Meanwhile(lambda _events: False, lambda: None)


def events_of(record: Path) -> tuple[list[Event], dict[str, Any]]:
    """What the callback has written so far: whole lines only."""
    lines = record.read_text(encoding="utf-8").split("\n")[:-1]
    entries = [json.loads(line) for line in lines]
    stats = next((entry["stats"] for entry in entries if "stats" in entry), {})
    return [Event(**entry) for entry in entries if "stats" not in entry], stats


def wait_for_end(process: subprocess.Popen[bytes], record: Path, meanwhile: Meanwhile) -> None:
    """Wait for a run, acting in its middle where that is asked for."""
    end = time.monotonic() + TIMEOUT_SECONDS
    acted = meanwhile is NOTHING
    while process.poll() is None:
        if not acted and meanwhile.due(events_of(record)[0]):
            meanwhile.act()
            acted = True
        if time.monotonic() > end:
            process.kill()
        time.sleep(POLL_SECONDS)
    assert acted, "the run ended before the moment to act in"


def play(
    playbook: str,
    variables: Mapping[str, Any],
    *arguments: str,
    meanwhile: Meanwhile = NOTHING,
) -> Run:
    """Run a playbook against the scenario's fleet with these extra variables."""
    with tempfile.TemporaryDirectory(prefix="lab-run-") as folder:
        record, wish, output = (Path(folder) / name for name in ("record", "wish.json", "output"))
        record.touch()
        wish.write_text(json.dumps(dict(variables)), encoding="utf-8")
        environment = {
            **os.environ,
            "LAB_RECORD": str(record),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "run_record",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORCE_COLOR": "0",
        }
        inventory = str(Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent)
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", inventory]
        command += [playbook, "-e", f"@{wish}", *arguments]
        began = time.monotonic()
        with output.open("wb") as sink:
            process = subprocess.Popen(
                command, env=environment, stdout=sink, stderr=subprocess.STDOUT
            )
            wait_for_end(process, record, meanwhile)
        events, stats = events_of(record)
        text = output.read_text(encoding="utf-8", errors="replace")
        return Run(process.returncode, text, tuple(events), stats, time.monotonic() - began)
