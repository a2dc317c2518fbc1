# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each wished certificate stands on this host: in the store, on disk, in the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Callable, TypeVar

from .._acme.ari import Window, certificate_id
from .._acme.due import SELF_SIGNED, Held, Rules, Verdict, is_near_end, judge
from .._acme.store import Store
from .._acme.wish import Lineage, Source, Wished
from .._core.errors import EdgeError
from .._core.ports import Ports
from .._haproxy.hot_certificates import Loaded, identities_of, look
from .._haproxy.layout import Layout
from .._haproxy.runtime import Runtime
from .._pki.bundle import file_name
from .._pki.x509 import Certificate, parse_chain
from .settings import Settings

DAY_SECONDS = 86400.0
T = TypeVar("T")


class State(Enum):
    """In one word; of several that are true the worst."""

    OK = "ok"
    DUE = "due"
    """It is renewed by the next runs."""
    ENDING = "ending"
    """The user provides it, and has to provide the next one."""
    DRIFT = "drift"
    """Store, disk and process do not hold the same."""
    LATE = "late"
    """Half of the time for its renewal is over."""
    EXPIRED = "expired"
    ABSENT = "absent"


@dataclass(frozen=True)
class Standing:
    """One certificate. ``leaf``: on disk, or in the store where this host does not serve.

    ``wished``: fingerprint in the store, on issuers. ``served``: what the process has; ``None`` if
    it could not be asked, empty if nothing or something that is neither in store nor on disk.
    """

    wish: Wished
    state: State
    reason: str
    now: datetime
    leaf: Certificate | None = None
    wished: str | None = None
    disk: str | None = None
    served: str | None = None

    @property
    def lineage(self) -> Lineage:
        """What it is about."""
        return self.wish.lineage

    @property
    def days_left(self) -> float | None:
        """To a tenth, rounded down; negative when it has expired."""
        if self.leaf is None:
            return None
        return (self.leaf.not_after - self.now).total_seconds() // (DAY_SECONDS / 10) / 10

    @property
    def problem(self) -> str | None:
        """What is wrong, as a sentence."""
        if self.state in (State.OK, State.DUE):
            return None
        return f"{self.lineage.label} {self.reason}"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        leaf = self.leaf
        return {
            "name": self.lineage.name,
            "key_type": self.lineage.key_type.value,
            "domains": list(self.lineage.domains),
            "source": self.wish.source.value,
            "state": self.state.value,
            "reason": self.reason,
            "issuer": leaf.issuer if leaf else None,
            "not_before": leaf.not_before.isoformat() if leaf else None,
            "not_after": leaf.not_after.isoformat() if leaf else None,
            "days_left": self.days_left,
            "wished": self.wished,
            "disk": self.disk,
            "served": self.served,
        }


@dataclass
class Sight:
    """What can be seen here. ``faults``: sentences about what cannot."""

    ports: Ports
    settings: Settings
    layout: Layout
    certificates: tuple[Standing, ...] = ()
    faults: list[str] = field(default_factory=list)
    windows: Mapping[str, Window] = field(default_factory=dict)
    loaded: Loaded | None = None

    def tried(self, function: Callable[[], T], otherwise: T) -> T:
        """What a function returns, or a note that it cannot be known, once for each cause."""
        try:
            return function()
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            fault = f"{error.filename or 'a file'} cannot be read: {words}; run this as root"
        except EdgeError as error:
            fault = " ".join(str(error).split())
        if fault not in self.faults:
            self.faults.append(fault)
        return otherwise

    def stand(self, wish: Wished) -> Standing:
        """How one certificate stands."""
        now, lineage = self.ports.clock.now(), wish.lineage
        store = Store(self.ports.files, self.settings.home)
        kept = self.tried(lambda: store.held(lineage), None) if self.settings.is_issuer else None
        on_disk = self._on_disk(lineage) if self.settings.is_balancer else None
        wished, disk = kept and kept.leaf.fingerprint, on_disk and on_disk.fingerprint
        leaf = on_disk if self.settings.is_balancer else (kept.leaf if kept else None)
        served = self._served(lineage, [one for one in (on_disk, kept and kept.leaf) if one])
        known = Standing(wish, State.OK, "", now, leaf, wished or None, disk or None, served)
        state, reason = self._judge(known, kept)
        return replace(known, state=state, reason=reason)

    def _judge(self, known: Standing, kept: Held | None) -> tuple[State, str]:
        leaf, now, source = known.leaf, known.now, known.wish.source
        if leaf is None:
            return State.ABSENT, "has no certificate here"
        if now >= leaf.not_after:
            return State.EXPIRED, f"expired at {leaf.not_after:%F %R} UTC: clients refuse it"
        left = f"ends in {known.days_left} days, at {leaf.not_after:%F %R} UTC"
        verdict = self._verdict(known.lineage, leaf, kept, source)
        if source is Source.PROVIDED:
            words = f"{left}, and is yours to renew: change certificates_provided, run the play"
            return (State.ENDING, words) if verdict.is_due else _drift(known, verdict)
        if is_near_end(leaf, now):
            return State.LATE, f"{left}, and should have been renewed long since"
        return _drift(known, verdict)

    def _verdict(
        self, lineage: Lineage, leaf: Certificate, kept: Held | None, source: Source
    ) -> Verdict:
        is_kept = kept is not None and kept.leaf.fingerprint == leaf.fingerprint
        held = kept if kept is not None and is_kept else Held(leaf, None)
        is_own = source is Source.SELF_SIGNED
        name = certificate_id(leaf)
        window = self.windows.get(name) if name is not None else None
        moment = window.moment(name) if window is not None and name is not None else None
        directories = (SELF_SIGNED,) if is_own else self.settings.directories
        return judge(lineage, held, moment, Rules(self.ports.clock.now(), directories))

    def _on_disk(self, lineage: Lineage) -> Certificate | None:
        path = self._path(lineage)
        content = self.tried(lambda: self.ports.files.read(path), None)
        if content is None:
            return None
        return self.tried(lambda: parse_chain(content.decode(errors="replace"), path)[0], None)

    def _served(self, lineage: Lineage, candidates: list[Certificate]) -> str | None:
        if self.loaded is None or not self.settings.is_balancer:
            return None
        path = self._path(lineage)
        identity = self.loaded.stores.get(path) if self.loaded.entries_of(path) else None
        known = (one.fingerprint for one in candidates if identity in identities_of(one))
        return next(known, "")

    def _path(self, lineage: Lineage) -> str:
        return f"{self.layout.certificates}/{file_name(lineage.name, lineage.key_type)}"


def look_at(ports: Ports, settings: Settings, layout: Layout) -> Sight:
    """See every wished certificate; never fails."""
    sight = Sight(ports, settings, layout)
    if settings.is_issuer:
        sight.windows = sight.tried(Store(ports.files, settings.home).windows, {})
    if settings.is_balancer:
        runtime = Runtime(ports.socket, layout.runtime_socket)
        sight.loaded = sight.tried(lambda: look(runtime, layout.crt_list), None)
        if sight.loaded is None and not sight.faults:
            sight.faults.append(f"the running HAProxy does not load {layout.crt_list}")
    sight.certificates = tuple(sight.stand(wish) for wish in settings.wished)
    return sight


def _drift(known: Standing, verdict: Verdict) -> tuple[State, str]:
    """Where disk and process, or store and disk, do not hold the same."""
    if known.served is not None and known.disk is not None and known.served != known.disk:
        words = "is on disk, and HAProxy serves another one: the next sync puts that right"
        return State.DRIFT, words
    if known.wished and known.disk and known.wished != known.disk:
        words = "is another one on disk than in the store: the next push puts that right"
        return State.DRIFT, words
    return (State.DUE if verdict.is_due else State.OK), verdict.reason
