# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that no CA signs, in the store of those that one does.

For names that no CA may have and for fleets that face no strangers: who shall trust one has to be
told. They are due by the same rules (names, age), so they are renewed and delivered as the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .._core.change import Change
from .._core.errors import EdgeError
from .._core.ports import Ports
from .._core.reader import Reader
from .._pki.bundle import Bundle
from .._pki.keys import generate_key, self_signed
from .._pki.x509 import parse_chain
from .authority import Authority
from .due import SELF_SIGNED, Facts, Rules, judge
from .results import (
    Action,
    Result,
    Results,
    outcome,
    report,
    shown_after,
    shown_before,
    standing,
)
from .store import Store
from .survey import Found
from .wish import Lineage, Source, Wish, parse_wished

LIFETIME = timedelta(days=90)
LONGEST_DAYS = 825
"""Longer ones are refused by Apple's systems even where the certificate is trusted by hand."""
NO_CA = Authority(SELF_SIGNED, SELF_SIGNED)
LOCK_SECONDS = 600


@dataclass(frozen=True)
class SelfSignedWish:
    """All that one run is told. ``lineages``: the self-signed ones."""

    home: str
    lineages: tuple[Lineage, ...]
    lifetime: timedelta = LIFETIME
    force: bool = False
    failures_are_fatal: bool = True

    @property
    def as_wish(self) -> Wish:
        """The wish for certificates of a CA that there is not."""
        return Wish(self.home, self.lineages, (NO_CA,), force=self.force)


def parse_self_signed_wish(reader: Reader) -> SelfSignedWish:
    """A wish out of the options of the module."""
    days = reader["lifetime_days"].integer(1, LONGEST_DAYS, default=LIFETIME.days)
    wished = parse_wished(reader["certificates"])
    return SelfSignedWish(
        home=reader["home"].text(),
        lineages=tuple(one.lineage for one in wished if one.source is Source.SELF_SIGNED),
        lifetime=timedelta(days=days),
        force=reader["force"].boolean(False),
        failures_are_fatal=reader["failures"].text("fatal") == "fatal",
    )


def survey_self_signed(ports: Ports, wish: SelfSignedWish) -> tuple[Found, ...]:
    """Every lineage of the wish, in its order, with what it holds and whether that is due."""
    store = Store(ports.files, wish.home)
    rules = Rules(ports.clock.now(), (SELF_SIGNED,), wish.force)
    found = ((lineage, store.held(lineage)) for lineage in wish.lineages)
    return tuple(
        Found(lineage, held, None, judge(lineage, held, None, rules)) for lineage, held in found
    )


def issue_self_signed(ports: Ports, wish: SelfSignedWish) -> Results:
    """Make what is due; what became of each lineage. One that fails does not stop the others."""
    store = Store(ports.files, wish.home)
    store.prepare()
    with ports.files.lock(store.lock_path, timeout_seconds=LOCK_SECONDS):
        found = survey_self_signed(ports, wish)
        results = standing(found, wish.as_wish)
        for item in found:
            if item.is_to_do:
                results[item.lineage] = _issue(item, ports, wish)
    return results


def plan_self_signed(ports: Ports, wish: SelfSignedWish) -> Change:
    """The change that makes all that is due."""
    found = survey_self_signed(ports, wish)

    def apply() -> Mapping[str, Any]:
        results = issue_self_signed(ports, wish)
        return outcome(results, failures_are_fatal=wish.failures_are_fatal)

    return Change(
        before=shown_before(found),
        after=shown_after(found, wish.as_wish),
        result=report(standing(found, wish.as_wish)),
        apply=apply,
    )


def _issue(item: Found, ports: Ports, wish: SelfSignedWish) -> Result:
    lineage, reason = item.lineage, item.verdict.reason
    now = ports.clock.now()
    try:
        key = generate_key(lineage.key_type)
        made = self_signed(key, lineage.domains, now=now, lifetime=wish.lifetime)
        bundle = Bundle(lineage.name, lineage.key_type, key, parse_chain(made, lineage.label))
        facts = Facts(SELF_SIGNED, SELF_SIGNED, lineage.profile, lineage.preferred_chain, now)
        Store(ports.files, wish.home).save(lineage, bundle, facts)
    except EdgeError as error:
        present = item.held.leaf if item.held else None
        return Result(Action.FAILED, reason, SELF_SIGNED, present, error)
    action = Action.ISSUED if item.held is None else Action.RENEWED
    return Result(action, reason, SELF_SIGNED, bundle.leaf)
