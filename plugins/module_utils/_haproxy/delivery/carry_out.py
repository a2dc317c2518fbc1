# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A delivery, carried out under the lock.

Theory of operation. The manifest claims new files before they are written, so that a run that is
killed leaves nothing behind that nobody owns. Then files, then the crt-list, then the process; what
leaves goes in the opposite order: off the crt-list, out of the process, file, manifest. A kill
between any two of them is found by the next run, since it compares files and process anew.
A bundle that HAProxy refuses, or cannot be reloaded with, gets its earlier file back: else its next
start would fail on it. After a reload that failed, the service is recovered as after any other.
What cannot be done in the running process is done by one reload, after which it is asked again.
Who may not reload (a host that received bundles by a push) leaves that, and the files as they are,
to somebody who may.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Callable

from ..._core.errors import EdgeError, Fault, Refused, Unavailable
from ..._core.ports import Ports
from ..._pki import crt_list
from ..._pki.crt_list import CrtList
from ..hot_certificates import Outcome, Verdict, apply, look
from ..hot_certificates import plan as plan_steps
from ..master import Verdict as ReloadVerdict
from ..process import Service
from . import shown
from .disk import Manifest, render_manifest
from .plan import FOLDER_MODE, Plan, plan_delivery
from .settled import Settled
from .shown import reasons, results
from .wish import Wish

LOCK_SECONDS = 300.0

Reload = Callable[[], ReloadVerdict]
"""One synchronous reload of the config that is live."""


def deliver(ports: Ports, wish: Wish, reload: Reload | None) -> dict[str, Any]:
    """Bring files and process to the wish. ``reload``: ``None`` leaves that to somebody else.

    Returns what `foresee` does, as it came, and whether anything changed: a bundle that is lacking
    is foretold as a change, and is none.
    Raises: `EdgeError` at the end if a bundle was refused; the others are delivered.
    `Refused` if a reload was needed and did not succeed.
    """
    with ports.files.lock(wish.layout.lock, timeout_seconds=LOCK_SECONDS):
        return deliver_locked(ports, wish, reload)


def deliver_locked(ports: Ports, wish: Wish, reload: Reload | None) -> dict[str, Any]:
    """As `deliver`, for a caller that holds the lock."""
    plan = plan_delivery(ports, wish, may_be_mute=reload is None)
    return _Delivery(ports, plan, reload).run()


def foresee(plan: Plan) -> dict[str, Any]:
    """The result of a delivery that goes as planned."""
    found = reasons(plan)
    return {
        "bundles": results(plan),
        "lacking": [
            [settled.wanted.name, settled.wanted.key_type.value]
            for settled in plan.settled
            if settled.is_lacking
        ],
        "newer": [
            {
                "name": settled.wanted.name,
                "key_type": settled.wanted.key_type.value,
                "fingerprint": settled.leaf.fingerprint,
            }
            for settled in plan.settled
            if settled.is_newer and settled.leaf is not None
        ],
        "hot": not found,
        "reloaded": bool(found) and not plan.unheard,
        "reasons": found,
    }


def failure(faults: Sequence[Fault], result: Mapping[str, Any]) -> EdgeError:
    """What a delivery with refused bundles ends in."""
    count = len(result["bundles"])
    lines = "\n".join(f"  {fault}" for fault in faults)
    refused = sum(bundle["action"] == "refused" for bundle in result["bundles"])
    return EdgeError(
        f"{refused} of {count} bundles refused; what was there stays, the others are delivered:\n"
        f"{lines}",
        faults=[vars(fault) for fault in faults],
        **result,
    )


@dataclass(frozen=True)
class _Delivery:
    ports: Ports
    plan: Plan
    reload: Reload | None

    @property
    def _service(self) -> Service:
        return Service(self.ports, self.plan.wish.layout)

    def run(self) -> dict[str, Any]:
        plan = self.plan
        self._write_files()
        outcomes = self._touch_process()
        refused = {one.step.path: one.words for one in outcomes if one.verdict is Verdict.REFUSED}
        self._take_back(refused)
        result = foresee(plan) | self._reload_if_needed(outcomes, refused)
        self._remove_files(refused)
        left = {} if self.reload else _waiting(outcomes)
        return self._told(result, refused, left)

    def _write_files(self) -> None:
        files, plan, layout = self.ports.files, self.plan, self.plan.wish.layout
        if plan.folder_mode != FOLDER_MODE:
            files.make_directory(layout.certificates, mode=FOLDER_MODE)
        claimed = plan.claimed.files if plan.claimed else {}
        self._write_manifest(Manifest({**claimed, **plan.manifest.files}), plan.claimed)
        for settled in plan.settled:
            if settled.is_written and settled.content is not None:
                files.write(settled.path, settled.content.encode())
        self._write_list(plan.listing, plan.listed)

    def _touch_process(self) -> tuple[Outcome, ...]:
        if self.plan.loaded is None:
            return ()
        path, steps = self.plan.wish.layout.crt_list, self.plan.steps
        try:
            return apply(self._service.runtime, path, self.plan.loaded, steps)
        except Unavailable as error:
            if self.reload:
                raise
            return tuple(Outcome(step, Verdict.NEEDS_RELOAD, str(error)) for step in steps)

    def _take_back(self, refused: Collection[str]) -> None:
        if not refused:
            return
        listed = self.plan.listed.paths if self.plan.listed else ()
        for settled in self._settled(refused):
            if settled.held and settled.is_written:
                raw = settled.held.content.encode(errors="surrogateescape")
                self.ports.files.write(settled.path, raw)
            elif not settled.held:
                self.ports.files.remove(settled.path)
        unlisted = [path for path in refused if path not in listed]
        self._write_list(self.plan.listing.reconciled((), unlisted), self.plan.listing)

    def _reload_if_needed(
        self, outcomes: Sequence[Outcome], refused: Mapping[str, str]
    ) -> dict[str, Any]:
        left = [f"{path}: {words}" for path, words in _waiting(outcomes).items()]
        if self.plan.has_other_default:
            left.append("HAProxy chooses its default certificate when it starts")
        if not left:
            return {}
        if self.reload is None:
            return {"hot": False, "reloaded": False, "reasons": left}
        before = self._service.processes()
        try:
            verdict = self.reload()
            if not verdict.succeeded:
                raise Refused("HAProxy refused the reload that the bundles need", verdict.words)
        except EdgeError:
            self._take_back({*refused, *_waiting(outcomes)})
            self._service.recover(before)
            raise
        self._prove(refused, left)
        return {"hot": False, "reloaded": True, "reasons": left}

    def _prove(self, refused: Mapping[str, str], left: Sequence[str]) -> None:
        self._service.info()  # waits for a worker that just took over
        loaded = look(self._service.runtime, self.plan.wish.layout.crt_list)
        wanted = [
            replace(one, is_rewritten=False) for one in self.plan.wanted if one.path not in refused
        ]
        steps = plan_steps(loaded, wanted, self.plan.removed.keys()) if loaded else ()
        if loaded is None or steps:
            paths = ", ".join(step.path for step in steps) or self.plan.wish.layout.crt_list
            raise EdgeError(
                f"after a reload HAProxy still does not serve as wished: {paths}",
                reasons=list(left),
            )

    def _remove_files(self, refused: Mapping[str, str]) -> None:
        for path in self.plan.removed:
            self.ports.files.remove(path)
        claimed = self.plan.claimed.files if self.plan.claimed else {}
        final = dict(self.plan.manifest.files)
        for settled in self._settled(refused):
            name = settled.wanted.file_name
            final.pop(name)
            if name in claimed:
                final[name] = claimed[name]
        self._write_manifest(Manifest(final), Manifest({**claimed, **self.plan.manifest.files}))

    def _told(
        self, result: dict[str, Any], refused: Mapping[str, str], left: Mapping[str, str]
    ) -> dict[str, Any]:
        faults = list(self.plan.faults)
        told = {
            settled.path: bundle for settled, bundle in zip(self.plan.settled, result["bundles"])
        }
        for settled in self._settled(left):
            words = f"HAProxy needs a reload for it: {left[settled.path]}"
            told[settled.path] |= {"action": "written", "reason": words}
        for settled in self._settled(refused):
            words = refused[settled.path]
            told[settled.path] |= {"action": "refused", "reason": f"HAProxy refuses it: {words}"}
            faults.append(Fault(settled.wanted.where, f"HAProxy refuses it: {words}"))
        plan = self.plan
        result["changed"] = shown.before(plan) != shown.after(plan, with_lacking=False)
        if faults:
            raise failure(faults, result)
        return result

    def _settled(self, paths: Collection[str]) -> list[Settled]:
        return [settled for settled in self.plan.settled if settled.path in paths]

    def _write_list(self, listing: CrtList, present: CrtList | None) -> None:
        if listing != present:
            raw = crt_list.render(listing).encode(errors="surrogateescape")
            self.ports.files.write(self.plan.wish.layout.crt_list, raw)

    def _write_manifest(self, manifest: Manifest, present: Manifest | None) -> None:
        if manifest != present:
            self.ports.files.write(
                self.plan.wish.layout.manifest, render_manifest(manifest).encode()
            )


def _waiting(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Path -> why a reload is needed for it."""
    return {one.step.path: one.words for one in outcomes if one.verdict is Verdict.NEEDS_RELOAD}
