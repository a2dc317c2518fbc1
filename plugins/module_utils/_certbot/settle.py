# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's state as a function of the store: the newer certificate of the two is in both.

What certbot got is taken into the store; what another issuer got, or our own client before the
source was changed, is given to certbot, which renews it from then on. So no change of hands costs
a certificate, and a run that was killed anywhere is finished by the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .._acme.adoption import Existing
from .._acme.due import Facts
from .._acme.store import Store
from .._acme.wish import Lineage
from .._core.errors import InvalidInput
from .._pki.bundle import Bundle, parse
from .conf import Conf, Terms, at_default_places
from .lineages import Lineages


@dataclass(frozen=True)
class Place:
    """Where certificates are on an issuer. ``terms``: ``None`` before there is an account."""

    store: Store
    lineages: Lineages
    terms: Terms | None
    authority: str
    """What the user calls the CA of the account."""


@dataclass(frozen=True)
class Settlement:
    """What is to be done for one lineage; nothing, if all but the names are ``None``.

    ``taken``: for the store. ``given``: for certbot. ``conf``: how to renew it from now on.
    """

    lineage: Lineage
    name: str
    taken: Existing | None = None
    given: Bundle | None = None
    conf: Conf | None = None

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return not (self.taken is None and self.given is None and self.conf is None)

    @property
    def to_do(self) -> str:
        """What a diff shows of it."""
        steps = {
            "taken into the store": self.taken,
            "given to certbot": self.given,
            "renewed through HAProxy": self.conf,
        }
        return ", ".join(step for step, what in steps.items() if what is not None)


def plan_settlement(
    place: Place, lineage: Lineage, name: str, *, is_renewed: bool = True
) -> Settlement:
    """What brings store and certbot in line. ``is_renewed``: whether certbot may renew it now."""
    stored = read_stored(place.store, lineage)
    live = _usable(place.lineages.read(name), lineage, stored)
    newest = _newer(stored, live)
    if newest is None:
        return Settlement(lineage, name)
    is_new_here = newest is not live
    conf = place.lineages.conf(name)
    has_conf = conf is not None
    base = conf or at_default_places(place.lineages.config, name)
    if is_new_here:
        base = base.forgetful()
    wanted = base.settled(lineage, place.terms, is_renewed=is_renewed) if place.terms else None
    return Settlement(
        lineage,
        name,
        taken=None if _is_same(stored, newest) else _existing(place, name, newest),
        given=newest if not place.lineages.holds(name, newest) else None,
        conf=wanted if wanted != conf or not has_conf else None,
    )


def plan_adoption(place: Place, lineage: Lineage, name: str, existing: Existing) -> Settlement:
    """What takes over a certificate that is neither in the store nor certbot's of that name."""
    conf = at_default_places(place.lineages.config, name)
    terms = place.terms
    return Settlement(
        lineage,
        name,
        taken=existing,
        given=existing.bundle,
        conf=conf.settled(lineage, terms, is_renewed=True) if terms else None,
    )


def carry_out(place: Place, settlement: Settlement) -> None:
    """Do it; each step is of use without the next."""
    if settlement.taken is not None:
        taken = settlement.taken
        place.store.save(settlement.lineage, taken.bundle, taken.facts)
    if settlement.given is not None:
        place.lineages.write(settlement.name, settlement.given)
    if settlement.conf is not None:
        place.lineages.write_conf(settlement.name, settlement.conf)


def _existing(place: Place, name: str, bundle: Bundle) -> Existing:
    """What certbot got, with what its file says it was asked for."""
    conf = place.lineages.conf(name)
    told = conf.parameters if conf else {}
    own = place.terms.directory if place.terms else ""
    directory = told.get("server") or own
    facts = Facts(
        authority=place.authority if directory == own else directory,
        directory=directory,
        profile=conf.profile if conf else None,
        preferred_chain=told.get("preferred_chain") or None,
        issued_at=bundle.leaf.not_before,
    )
    return Existing(f"{place.lineages.config}/live/{name}", bundle, facts)


def read_stored(store: Store, lineage: Lineage) -> Bundle | None:
    """The bundle of the store; none if it is not there or cannot be read."""
    path = store.certificate_path(lineage)
    raw = store.files.read(path)
    if raw is None:
        return None
    try:
        return parse(raw.decode(errors="replace"), name=lineage.name, path=path)
    except InvalidInput:
        return None


def _usable(live: Bundle | None, lineage: Lineage, stored: Bundle | None) -> Bundle | None:
    """What certbot holds, if it is sound, of the wished kind, for no name that is not wished.

    And for every wished name that the store's has: what gives up a name is no successor.
    """
    if live is None or live.key_type is not lineage.key_type:
        return None
    wished, names = set(lineage.domains), set(live.leaf.names)
    before = set(stored.leaf.names) if stored else set()
    if not names <= wished or before & wished - names:
        return None
    return None if live.check((), live.leaf.not_before, lineage.name) else live


def _newer(stored: Bundle | None, live: Bundle | None) -> Bundle | None:
    if stored is None or live is None:
        return stored or live
    if _is_same(stored, live):
        return live
    return live if _age(live) > _age(stored) else stored


def _age(bundle: Bundle) -> tuple[datetime, str]:
    return bundle.leaf.not_before, bundle.leaf.fingerprint


def _is_same(one: Bundle | None, other: Bundle | None) -> bool:
    if one is None or other is None:
        return False
    return one.leaf.fingerprint == other.leaf.fingerprint
