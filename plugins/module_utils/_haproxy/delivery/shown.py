# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan of delivery tells a person: results and a diff of meaning, never of key bytes."""

from __future__ import annotations

from typing import Any

from ..._core.change import Shown
from ..._pki import crt_list
from ..._pki.x509 import Certificate
from ..hot_certificates import Action, Loaded, Step
from .disk import Held, has_right_mode
from .plan import FOLDER_MODE, Plan
from .settled import Settled

DEFAULT = "default certificate of the running HAProxy"
ACTIONS = {Action.SWAP: "swapped", Action.ADD: "added"}
WORDS = {
    Action.SWAP: "HAProxy serves another certificate",
    Action.ADD: "HAProxy does not serve it",
}


def results(plan: Plan) -> list[dict[str, Any]]:
    """One for each bundle: wished, the default, removed."""
    steps = {step.path: step for step in plan.steps}
    found = [_result(plan, settled, steps.get(settled.path)) for settled in plan.settled]
    return found + [_removal(path, held) for path, held in sorted(plan.removed.items())]


def reasons(plan: Plan) -> list[str]:
    """Why the process cannot be brought there without a reload, or not at all."""
    found = [plan.unheard] if plan.unheard else []
    found += [f"{step.path}: {step.obstacle}" for step in plan.steps if step.obstacle]
    if plan.has_other_default:
        found.append("HAProxy chooses its default certificate when it starts")
    return found


def before(plan: Plan) -> dict[str, Shown]:
    """What is there."""
    layout = plan.wish.layout
    shown: dict[str, Shown] = {}
    if plan.folder_mode is not None:
        shown[layout.certificates] = {"mode": f"{plan.folder_mode:04o}"}
    if plan.listed is not None:
        shown[layout.crt_list] = crt_list.render(plan.listed)
    if plan.claimed is not None:
        shown[layout.manifest] = {"files": sorted(plan.claimed.files)}
    if plan.loaded and plan.default_path:
        shown[DEFAULT] = {"path": plan.loaded.default}
    return shown | _bundles_before(plan)


def after(plan: Plan, *, with_lacking: bool) -> dict[str, Shown]:
    """What will be there.

    ``with_lacking``: as if what is lacking were delivered, which is what check mode foretells.
    """
    layout = plan.wish.layout
    shown: dict[str, Shown] = {
        layout.certificates: {"mode": f"{FOLDER_MODE:04o}"},
        layout.crt_list: crt_list.render(plan.listing),
        layout.manifest: {"files": sorted(plan.manifest.files)},
    }
    if plan.loaded and plan.default_path:
        shown[DEFAULT] = {"path": plan.default_path}
    was = _bundles_before(plan)
    served = {"served": "yes"} if plan.loaded else {}
    for settled in plan.settled:
        path, wanted = settled.path, settled.wanted
        if settled.content is not None and settled.leaf is not None:
            shown[path] = _certificate(settled.leaf) | served
        elif settled.is_lacking and wanted.fingerprint and with_lacking:
            shown[path] = {"domains": list(wanted.domains), "fingerprint": wanted.fingerprint}
        elif path in was:
            shown[path] = was[path]
    return shown


def _bundles_before(plan: Plan) -> dict[str, Shown]:
    held = {settled.path: settled.held for settled in plan.settled} | dict(plan.removed)
    uploads = {step.path for step in plan.steps if step.action is not Action.REMOVE}
    shown = {
        path: _state(one) | _served(plan.loaded, path, differs=path in uploads)
        for path, one in held.items()
    }
    for settled in plan.settled:
        if settled.held and settled.is_new_content and settled.leaf == settled.held.leaf:
            shown[settled.path]["state"] = "another chain, or the key in another form"
    return {path: fields for path, fields in shown.items() if fields}


def _result(plan: Plan, settled: Settled, step: Step | None) -> dict[str, Any]:
    action, reason = _action(plan, settled, step)
    held = settled.held.leaf if settled.held else None
    leaf = settled.leaf or held
    return {
        "name": settled.wanted.name,
        "key_type": settled.wanted.key_type.value,
        "action": action,
        "reason": reason,
        "fingerprint": leaf.fingerprint if leaf else None,
        "not_after": leaf.not_after.isoformat() if leaf else None,
    }


def _action(plan: Plan, settled: Settled, step: Step | None) -> tuple[str, str]:
    if settled.faults:
        return "refused", settled.reason
    if settled.is_lacking:
        return "lacking", settled.reason
    if step:
        return ACTIONS[step.action], settled.reason or WORDS[step.action]
    if settled.is_written:
        return "written", settled.reason
    if settled.path in plan.unlisted:
        return "written", "not on the crt-list"
    return ("newer", settled.reason) if settled.is_newer else ("unchanged", "")


def _removal(path: str, held: Held | None) -> dict[str, Any]:
    stem, _unused, kind = path.rpartition("/")[2].removesuffix(".pem").rpartition(".")
    leaf = held.leaf if held else None
    return {
        "name": f"*{stem[1:]}" if stem.startswith("_.") else stem,
        "key_type": kind,
        "action": "removed",
        "reason": "not wished any more",
        "fingerprint": leaf.fingerprint if leaf else None,
        "not_after": leaf.not_after.isoformat() if leaf else None,
    }


def _state(held: Held | None) -> dict[str, Any]:
    if held is None:
        return {}
    if held.leaf is None:
        return {"damaged": held.fault}
    fields = _certificate(held.leaf)
    if not held.is_untouched:
        fields["state"] = "written by somebody else"
    if not has_right_mode(held):
        fields["mode"] = f"{held.mode or 0:04o}"
    return fields


def _certificate(leaf: Certificate) -> dict[str, Any]:
    return {
        "domains": list(leaf.names),
        "issuer": leaf.issuer,
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "fingerprint": leaf.fingerprint,
    }


def _served(loaded: Loaded | None, path: str, *, differs: bool) -> dict[str, str]:
    if loaded is None or not loaded.entries_of(path):
        return {}
    if not differs:
        return {"served": "yes"}
    return {"served": f"another certificate, {loaded.stores.get(path)}"}
