# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certbot's timer and its deploy hook, the same on every issuer.

certbot knows no fleet. So before its timer runs it, `turn` makes its folder what settings and store
say: the account, each lineage in its newest version, and which of them this host may renew now. All
others are switched off in certbot's own files, and lineages of other people are left alone. After a
renewal `deployed` takes the new version into the store and pushes it, as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from .._acme.due import is_near_end
from .._acme.store import Store
from .._acme.transport import open_http as open_real_http
from .._acme.wish import Lineage, Source
from .._certbot.account import AccountFolder, CertbotAccount, KeptKey
from .._certbot.cli_ini import faults_of_settings
from .._certbot.conf import Terms
from .._certbot.lineages import CONFIG, Lineages, names_of
from .._certbot.settle import Place, Settlement, carry_out, plan_settlement
from .._core.ports import Ports
from .._pki.x509 import Certificate
from .certbot_due import DueByCertbot
from .push import Post, Pushed, key_of, push
from .reach import Reach
from .replica import Replica
from .selection import newer_elsewhere
from .settings import Certbot, Settings
from .turns import Watch, watch_after

if TYPE_CHECKING:
    import requests

NOT_YET = "the key of certbot's account is not here yet; it comes with the first issuer's next push"


@dataclass(frozen=True)
class Turned:
    """Whether certbot may run now, and why. ``done``: what was brought in line, a sentence each."""

    may_renew: bool
    reason: str
    done: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployed:
    """What became of a lineage that certbot renewed. ``pushed``: how each host stands then."""

    was_taken: bool
    reason: str
    pushed: tuple[Pushed, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether every host has it."""
        return all(one.ok for one in self.pushed)


def turn(
    ports: Ports,
    settings: Settings,
    reach: Reach,
    open_http: Callable[[int], requests.Session] = open_real_http,
) -> Turned:
    """Bring certbot's folder in line, then say whether certbot may renew on this host now.

    Raises: `InvalidInput` if the key of the account is another one than settings.json names.
    """
    desk = _Desk(ports, settings)
    released = desk.release()
    foreign = desk.foreign()
    others = f"certbot renews {', '.join(foreign)}, which are not ours" if foreign else ""
    certbot = settings.certbot
    if certbot is None or not desk.names or not settings.is_issuer:
        reason = others or "no certificate is to be renewed by certbot on this host"
        return Turned(bool(foreign), reason, released)
    account = desk.account(certbot)
    if account is None:
        return Turned(bool(foreign), NOT_YET, released)
    place = desk.place(Terms(account.key.certbot_id, certbot.directory))
    # It would renew otherwise than wished: better the next issuer does, once its turn has come.
    faults = faults_of_settings(ports.files, desk.names, certbot.directory)
    overruled = "; ".join(str(fault) for fault in faults)
    mine = desk.mine(place, reach, DueByCertbot(ports, settings, open_http)) if not faults else ()
    done = desk.settle(place, mine)
    reason = overruled or ", ".join(lineage.label for lineage in mine) or others
    may_renew = bool(mine or foreign)
    return Turned(may_renew, reason or "it is the turn of others", (*released, *done))


def deployed(ports: Ports, settings: Settings, reach: Reach, lineage_path: str) -> Deployed:
    """Take the lineage of this live folder into the store, and bring it to all hosts.

    Raises: `EdgeError` if it cannot be taken; a host that does not answer is just noted.
    """
    desk = _Desk(ports, settings)
    name = lineage_path.rstrip("/").rpartition("/")[2]
    lineage = next((one for one, known in desk.names.items() if known == name), None)
    certbot = settings.certbot
    if lineage is None or certbot is None or not settings.is_issuer:
        return Deployed(False, f"{name} is not wished from certbot on this host")
    account = desk.account(certbot)
    terms = Terms(account.key.certbot_id, certbot.directory) if account else None
    place = desk.place(terms)
    settlement = plan_settlement(place, lineage, name)
    desk.carry_out(place, settlement)
    reason = "taken into the store" if settlement.taken else "the store has it already"
    return Deployed(settlement.taken is not None, reason, push(ports, settings, reach))


class _Desk:
    """What both verbs work with. ``names``: what certbot calls the lineages that are its own."""

    def __init__(self, ports: Ports, settings: Settings) -> None:
        self._ports = ports
        self._settings = settings
        certbot = settings.certbot
        self._lineages = Lineages(ports.files, certbot.config if certbot else CONFIG)
        wished = settings.wished
        self.names = names_of(one.lineage for one in wished if one.source is Source.CERTBOT)

    def release(self) -> tuple[str, ...]:
        """Have certbot leave alone what it renewed for us and shall no more."""
        own = set(self.names.values())
        ours = [name for name in self._lineages.names() if self._is_ours(name) and name not in own]
        for name in ours:
            self._lineages.release(name)
        return tuple(f"{name} is no longer renewed by certbot" for name in ours)

    def foreign(self) -> tuple[str, ...]:
        """The lineages that other people have certbot renew."""
        own = set(self.names.values())
        return tuple(name for name in self._lineages.names() if name not in own)

    def account(self, certbot: Certbot) -> CertbotAccount | None:
        """The account, laid where certbot looks for it; none if its key did not come yet."""
        folder = AccountFolder(self._ports.files, certbot.config)
        found = folder.find_key(certbot.directory, certbot.thumbprint)
        kept = KeptKey(self._ports.files, self._settings.home)
        if found is not None or kept.read() is None:
            return found
        account = CertbotAccount(kept.pinned(certbot.thumbprint), certbot.account)
        now = self._ports.clock.now()
        folder.write(certbot.directory, account, host=self._settings.host, now=now)
        return account

    def place(self, terms: Terms | None) -> Place:
        """Store and certbot's folder."""
        directory = terms.directory if terms else ""
        authority = self._settings.authority(directory)
        name = authority.name if authority else directory
        return Place(Store(self._ports.files, self._settings.home), self._lineages, terms, name)

    def mine(self, place: Place, reach: Reach, rules: DueByCertbot) -> tuple[Lineage, ...]:
        """What this host may renew now: on the first issuer all, on others what its turn is."""
        held = {lineage: self._leaf(place, lineage) for lineage in self.names}
        leaves = {lineage: leaf for lineage, leaf in held.items() if leaf is not None}
        due = rules.among(leaves)
        come = self._turns_come(due)
        late = self._newer_elsewhere(reach) if come else set()
        now = self._ports.clock.now()
        due_here = [one for one in come if key_of(one) not in late or is_near_end(due[one], now)]
        if self._settings.rank():
            return tuple(due_here)
        return tuple(one for one in leaves if one not in due or one in due_here)

    def settle(self, place: Place, mine: Iterable[Lineage]) -> tuple[str, ...]:
        """Bring all lineages in line."""
        renewed, done = set(mine), []
        for lineage, name in self.names.items():
            settlement = plan_settlement(place, lineage, name, is_renewed=lineage in renewed)
            self.carry_out(place, settlement)
            if settlement.taken or settlement.given:
                done.append(f"{lineage.label}: {settlement.to_do}")
        return tuple(done)

    def carry_out(self, place: Place, settlement: Settlement) -> None:
        """Do it; what is taken is noted in the ledger, as what others ordered is.

        Without the store's lock: the play holds it while certbot runs, and so while certbot runs
        the hook that calls this. A push may be received meanwhile, of this lineage as well; so the
        replica has a lock of its own, which nobody holds for longer than a few writes.
        """
        taken = settlement.taken
        if taken is not None:
            wished = self._settings.find(settlement.lineage.name, settlement.lineage.key_type)
            if wished is not None:
                Replica(self._ports, self._settings).keep(wished, taken.bundle, taken.facts)
        carry_out(place, replace(settlement, taken=None))

    def _is_ours(self, name: str) -> bool:
        conf = self._lineages.conf(name)
        return conf is not None and conf.is_ours

    def _leaf(self, place: Place, lineage: Lineage) -> Certificate | None:
        """The newest certificate here, in the store or in certbot's folder."""
        taken = plan_settlement(place, lineage, self.names[lineage]).taken
        if taken is not None:
            return taken.bundle.leaf
        held = place.store.held(lineage)
        return held.leaf if held else None

    def _turns_come(self, due: Mapping[Lineage, Certificate]) -> tuple[Lineage, ...]:
        """Those whose turn on this host has come; what is due is written down first."""
        path = f"{self._settings.home}/certbot-due.json"
        now, seconds = self._ports.clock.now(), self._settings.standby_delay_seconds
        before = self._ports.files.read(path)
        turns = Watch.parse(before).turns(
            dict(due),
            rank=self._settings.rank() or 0,
            now=now,
            delay=None if seconds is None else timedelta(seconds=seconds),
        )
        text = watch_after(turns).render()
        if text != before:
            self._ports.files.write(path, text)
        return tuple(lineage for lineage, one in turns.items() if one.has_come(now))

    def _newer_elsewhere(self, reach: Reach) -> set[object]:
        """What another issuer renewed meanwhile, and will push."""
        asked = Post(self._ports, self._settings, reach).ask()
        return set(newer_elsewhere(asked, self._settings, self._ports.clock.now()))
