# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From wishes and what became of them to the input of the next step.

Wishes and results are mappings in the shapes of docs/architecture.md. ``checked``: what a run in
check mode said of every wish. ``issued``: what the run said that was given the orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .orders import DEFAULT_KEY_TYPES, asks_a_ca

Data = Mapping[str, Any]
NOT_YET_ISSUED = "0" * 64
"""The fingerprint of a certificate that check mode foretells: nobody has it."""


@dataclass(frozen=True)
class Lineage:
    """One wish and one of its key types, and what became of it.

    ``is_due``: whether it was due. ``is_on_host``: whether it was due and is to be taken over from
    its host. ``is_foretold``: whether check mode says that it would be issued now. ``result``:
    empty if nobody looked at it.
    """

    wish: Data
    key_type: str
    is_due: bool
    is_on_host: bool
    is_foretold: bool
    result: Data

    @property
    def is_held(self) -> bool:
        """Whether there is a certificate."""
        return bool(self.result.get("fingerprint"))

    @property
    def covered(self) -> tuple[str, ...]:
        """The names of the certificate; those of the order where it is to come."""
        held = self.result.get("covered") if self.is_held and not self.is_foretold else None
        return tuple(held or self.result.get("domains") or self.wish["domains"])


def lineages(
    wishes: Sequence[Data], checked: Iterable[Data], issued: Iterable[Data]
) -> tuple[Lineage, ...]:
    """One for each wish and key type, in their order."""
    before, after = _by_lineage(checked), _by_lineage(issued)
    keys = [
        (wish, (wish["name"], kind))
        for wish in wishes
        for kind in wish.get("key_types") or DEFAULT_KEY_TYPES
    ]
    return tuple(_lineage(wish, before.get(key, {}), after.get(key, {}), key) for wish, key in keys)


def _lineage(wish: Data, first: Data, last: Data, key: tuple[str, str]) -> Lineage:
    action = first.get("action")
    return Lineage(
        wish=wish,
        key_type=key[1],
        is_due=action in ("would_issue", "would_adopt"),
        is_on_host=action == "would_adopt",
        is_foretold=last.get("action") == "would_issue",
        result=last or first,
    )


def _by_lineage(results: Iterable[Data]) -> dict[tuple[str, str], Data]:
    return {(result["name"], result["key_type"]): result for result in results}


def due(found: Sequence[Lineage]) -> list[dict[str, Any]]:
    """The wishes that are due, each with what its present certificate covers, and its dates."""
    names = {one.wish["name"] for one in found if one.is_due}
    wishes = {one.wish["name"]: one.wish for one in found if one.wish["name"] in names}
    by_name = {name: [one for one in found if one.wish["name"] == name] for name in wishes}
    return [
        {**wish, **_present(by_name[name]), **_at_once(by_name[name])}
        for name, wish in wishes.items()
    ]


def _at_once(same: Sequence[Lineage]) -> dict[str, Any]:
    """The key types for which no CA is asked, as far as that makes a difference."""
    asked = [one for one in same if one.is_due and not one.is_on_host and asks_a_ca(one.wish)]
    kinds = [one.key_type for one in same if one.is_on_host or not asked]
    return {"at_once": kinds} if kinds else {}


def _present(same: Sequence[Lineage]) -> dict[str, Any]:
    held = [one for one in same if one.is_held]
    if not held:
        return {}
    # Of an RSA and an ECDSA certificate the one that ends first decides when it gets urgent.
    first = min((one.result for one in held), key=lambda result: str(result["not_after"]))
    covered = list(dict.fromkeys(name for one in held for name in one.covered))
    return {
        "covered": covered,
        "not_before": first["not_before"],
        "not_after": first["not_after"],
    }


def bundles(found: Sequence[Lineage]) -> list[dict[str, Any]]:
    """What each balancer shall hold.

    Where there is no certificate the fingerprint is absent: whatever a balancer has of it stays.
    With its beginning, what a balancer has and is newer stays as well: another issuer renewed it.
    What the user provides is served just so, be it older; and a self-signed one nobody trusts.
    """
    listed = []
    for one in found:
        fingerprint = NOT_YET_ISSUED if one.is_foretold else one.result.get("fingerprint")
        bundle = {"name": one.wish["name"], "key_type": one.key_type, "domains": list(one.covered)}
        begins = one.result.get("not_before")
        if fingerprint:
            bundle["fingerprint"] = fingerprint
        if fingerprint and begins and asks_a_ca(one.wish) and not one.is_foretold:
            bundle["not_before"] = begins
        listed.append(bundle)
    return listed


def wanted(found: Sequence[Lineage], newer: Iterable[Data] = ()) -> list[dict[str, Any]]:
    """What a probe shall find: domains, and the fingerprints that are right for them.

    ``newer``: what balancers hold that is newer, which is right as well.
    """
    more = _by_name(newer)
    by_name: dict[str, list[Lineage]] = {}
    for one in found:
        by_name.setdefault(one.wish["name"], []).append(one)
    return [
        {"name": name, "domains": domains, "fingerprints": prints}
        for name, held in by_name.items()
        for domains, prints in _split(held, more.get(name, []))
        if domains
    ]


def _split(same: Sequence[Lineage], newer: list[str]) -> list[tuple[list[str], list[str]]]:
    prints = [*(one.result["fingerprint"] for one in same if one.is_held), *newer]
    covered = {name for one in same if one.is_held for name in one.covered}
    domains = same[0].wish["domains"]
    served = [domain for domain in domains if domain in covered]
    missing = [domain for domain in domains if domain not in covered]
    return [(served, prints), (missing, [])]


def _by_name(newer: Iterable[Data]) -> dict[str, list[str]]:
    """Name -> fingerprints, each once."""
    prints: dict[str, list[str]] = {}
    for one in newer:
        if one["fingerprint"] not in prints.setdefault(one["name"], []):
            prints[one["name"]].append(one["fingerprint"])
    return prints


def problems(found: Sequence[Lineage], deferred: Iterable[Data]) -> list[str]:
    """What is wrong: domains left out of orders, orders that failed or have to wait."""
    left_out = [str(one["reason"]) for one in deferred]
    failed = [_words(one) for one in found if one.result.get("action") in ("failed", "deferred")]
    return [*dict.fromkeys(left_out), *failed]


def _words(one: Lineage) -> str:
    cause = str(one.result.get("error") or one.result["reason"])
    who = "" if one.wish["name"] in cause else f"{one.wish['name']} ({one.key_type}): "
    moment = one.result.get("retry_at")
    return f"{who}{cause}" + (f"; to be tried again at {moment}" if moment else "")
