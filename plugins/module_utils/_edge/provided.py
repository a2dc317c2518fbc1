# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that users bring, in the variable ``certificates_provided``.

```
certificates_provided:
  wizardry.io: "{{ vaulted_pem }}"           # key, leaf, chain
  shop: ["{{ ecdsa_pem }}", "{{ rsa_pem }}"]  # one for each key type
```
They stay on the controller until a balancer lacks one. A person has to bring the next one, so its
end is watched: with less than a third of its life left, or 30 days, its owner is warned, and when
half of that is over it is a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._acme.due import reserve_of
from .._core.errors import Fault, InvalidInput
from .._core.reader import Reader, did_you_mean
from .._pki.bundle import Bundle, parse
from .orders import DEFAULT_KEY_TYPES

VARIABLE = "certificates_provided"
SOURCE = "provided"
LONGEST_RESERVE = timedelta(days=30)
"""A year's certificate need not be asked for four months before its end."""

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Provided:
    """One PEM of the variable. ``bundle``: ``None`` if there are ``faults``."""

    path: str
    name: str
    bundle: Bundle | None
    faults: tuple[Fault, ...] = ()

    @property
    def kind(self) -> str:
        """The type of its key, empty if it is not known."""
        return self.bundle.key_type.value if self.bundle else ""


@dataclass(frozen=True)
class Match:
    """A wished lineage and the PEM for it. ``faults``: why it cannot be used, or that none is."""

    name: str
    kind: str
    domains: tuple[str, ...]
    bundle: Bundle | None
    faults: tuple[Fault, ...]

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"{self.name} ({self.kind})"


@dataclass(frozen=True)
class Inspection:
    """What is to be said of the variable as a whole."""

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...] = ()


def inspect(variable: Any, wishes: Sequence[Data] | None, now: datetime) -> Inspection:
    """Everything that is wrong with it. ``wishes``: ``None`` if they are faulty themselves."""
    recorded: list[Fault] = []
    provided = read_provided(Reader(variable, VARIABLE, recorded))
    if wishes is None or recorded:
        return Inspection((*recorded, *(fault for one in provided for fault in one.faults)))
    matches = match(provided, wishes, now)
    faults = [*recorded, *(fault for one in matches for fault in one.faults)]
    near = [
        f"{one.label}: {words(one.bundle, now)}"
        for one in matches
        if one.bundle is not None and is_near_end(one.bundle, now)
    ]
    return Inspection(
        tuple(dict.fromkeys([*faults, *strays(provided, wishes)])),
        (*near, *unused(provided, wishes)),
    )


def results(variable: Any, wishes: Iterable[Data], now: datetime) -> list[dict[str, Any]]:
    """What became of the provided lineages, in the shape of `acme_certificates`."""
    provided = read_provided(Reader(variable, VARIABLE, []))
    return [_result(one, now) for one in match(provided, wishes, now)]


def contents(
    variable: Any, bundles: Iterable[Data], lacking: Iterable[Sequence[str]]
) -> list[dict[str, str]]:
    """The PEMs for wanted bundles that are lacking, of those that are provided, by fingerprint.

    ``lacking``: pairs of name and key type.
    """
    pairs = {tuple(pair) for pair in lacking}
    provided = read_provided(Reader(variable, VARIABLE, []))
    by_print = {one.bundle.leaf.fingerprint: one.bundle for one in provided if one.bundle}
    return [
        {
            "name": wanted["name"],
            "key_type": wanted["key_type"],
            "pem": by_print[wanted["fingerprint"]].render(),
        }
        for wanted in bundles
        if wanted.get("fingerprint") in by_print and (wanted["name"], wanted["key_type"]) in pairs
    ]


def read_provided(reader: Reader) -> tuple[Provided, ...]:
    """Every PEM; what cannot be read is not recorded in the reader, but in the value."""
    found: list[Provided] = []
    for name, entry in reader.entries():
        items = (entry,) if isinstance(entry.value, str) else entry.items()
        if not items:
            entry.fault("holds no PEM", "put key, leaf and chain there")
        found += [_read_pem(name, item) for item in items]
    return tuple(found)


def match(provided: Sequence[Provided], wishes: Iterable[Data], now: datetime) -> tuple[Match, ...]:
    """The lineages that shall be provided, in the order of the wishes, each with its PEM."""
    return tuple(
        _match(wish, str(kind), [one for one in provided if one.name == wish["name"]], now)
        for wish in wishes
        if wish.get("source") == SOURCE
        for kind in wish.get("key_types") or DEFAULT_KEY_TYPES
    )


def strays(provided: Sequence[Provided], wishes: Sequence[Data]) -> tuple[Fault, ...]:
    """The PEMs that belong to no wished lineage: a name misspelt, or a key type left out."""
    names = [wish["name"] for wish in wishes]
    lacking = {wish["name"] for wish in wishes if wish.get("source") == SOURCE}
    lacking -= {one.name for one in provided}
    unknown = dict.fromkeys(one.name for one in provided if one.name not in names)
    return (
        *(
            Fault(
                f"{VARIABLE}.{name}",
                f'no certificate is named "{name}"',
                did_you_mean(name, lacking or names) or "remove it, or name a certificate so",
            )
            for name in unknown
        ),
        *(fault for wish in wishes for fault in _unwished_kinds(provided, wish)),
    )


def unused(provided: Sequence[Provided], wishes: Iterable[Data]) -> tuple[str, ...]:
    """What belongs to certificates of another source, as after a change of it; no fault."""
    names = {one.name for one in provided}
    return tuple(
        f"{VARIABLE}.{wish['name']} is not used: the source of that certificate is"
        f' "{wish.get("source")}"'
        for wish in wishes
        if wish["name"] in names and wish.get("source") != SOURCE
    )


def _result(one: Match, now: datetime) -> dict[str, Any]:
    bundle = one.bundle
    action, reason = "failed", "provided"
    if bundle is not None:
        # Not its turn to be ordered, but its owner's to act: so it is among the problems.
        action = "deferred" if is_late(bundle, now) else "valid"
        reason = words(bundle, now)
    leaf = bundle.leaf if bundle is not None else None
    return {
        "name": one.name,
        "key_type": one.kind,
        "domains": list(one.domains),
        "covered": list(leaf.names) if leaf else [],
        "action": action,
        "reason": reason,
        "ca": SOURCE,
        "fingerprint": leaf.fingerprint if leaf else None,
        "not_before": leaf.not_before.isoformat() if leaf else None,
        "not_after": leaf.not_after.isoformat() if leaf else None,
        "retry_at": None,
        "error": "; ".join(str(fault) for fault in one.faults) or None,
    }


def is_near_end(bundle: Bundle, now: datetime) -> bool:
    """Whether its owner should bring another one."""
    return now >= _end(bundle) - _reserve(bundle)


def is_late(bundle: Bundle, now: datetime) -> bool:
    """Whether half of the time for that is over."""
    return now >= _end(bundle) - _reserve(bundle) / 2


def words(bundle: Bundle, now: datetime) -> str:
    """How long it lasts, and what to do if that is not long."""
    left = (_end(bundle) - now).days
    days = "1 day" if left == 1 else f"{left} days"
    lasts = f"provided, valid until {_end(bundle):%F %R} UTC, {days} left"
    remedy = f"; put its successor into {VARIABLE}"
    return lasts + (remedy if is_near_end(bundle, now) else "")


def _read_pem(name: str, reader: Reader) -> Provided:
    if not isinstance(reader.value, str):
        return Provided(reader.path, name, None, (_not_a_pem(reader),))
    try:
        return Provided(reader.path, name, parse(reader.value, name=name, path=reader.path))
    except InvalidInput as error:
        return Provided(reader.path, name, None, error.faults)


def _not_a_pem(reader: Reader) -> Fault:
    return Fault(reader.path, "is not the text of a PEM", "put key, leaf and chain there")


def _match(wish: Data, kind: str, same: Sequence[Provided], now: datetime) -> Match:
    domains = tuple(wish["domains"])
    fitting = [one for one in same if one.kind == kind]
    unread = [fault for one in same for fault in one.faults]
    bundle = fitting[0].bundle if fitting else None
    faults: tuple[Fault, ...] = tuple(unread)
    if len(fitting) > 1:
        cause = f"is the second PEM with a key of the type {kind}"
        faults = (*unread, Fault(fitting[1].path, cause, "remove one"))
    elif bundle is not None:
        faults = (*unread, *bundle.check(domains, now, fitting[0].path))
    elif not unread:
        faults = (_lacking(wish, kind, same),)
    return Match(wish["name"], kind, domains, None if faults else bundle, faults)


def _lacking(wish: Data, kind: str, same: Sequence[Provided]) -> Fault:
    name = wish["name"]
    path = f"{VARIABLE}.{name}"
    others = [one.kind for one in same]
    if others:
        cause = f"holds no PEM with a key of the type {kind}, but {', '.join(others)}"
        return Fault(path, cause, f'say "key_types: [{", ".join(others)}]" for that certificate')
    cause = f'holds nothing for the certificate "{name}", whose source is "{SOURCE}"'
    return Fault(VARIABLE, cause, f"put its key, leaf and chain there, under {name}")


def _unwished_kinds(provided: Sequence[Provided], wish: Data) -> Iterable[Fault]:
    wished = list(wish.get("key_types") or DEFAULT_KEY_TYPES)
    same = [one for one in provided if one.name == wish["name"] and one.bundle is not None]
    if wish.get("source") != SOURCE or not set(wished) <= {one.kind for one in same}:
        return
    for one in same:
        if one.kind not in wished:
            cause = f"has a key of the type {one.kind}, which that certificate does not wish for"
            yield Fault(one.path, cause, f'say "key_types: [{", ".join([*wished, one.kind])}]"')


def _end(bundle: Bundle) -> datetime:
    """When clients stop to trust it: a chain is as long as its shortest part."""
    return min(one.not_after for one in bundle.chain)


def _reserve(bundle: Bundle) -> timedelta:
    return min(reserve_of(bundle.leaf), LONGEST_RESERVE)
