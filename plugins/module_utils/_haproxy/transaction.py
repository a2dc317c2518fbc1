# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change of the running HAProxy, under one lock: all of it, or none.

Theory of operation. The candidate stays in ``staged/`` until the new worker is proved, and files
are written one by one, each atomically, maps before the config. So a run that is killed anywhere
leaves the old process, over old or over new files: the next run compares with the process and does
it again. What served before is kept in ``previous/`` and comes back, with a
second reload (or a start, where the failed one took the service down), when the proof fails. Where
no copy of that exists (the live config was edited and never loaded), the files come back as they
were, and the worker that serves is left alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._core.change import Change
from .._core.errors import EdgeError, Refused
from .._core.ports import Ports
from .candidate import CONFIG_MODE, CONFIG_NAME, Candidate, read_live, to_bytes
from .layout import Layout
from .live_maps import LiveMaps, parse_map
from .masking import hide
from .master import Processes
from .process import Service, loud, relevant
from .transaction_before import Before, look_before
from .transaction_plan import Action, Plan, Planner, Wish
from .transaction_proof import Probe, Proof
from .validation import Trial

AFTER_START_SECONDS = 10.0
PROCESS = "running HAProxy"
NO_COPY = (
    "{} was edited and not loaded before, and no copy is left of what served: the file is as it "
    "was, and is not loaded by HAProxy while that still serves what it did"
)


def plan_change(ports: Ports, layout: Layout, wish: Wish) -> Change:
    """What a transaction would do now; it plans again once it holds the lock.

    Raises: `Refused`, `Unavailable` as `Planner.plan`; `InvalidInput` for the probe's URL.
    """
    if wish.probe_url:
        Probe.parse(wish.probe_url)
    plan = Planner(ports, layout, wish).plan()
    running = plan.running.digest if plan.running else "does not run"
    wanted = wish.digest or plan.candidate.digest
    result = {"action": plan.action.value, "reason": plan.reason, "digest": wanted or ""}
    if plan.action is Action.NONE:
        return Change(result={**result, "seconds": 0.0, "words": ""})
    return Change(
        before={PROCESS: {"config": running}},
        after={PROCESS: {"config": wanted, "action": plan.action.value, "reason": plan.reason}},
        result={**result, "seconds": 0.0, "words": ""},
        apply=Transaction(ports, layout, wish).perform,
    )


@dataclass(frozen=True)
class Transaction:
    """What it takes to bring the running process to the wanted config."""

    ports: Ports
    layout: Layout
    wish: Wish

    @property
    def _service(self) -> Service:
        return Service(self.ports, self.layout, self.wish.timeout_seconds)

    def perform(self) -> Mapping[str, Any]:
        """Plan and act under the lock; returns what was done.

        Raises: `Busy` when others keep the lock; `Refused` with HAProxy's words when it does not
        serve with the candidate, after the last good config is back.
        """
        begun = self.ports.clock.monotonic()
        with self.ports.files.lock(self.layout.lock, timeout_seconds=self.wish.timeout_seconds):
            plan = Planner(self.ports, self.layout, self.wish).plan()
            self._demand_wanted(plan.candidate)
            done, words = self._act(plan)
            self.ports.files.remove(self.layout.staged)
        words = hide(words, plan.candidate.config)
        return {
            "changed": done is not Action.NONE,
            "action": done.value,
            "digest": plan.candidate.digest or "",
            "reason": plan.reason,
            "seconds": round(self.ports.clock.monotonic() - begun, 3),
            "words": words,
        }

    def _demand_wanted(self, candidate: Candidate) -> None:
        if self.wish.digest and candidate.digest != self.wish.digest:
            raise Refused(
                f"config {self.wish.digest} is wanted, and {candidate.digest} is what lies ready: "
                "another run came between; run haproxy_config again"
            )

    def _act(self, plan: Plan) -> tuple[Action, str]:
        if plan.action is Action.NONE:
            return Action.NONE, ""
        if plan.action is Action.START:
            return Action.START, self._started(plan)
        before = look_before(self.ports, self.layout, plan.running)
        if plan.action is Action.MAPS and self._maps_replaced(plan, before):
            return Action.MAPS, ""
        return Action.RELOAD, self._reloaded(plan, before)

    def _maps_replaced(self, plan: Plan, before: Before) -> bool:
        """Maps into files and process; no, where the process does not take them."""
        self._keep_previous(plan, before)
        plan.candidate.install_maps(self.ports.files, self.layout, plan.stale_maps)
        live = LiveMaps(self._service.runtime, self.layout.maps)
        try:
            loaded = live.names()
            for name in plan.stale_maps:
                if name in loaded:
                    live.replace(name, parse_map(plan.candidate.maps[name]))
        except EdgeError:
            return False  # the files are written, so one reload brings them in
        return True

    def _reloaded(self, plan: Plan, before: Before) -> str:
        if not plan.staged:
            self._demand_fit(plan.candidate)
        service = self._service
        processes = service.master.settled()
        probe = self._probe(plan.candidate)
        proof = Proof(
            service,
            plan.candidate.digest,
            old=plan.running.pid if plan.running else None,
            master=processes.master,
            before=probe.status(self.ports) if probe else None,
        )
        self._keep_previous(plan, before)
        self._dump_server_state()
        plan.candidate.install(self.ports.files, self.layout)
        since = self.ports.clock.now()
        try:
            return self._proved(proof, probe)
        except EdgeError as error:
            words = relevant(_words_of(error) or service.words(since))
            self._give_back(before, proof, processes)
            raise self._refusal(plan, error, words, before) from error

    def _proved(self, proof: Proof, probe: Probe | None) -> str:
        verdict = self._service.master.reload()
        if not verdict.succeeded:
            raise Refused("HAProxy did not reload", verdict.words)
        info = proof.process()
        if probe:
            proof.request(probe)
        if info.pid not in self._service.master.settled().current:
            raise Refused(f"HAProxy's new process {info.pid} did not stay")
        return loud(verdict.words)

    def _started(self, plan: Plan) -> str:
        if not plan.staged:
            self._demand_fit(plan.candidate)
        disk = read_live(self.ports.files, self.layout)
        plan.candidate.install(self.ports.files, self.layout)
        words = self._service.start()
        try:
            self._prove_start(plan.candidate)
        except EdgeError as error:
            if disk is not None and plan.staged:
                disk.install(self.ports.files, self.layout)
                self._service.start()
            raise self._refusal(plan, error, words) from error
        return words

    def _prove_start(self, candidate: Candidate) -> None:
        # The service manager waited for it already: who does not serve soon after is dead.
        service = replace(self._service, timeout_seconds=AFTER_START_SECONDS)
        proof = Proof(service, candidate.digest)
        proof.process()
        probe = self._probe(candidate)
        if probe:
            proof.request(probe)

    def _demand_fit(self, candidate: Candidate) -> None:
        Trial(self.ports, self.layout, candidate).run()

    def _probe(self, candidate: Candidate) -> Probe | None:
        """The request to ask, if the candidate listens there at all."""
        probe = Probe.parse(self.wish.probe_url) if self.wish.probe_url else None
        return probe if probe and probe.is_served_by(candidate.config) else None

    def _keep_previous(self, plan: Plan, before: Before) -> None:
        if before.served is not None and before.has_to_be_kept(plan.candidate):
            before.served.write(self.ports.files, self.layout.previous)

    def _dump_server_state(self) -> None:
        """Drains and weights set at run time are lost by a reload that is not told of them."""
        state = self._service.ask("show servers state")
        self.ports.files.write(self.layout.server_state, to_bytes(f"{state}\n"))

    def _give_back(self, before: Before, proof: Proof, processes: Processes) -> None:
        """The last good config, on disk and in the process, as far as that can be had."""
        good = before.served or before.disk
        if good is not None:
            good.install(self.ports.files, self.layout)
        if before.served is None and self._still_serves(proof.old):
            return  # a reload would make live what never served
        self._service.recover(processes)
        if good is not None:
            with contextlib.suppress(EdgeError):  # what serves in the end is told in the refusal
                Proof(self._service, good.digest).process()

    def _still_serves(self, pid: int | None) -> bool:
        try:
            running = self._service.info()
        except EdgeError:
            return False
        return running is not None and running.pid == pid

    def _refusal(
        self, plan: Plan, error: EdgeError, words: str, before: Before | None = None
    ) -> Refused:
        """What to tell; a candidate that is not live goes where a person can look at it."""
        files, path = self.ports.files, f"{self.layout.rejected}/{CONFIG_NAME}"
        is_rejected = files.read(self.layout.config) != to_bytes(plan.candidate.config)
        if plan.staged or is_rejected:
            files.make_directory(self.layout.rejected)
            files.write(path, to_bytes(plan.candidate.config), mode=CONFIG_MODE)
        if plan.staged:
            files.remove(self.layout.staged)
        running = self._service.info()
        now = f"config {running.digest} serves" if running else "HAProxy does not run"
        if before is not None and before.served is None:
            now += f"; {NO_COPY.format(self.layout.config)}"
        cause = error.message.partition("\n")[0].rstrip(":")
        return Refused(
            f"HAProxy does not serve with the new config ({cause}); {now}",
            hide(words, plan.candidate.config),
            rejected=self.layout.rejected if plan.staged or is_rejected else "",
            digest=running.digest if running else "",
        )


def _words_of(error: EdgeError) -> str:
    return error.words if isinstance(error, Refused) else ""
