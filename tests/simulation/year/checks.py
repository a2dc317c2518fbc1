# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold after every step; the first thing that does not ends the year.

1. No balancer serves an expired certificate, or one that lacks a wished name. One exception that
   nobody can avoid: a host whose certificates ended while it was down has nothing else when it
   returns. It has new ones within two periods of the timers, and some time, of the moment that
   somebody can give it any.
2. No host stays behind: what another host holds that it reaches, it serves within four periods,
   of which a run that is killed costs two.
3. When all has been well for four periods, all balancers serve the same certificates.
4. No order is beyond a limit of the CA, and nothing loops: a lineage gets at most `PER_LIFETIME`
   certificates in the time that one of them lives.
5. What is on the disk of a host would let its HAProxy start, at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._pki import crt_list
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import Certificate

from year.disasters import Disasters
from year.fleet import LAYOUT, PROFILES
from year.machine import Machine
from year.parts import Broken, is_loadable
from year.world import World

SOME_TIME = timedelta(hours=1)
PER_LIFETIME = 6


@dataclass
class Extremes:
    """What was seen.

    ``least``: what was left of a life at least, by profile, on a host that has what those have that
    it reaches; others are about to catch up. ``returned_expired``: how often a host came back with
    what had expired meanwhile. ``looks``: how often what a host serves was checked.
    """

    least: dict[str, timedelta] = field(default_factory=lambda: dict(PROFILES))
    longest_behind: timedelta = timedelta(0)
    longest_expired: timedelta = timedelta(0)
    returned_expired: int = 0
    looks: int = 0
    most_per_lifetime: int = 0


@dataclass
class HostChecks:
    """The checks of one host. The moments are ``None`` while it is not so.

    ``helped_since``: somebody could give it certificates; ``behind_since``: somebody it reaches has
    newer ones; ``expired_since``: it serves expired ones.
    """

    world: World
    machine: Machine
    extremes: Extremes
    helped_since: datetime | None = None
    behind_since: datetime | None = None
    expired_since: datetime | None = None
    _files: int = -1

    def look(self, now: datetime) -> None:
        """Check everything."""
        self._check_disk()
        self._note_help(now)
        self._check_behind(now)
        if self.machine.is_serving:
            self._check_served(now)

    def _check_disk(self) -> None:
        files = self.machine.files
        if files.changes == self._files:
            return
        self._files = files.changes
        text = (files.read(LAYOUT.crt_list) or b"").decode()
        for path in crt_list.parse(text).paths:
            pem = files.read(path)
            if pem is None or not is_loadable(pem.decode()):
                raise self._broken(f"HAProxy would not start with {path}")

    def _note_help(self, now: datetime) -> None:
        machine, mood = self.machine, self.world.ca.mood
        is_well = not (machine.down or machine.cut_off or machine.full)
        is_helped = bool(self._peers) or not (mood.down or mood.limits)
        self.helped_since = (self.helped_since or now) if is_well and is_helped else None

    def _check_served(self, now: datetime) -> None:
        served, has_expired = self.machine.served(), False
        self.extremes.looks += 1
        for lineage in self.machine.lineages:
            leaf = served.get(lineage)
            if leaf is None or not set(lineage.domains) <= set(leaf.names):
                what = "nothing" if leaf is None else f"one for {', '.join(leaf.names)}"
                raise self._broken(f"it serves {what} as {lineage.label}")
            if now >= leaf.not_after:
                has_expired = True
                self._check_expired(lineage, leaf, now)
            elif lineage.profile and self.behind_since is None:
                least = self.extremes.least
                least[lineage.profile] = min(least[lineage.profile], leaf.not_after - now)
        self._note_expired(now if has_expired else None)

    def _check_expired(self, lineage: Lineage, leaf: Certificate, now: datetime) -> None:
        words = f"it serves {lineage.label}, which expired at {leaf.not_after:%F %T}"
        if leaf.not_after > self.machine.up_since:
            raise self._broken(words)
        if self.helped_since is not None and now - self.helped_since > periods(self.world, 2):
            raise self._broken(f"{words}, for {now - self.helped_since} after its return")

    def _note_expired(self, now: datetime | None) -> None:
        if now is None:
            self.expired_since = None
            return
        if self.expired_since is None:
            self.expired_since = now
            self.extremes.returned_expired += 1
        lasted = now - max(self.expired_since, self.helped_since or now)
        self.extremes.longest_expired = max(self.extremes.longest_expired, lasted)

    def _check_behind(self, now: datetime) -> None:
        machine = self.machine
        if not machine.is_serving or machine.full or not self._is_behind():
            self.behind_since = None
            return
        self.behind_since = self.behind_since or now
        lasted = now - self.behind_since
        self.extremes.longest_behind = max(self.extremes.longest_behind, lasted)
        if lasted > periods(self.world, 4):
            raise self._broken(f"it is behind since {self.behind_since:%F %T}")

    def _is_behind(self) -> bool:
        served = self.machine.served()
        in_reach = [one.stored() for one in (self.machine, *self._peers)]
        return any(
            is_newer(held[lineage], served[lineage])
            for held in in_reach
            for lineage in served
            if lineage in held
        )

    @property
    def _peers(self) -> list[Machine]:
        own = self.machine.name
        others = (one for name, one in self.world.machines.items() if name != own)
        return [one for one in others if self.world.are_connected(own, one.name)]

    def _broken(self, words: str) -> Broken:
        return Broken(f"{self.machine.name}: {words}", self.machine.name)


class Checks:
    """The checks of one year."""

    def __init__(self, world: World, disasters: Disasters) -> None:
        self.extremes = Extremes()
        self._world = world
        self._disasters = disasters
        self._hosts = [HostChecks(world, one, self.extremes) for one in world.machines.values()]
        self._counted = 0

    def look(self, now: datetime) -> None:
        """Check everything, as it is at a moment."""
        for host in self._hosts:
            host.look(now)
        self._check_same(now)
        self._check_orders()

    def _check_same(self, now: datetime) -> None:
        if self._disasters.present or now - self._disasters.last < periods(self._world, 4):
            return
        machines = self._world.machines.values()
        for lineage in next(iter(machines)).lineages:
            found = {one.name: one.served()[lineage].fingerprint for one in machines}
            if len(set(found.values())) > 1:
                raise Broken(f"all is well, and {lineage.label} differs: {found}")

    def _check_orders(self) -> None:
        limits = self._world.ca.limits
        if limits.hits:
            raise Broken(f"beyond a limit of the CA: {limits.hits[-1]}")
        for position in range(self._counted, len(limits.issued)):
            one = limits.issued[position]
            same = [
                other
                for other in limits.issued[: position + 1]
                if (other.names, other.key_type) == (one.names, one.key_type)
            ]
            count = sum(one.time - other.time < one.lifetime for other in same)
            self.extremes.most_per_lifetime = max(self.extremes.most_per_lifetime, count)
            if count > PER_LIFETIME:
                raise Broken(f"{count} certificates for {one.names} in {one.lifetime}")
        self._counted = len(limits.issued)


def periods(world: World, count: int) -> timedelta:
    """So many of the timers, and some time; two runs of an issuer are at most two apart."""
    return count * world.plan.every + SOME_TIME


def is_newer(one: Certificate, other: Certificate) -> bool:
    """Whether it wins over another one, everywhere."""
    return (one.not_before, one.fingerprint) > (other.not_before, other.fingerprint)
