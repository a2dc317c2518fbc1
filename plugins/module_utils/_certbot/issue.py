# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Having certbot get certificates, one after the other, as it lets nobody in beside itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._acme.due import Facts
from .._acme.ledger import Ledger, Outcome
from .._acme.problems import NoAccount
from .._acme.results import Action, Result, Results
from .._acme.survey import Found
from .._acme.wish import Lineage, Wish
from .._core.errors import EdgeError, Refused
from .._core.ports import Ports
from .._pki.bundle import Bundle
from .commands import Order, Tool, place_order
from .conf import Terms, at_default_places
from .settle import Place, carry_out, plan_settlement


@dataclass(frozen=True)
class Issuance:
    """All that is due. ``names``: what certbot calls each lineage."""

    ports: Ports
    wish: Wish
    tool: Tool
    place: Place
    names: Mapping[Lineage, str]

    def issue(self, found: Sequence[Found]) -> Results:
        """Get them; one that fails stops no other."""
        end = self.ports.clock.monotonic() + self.wish.budget_seconds
        results: Results = {}
        for number, item in enumerate(found, start=1):
            results[item.lineage] = self._result(item, end)
            self.ports.progress.report(f"{number} of {len(found)} worked on")
        return results

    def _result(self, item: Found, end: float) -> Result:
        name, reason = self.wish.authorities[0].name, item.verdict.reason
        try:
            bundle = self._get(item.lineage, end)
        except EdgeError as error:
            leaf = item.held.leaf if item.held else None
            return Result(Action.FAILED, reason, name, leaf, error)
        return Result(Action.RENEWED if item.held else Action.ISSUED, reason, name, bundle.leaf)

    def _get(self, lineage: Lineage, end: float) -> Bundle:
        """Have certbot get one, and take it into the store."""
        if self.place.terms is None:
            raise NoAccount(self.wish.authorities[0].name)
        name = self.names[lineage]
        before = self.place.lineages.read(name)
        if before is not None and self.place.lineages.conf(name) is None:
            # certbot makes no new lineage where there are files of one.
            base = at_default_places(self.tool.config, name)
            conf = base.settled(lineage, self.place.terms, is_renewed=True)
            self.place.lineages.write_conf(name, conf)
        has_one = self.place.lineages.conf(name) is not None
        self._order(Order(lineage, name, has_one), self.place.terms, end)
        bundle = self._received(lineage, before)
        authority, now = self.wish.authorities[0], self.ports.clock.now()
        facts = Facts(
            authority.name, authority.directory, lineage.profile, lineage.preferred_chain, now
        )
        self.place.store.save(lineage, bundle, facts)
        carry_out(self.place, plan_settlement(self.place, lineage, name))
        return bundle

    def _order(self, order: Order, terms: Terms, end: float) -> None:
        """One order, on the ledger before it is placed: what was spent is never forgotten."""
        authority, now = self.wish.authorities[0], self.ports.clock.now()
        store = self.place.store
        ledger = Ledger.load(store.files, store.ledger_path, now, received=store.received_path)
        claim = ledger.claim(authority, order.lineage.names, now)
        ledger.spend(claim)
        result = Outcome.FAILED
        try:
            argv = self.tool.argv(*order.arguments(self.tool.config, terms))
            left = end - self.ports.clock.monotonic()
            place_order(self.ports.runner, self.ports.clock, argv, budget_seconds=left)
            result = Outcome.ISSUED
        finally:
            ledger.settle(claim, result)
            ledger.commit()

    def _received(self, lineage: Lineage, before: Bundle | None) -> Bundle:
        """What certbot says it got.

        Raises: `Refused` if it is nothing new, or not what was wished.
        """
        bundle = self.place.lineages.read(self.names[lineage])
        is_new = bundle is not None and (
            before is None or bundle.leaf.fingerprint != before.leaf.fingerprint
        )
        if bundle is None or not is_new:
            raise Refused(f"certbot ended well, but there is no new certificate {lineage.name}")
        faults = bundle.check(lineage.domains, self.ports.clock.now(), lineage.label)
        if faults or bundle.key_type is not lineage.key_type:
            words = (
                "; ".join(str(fault) for fault in faults) or f"its key is {bundle.key_type.value}"
            )
            raise Refused("what certbot got is not what was wished", words)
        return bundle
