# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be ordered after a preflight: the most names, and never one less than is served.

```
no name is fit                          -> not ordered
all names are fit                       -> ordered
some are, and the order loses no name   -> ordered with the names that are fit
  that the certificate has now
some are, but it would lose one         -> not ordered, the present certificate serves on;
                                           ordered when only a sixth of its life is left, for
                                           else the other names go down with the one that moved
```
What no CA has to validate (a self-signed certificate, one that is taken over) is had in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._core.reader import Reader

LAST_PART = 6
DEFAULT_KEY_TYPES = ("ecdsa",)


@dataclass(frozen=True)
class Due:
    """A certificate that is due.

    ``wish``: as the user wrote it, handed on untouched. ``covered``: the names that its present
    certificate has, none if there is none. ``at_once``: the key types for which no CA is asked.
    """

    name: str
    domains: tuple[str, ...]
    wish: Mapping[str, Any]
    covered: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    at_once: tuple[str, ...] = ()

    @property
    def validated(self) -> tuple[str, ...]:
        """The domains that a CA has to validate."""
        kinds = self.wish.get("key_types") or DEFAULT_KEY_TYPES
        return self.domains if set(kinds) - set(self.at_once) else ()

    def is_near_its_end(self, now: datetime) -> bool:
        """Whether less than a sixth of its life is left: half of the time for a renewal."""
        if self.not_before is None or self.not_after is None:
            return True
        return self.not_after - now < (self.not_after - self.not_before) / LAST_PART


@dataclass(frozen=True)
class Deferred:
    """A certificate that is not ordered now, or not for these domains, and why."""

    name: str
    domains: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Orders:
    """``wishes``: to be ordered, some of them for fewer domains."""

    wishes: tuple[Mapping[str, Any], ...]
    deferred: tuple[Deferred, ...]


CURRENT = ("covered", "not_before", "not_after", "at_once")


def asks_a_ca(wish: Mapping[str, Any]) -> bool:
    """Whether a CA validates the domains of such a certificate."""
    return wish.get("source", "acme") in ("acme", "certbot")


def parse_due(reader: Reader) -> tuple[Due, ...]:
    """A list of wishes; what there is now in the keys `CURRENT`."""
    return tuple(_parse_due(item) for item in reader.items())


def _parse_due(reader: Reader) -> Due:
    reader.allow(*(reader.value if isinstance(reader.value, dict) else ()))
    wish = reader.value if isinstance(reader.value, dict) else {}
    at_once = reader["at_once" if asks_a_ca(wish) else "key_types"]
    return Due(
        name=reader["name"].text(),
        domains=tuple(item.text() for item in reader["domains"].items()),
        wish={key: value for key, value in wish.items() if key not in CURRENT},
        covered=tuple(item.text() for item in reader["covered"].items()),
        not_before=_moment(reader["not_before"]),
        not_after=_moment(reader["not_after"]),
        at_once=_kinds(at_once, () if asks_a_ca(wish) else DEFAULT_KEY_TYPES),
    )


def _kinds(reader: Reader, default: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item.text() for item in reader.items()) or default


def _moment(reader: Reader) -> datetime | None:
    if not reader.is_given:
        return None
    text = reader.text()
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        reader.fault(f"{text[:40]!r} is not a time", "such as 2026-11-22T12:00:00Z")
        return None
    if moment.tzinfo is None:
        reader.fault(f"{text[:40]!r} has no time zone", "such as 2026-11-22T12:00:00Z")
        return None
    return moment


def plan_orders(due: Sequence[Due], reasons: Mapping[str, str], now: datetime) -> Orders:
    """Which certificates to order, given why some domains are unfit (domain -> reason)."""
    wishes: list[Mapping[str, Any]] = []
    deferred: list[Deferred] = []
    for one in due:
        unfit = tuple(domain for domain in one.validated if domain in reasons)
        fit = tuple(domain for domain in one.domains if domain not in unfit)
        ordered = bool(fit) and (not unfit or _may_shrink(one, fit, now))
        if ordered:
            wishes.append({**one.wish, "domains": list(fit)})
        elif one.at_once:
            wishes.append({**one.wish, "key_types": list(one.at_once)})
        if unfit:
            why = "; ".join(reasons[domain] for domain in unfit)
            deferred.append(Deferred(one.name, unfit if ordered else one.domains, why))
    return Orders(tuple(wishes), tuple(deferred))


def _may_shrink(due: Due, fit: Sequence[str], now: datetime) -> bool:
    return set(due.covered) <= set(fit) or due.is_near_its_end(now)
