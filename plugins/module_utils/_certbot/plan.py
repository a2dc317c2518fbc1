# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All certificates whose source is certbot: what is there, what certbot has to get, and why.

certbot gets what is absent or differs from the wish. Renewal is its timer's, on whichever issuer
lives; a certificate that the timer left alone until its end is near is renewed here all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._acme.adoption import Looked, look_around
from .._acme.authority import Authority, parse_authorities
from .._acme.due import Held, Rules, Verdict, judge
from .._acme.results import (
    adopted,
    outcome,
    report,
    shown_after,
    shown_before,
    standing,
)
from .._acme.store import Store
from .._acme.survey import Found
from .._acme.wish import Lineage, Source, Wish, parse_deferred, parse_wished
from .._core.change import Change
from .._core.errors import InvalidInput
from .._core.ports import Ports
from .._core.reader import Reader
from .._pki.x509 import Certificate
from .account import AccountFolder
from .cli_ini import faults_of_settings
from .commands import COMMAND, Tool, find_version
from .conf import Terms
from .hooks import faults_of_hooks
from .issue import Issuance
from .lineages import CONFIG, Lineages, names_of
from .settle import Place, Settlement, carry_out, plan_adoption, plan_settlement
from .versions import faults_of, faults_of_lives


@dataclass(frozen=True)
class CertbotWish:
    """What is wished, in the form that our own client takes, and the command to have it by."""

    wish: Wish
    tool: Tool

    @property
    def authority(self) -> Authority:
        """The one CA that certbot is told."""
        return self.wish.authorities[0]


def parse_certbot_wish(reader: Reader) -> CertbotWish:
    """A wish out of the options of the module."""
    authorities = parse_authorities(reader["authorities"])
    if not authorities:
        reader["authorities"].fault("there is no CA", "list one")
    wished = parse_wished(reader["certificates"])
    wish = Wish(
        home=reader["home"].text(),
        lineages=tuple(one.lineage for one in wished if one.source is Source.CERTBOT),
        authorities=authorities[:1],
        deferred=dict(parse_deferred(item) for item in reader["deferred"].items()),
        adopt=tuple(item.text() for item in reader["adopt"].items()),
        force=reader["force"].boolean(False),
        budget_seconds=reader["budget_seconds"].integer(1, 86400, default=600),
        failures_are_fatal=reader["failures"].text("fatal") == "fatal",
    )
    command, config = reader["command"].text(COMMAND), reader["config"].text(CONFIG)
    bundle = authorities[0].ca_bundle if authorities else None
    return CertbotWish(wish, Tool(command, config, bundle))


class Work:
    """One run: what there is, and how to get to what is wished."""

    def __init__(self, ports: Ports, wished: CertbotWish) -> None:
        self._ports = ports
        self._wish = wished.wish
        self._tool = wished.tool
        self._authority = wished.authority
        directory = self._authority.directory
        account = AccountFolder(ports.files, wished.tool.config).find(directory)
        self._place = Place(
            Store(ports.files, self._wish.home),
            Lineages(ports.files, wished.tool.config),
            Terms(account.key.certbot_id, directory) if account else None,
            self._authority.name,
        )
        self._names = names_of(self._wish.lineages)

    def change(self) -> Change:
        """The change that makes all of it so.

        Raises: `InvalidInput` if this certbot cannot do what is wished, or would stop HAProxy for
        it; nothing is changed then.
        """
        self._refuse_what_it_cannot()
        settlements = self._settlements()
        found = self._survey(settlements.values())
        needed = [one for one in settlements.values() if one.is_needed]
        return Change(
            before={**{one.name: "as it is" for one in needed}, **shown_before(found)},
            after={**{one.name: one.to_do for one in needed}, **shown_after(found, self._wish)},
            result=report(standing(found, self._wish)),
            apply=self._apply,
        )

    def _refuse_what_it_cannot(self) -> None:
        if not self._wish.lineages:
            return
        files = self._ports.files
        faults = faults_of_hooks(files, self._tool.config)
        told = faults_of_settings(files, self._wish.lineages, self._authority.directory)
        faults = (*faults, *told)
        # In check mode on a fresh host there is no command yet.
        if files.mode(self._tool.command) is not None:
            version = find_version(self._ports.runner, self._tool)
            faults = (*faults, *faults_of(version, self._wish.lineages))
            faults = (*faults, *faults_of_lives(version, self._leaves()))
        if faults:
            raise InvalidInput(faults)

    def _leaves(self) -> Mapping[str, Certificate]:
        """What is held of the wished lineages."""
        settled = (Settlement(lineage, name) for lineage, name in self._names.items())
        held = {one.lineage.label: self._held(one) for one in settled}
        return {label: one.leaf for label, one in held.items() if one is not None}

    def _settlements(self) -> dict[Lineage, Settlement]:
        found = {
            lineage: plan_settlement(self._place, lineage, name)
            for lineage, name in self._names.items()
        }
        absent = [lineage for lineage, one in found.items() if self._held(one) is None]
        if self._wish.force:
            return found  # who forces wants new ones
        for lineage, looked in look_around(self._ports, absent, self._wish).items():
            if looked.existing is not None:
                name = self._names[lineage]
                found[lineage] = plan_adoption(self._place, lineage, name, looked.existing)
        return found

    def _survey(self, settlements: Iterable[Settlement]) -> tuple[Found, ...]:
        return tuple(self._find(settlement) for settlement in settlements)

    def _find(self, settlement: Settlement) -> Found:
        lineage, held = settlement.lineage, self._held(settlement)
        rules = Rules(self._ports.clock.now(), (self._authority.directory,), self._wish.force)
        # As if the CA asked for it at its end: until it gets urgent it is left to the timer.
        verdict = judge(lineage, held, held.leaf.not_after if held else None, rules)
        if held is not None and not verdict.is_due:
            until = f"valid until {held.leaf.not_after:%F %R} UTC"
            verdict = Verdict(False, f"{until}, renewed by certbot's timer")
        found = Found(lineage, held, None, verdict, self._wish.deferred.get(lineage.name))
        is_fit = settlement.taken is not None and not verdict.is_due
        return found.with_existing(Looked(settlement.taken)) if is_fit else found

    def _held(self, settlement: Settlement) -> Held | None:
        """What the lineage has; what certbot has of it where the store has nothing."""
        if settlement.taken is not None:
            return Held(settlement.taken.bundle.leaf, settlement.taken.facts)
        held = self._place.store.held(settlement.lineage)
        live = self._place.lineages.read(settlement.name) if held is None else None
        is_it = live is not None and live.key_type is settlement.lineage.key_type
        return Held(live.leaf, None) if live is not None and is_it else held

    def _apply(self) -> Mapping[str, Any]:
        store = self._place.store
        store.prepare()
        with self._ports.files.lock(store.lock_path, timeout_seconds=self._wish.budget_seconds):
            # The timer may have renewed while this run waited for the lock.
            settlements = self._settlements()
            found = self._survey(settlements.values())
            results = standing(found, self._wish)
            for settlement in settlements.values():
                carry_out(self._place, settlement)
            for item in found:
                if item.existing is not None:
                    results[item.lineage] = adopted(item, item.existing)
            issuance = Issuance(self._ports, self._wish, self._tool, self._place, self._names)
            results.update(issuance.issue([item for item in found if item.is_to_do]))
        told = outcome(results, failures_are_fatal=self._wish.failures_are_fatal)
        settled = any(settlement.is_needed for settlement in settlements.values())
        return {**told, "changed": settled or told["changed"]}


def plan_certificates(ports: Ports, wished: CertbotWish) -> Change:
    """The change that has all certificates whose source is certbot."""
    return Work(ports, wished).change()
