# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What another host says, taken in: each bundle is judged, and only then written and served.

Theory of operation. The sender is believed in nothing. A name is looked up in this host's wish; a
bundle is judged by itself (`admission.py`), then against what is held (`holdings.py`). What passes
is delivered as by the play, without root: what would need a reload is written and left to `sync`.
On an issuer it then goes to the store as well, under the store's own lock: an order that ended just
now is not overwritten by something older. One that is refused stops no other.

Judging costs time and needs no lock; comparing and writing are done under one, so that of two
pushes at once the newer certificate wins. A kill anywhere leaves what served before, and what is
missing is found missing by the next push: file, process and store are each looked at anew, and what
is held already is brought into the process too, if it is not there.

A play that changes the wish holds that lock while it removes what is wished no more. So the
settings are read again under it: else this would bring back what was judged by the old wish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from .._acme.store import Store
from .._acme.wish import Source
from .._core.errors import Busy, EdgeError, InvalidInput, Refused, Unavailable
from .._core.ports import Ports
from .._haproxy.delivery import shown
from .._haproxy.delivery.carry_out import deliver_locked
from .._haproxy.delivery.plan import plan_delivery
from .._haproxy.delivery.wish import WantedBundle, Wish
from .._haproxy.layout import Layout
from .._pki.keys import KeyType
from .account_keys import AccountKeys
from .admission import Gate
from .comparison import Case, Compared, compare
from .holdings import Shelf
from .records import disk_faults_told
from .replica import Replica
from .settings import Settings, load
from .wire import Action, Answer, KeyState, Offer, Reply, Request, parse_request

LOCK_SECONDS = 40.0
"""The sender waits a minute."""
STORE_SECONDS = 5.0
"""A run that orders may hold the store for minutes: that is left to the next push."""

WISH_CHANGED = "is wished otherwise here, or no more, since a moment ago"

DONE = {"written": Action.WRITTEN, "swapped": Action.SWAPPED, "added": Action.ADDED}


def receive(ports: Ports, settings: Settings, text: str, *, layout: Layout | None = None) -> Reply:
    """Take one request in; ``layout``: where things are on a balancer, by default as everywhere.

    Raises: `InvalidInput` if it is none. `EdgeError` if nothing, or not all of it, could be done
    for a reason that has nothing to do with what came (a lock, a disk); a later try finishes it.
    """
    request = parse_request(text)
    if not settings.is_balancer and not settings.is_issuer:
        raise Refused(f"{settings.host} is neither a balancer nor an issuer")
    where = layout or Layout()
    folders = [where.certificates] * settings.is_balancer + [settings.home] * settings.is_issuer
    with disk_faults_told(" or ".join(folders)):  # a full disk does not say which
        return Reception(ports, settings, where).run(request)


@dataclass(frozen=True)
class Reception:
    """One request on this host."""

    ports: Ports
    settings: Settings
    layout: Layout

    def run(self, request: Request) -> Reply:
        """Judge, compare, write, serve."""
        cases = self._open(request)
        compared = self._compare(cases)
        if any(case.bundle for case in cases) or self._is_out_of_line(compared):
            with self._locked():
                now = self._as_of_now()
                changed, answers = now._act(now._compare([now._still(case) for case in cases]))
        else:
            now, changed = self, False
            answers = tuple(self._finish(one, {}) for one in compared)
        keys = AccountKeys(self.ports.files, now.settings)
        account = keys.settle_own(request.account_key)
        certbots = keys.settle_certbots(request.certbot_key)
        return Reply(
            host=self.settings.host,
            bundles=answers,
            changed=changed or KeyState.WRITTEN in (account, certbots),
            account=account,
            certbot_account=certbots,
        )

    def _as_of_now(self) -> Reception:
        """With the settings as they are by now.

        Raises: `Unavailable` if this host has another part in the fleet, and so other locks.
        """
        before = self.settings
        if not before.path:
            return self
        now = load(self.ports.files, before.path)
        parts = [(one.home, one.is_balancer, one.is_issuer) for one in (before, now)]
        if parts[0] != parts[1]:
            raise Unavailable(f"the part of {now.host} in the fleet changes now; try again later")
        return replace(self, settings=now)

    def _still(self, case: Case) -> Case:
        """As it is under these settings: what was judged by another wish is not acted on."""
        wished = case.wished
        if wished is None or self.settings.find(case.offer.name, case.offer.key_type) == wished:
            return case
        return Case(case.offer, refusal=WISH_CHANGED)

    def _open(self, request: Request) -> tuple[Case, ...]:
        """Every bundle by itself, whatever is held."""
        seen: set[tuple[str, KeyType]] = set()
        cases = []
        for offer in request.bundles:
            key = offer.name, offer.key_type
            cases.append(self._open_one(offer, is_repeated=key in seen))
            seen.add(key)
        return tuple(cases)

    def _open_one(self, offer: Offer, *, is_repeated: bool) -> Case:
        wished = self.settings.find(offer.name, offer.key_type)
        if wished is None:
            return Case(offer, refusal="is not wished for here; does hitless.edge.site know of it?")
        if is_repeated:
            return Case(offer, wished, refusal="is in the request twice")
        if wished.source is Source.PROVIDED:
            return Case(offer, wished, refusal="is provided by the user, and never by a push")
        if offer.pem is None:
            return Case(offer, wished)
        try:
            return Case(offer, wished, Gate(self.ports, self.settings).admit(offer, wished))
        except InvalidInput as error:
            return Case(offer, wished, refusal="; ".join(map(str, error.faults)))
        except EdgeError as error:
            return Case(offer, wished, refusal=f"cannot be judged: {error}")

    def _compare(self, cases: Sequence[Case]) -> tuple[Compared, ...]:
        shelf = Shelf(self.ports, self.settings, self.layout)
        return tuple(compare(shelf, case) for case in cases)

    def _is_out_of_line(self, compared: Sequence[Compared]) -> bool:
        """Whether files or process are not as they should be with what is held."""
        wish = self._delivery(self._wanted(compared).values())
        if not wish.bundles:
            return False
        plan = plan_delivery(self.ports, wish, may_be_mute=True)
        return shown.before(plan) != shown.after(plan, with_lacking=False)

    def _act(self, compared: Sequence[Compared]) -> tuple[bool, tuple[Answer, ...]]:
        """Write and serve what is accepted: whether anything changed, and the answers."""
        wanted = self._wanted(compared)
        result = self._deliver(self._delivery(wanted.values()))
        told = dict(zip(wanted, result["bundles"]))
        with self._store_locked(compared) as obstacle:
            answers = [
                self._finish(one, told.get(number, {}), obstacle)
                for number, one in enumerate(compared)
            ]
        is_changed = result["changed"] or any(answer.action in DONE.values() for answer in answers)
        return is_changed, tuple(answers)

    def _wanted(self, compared: Sequence[Compared]) -> dict[int, WantedBundle]:
        """What the balancer shall have: what it holds as it should, and what it lacks."""
        found = ((number, one.wanted) for number, one in enumerate(compared))
        return {number: wanted for number, wanted in found if wanted is not None}

    def _delivery(self, wanted: Iterable[WantedBundle]) -> Wish:
        return Wish(tuple(wanted), self.layout, purge=False)

    def _deliver(self, wish: Wish) -> Mapping[str, Any]:
        if not wish.bundles:
            return {"bundles": [], "changed": False}
        try:
            return deliver_locked(self.ports, wish, None)
        except EdgeError as error:
            if "bundles" not in error.details:
                raise
            return error.details  # some are refused, the others delivered

    def _finish(self, one: Compared, told: Mapping[str, Any], obstacle: str = "") -> Answer:
        """Keep an accepted bundle in the store, unless HAProxy refuses it; and tell.

        ``obstacle``: why the store cannot be written now.
        """
        action, reason = DONE.get(told.get("action", "")), told.get("reason", "")
        if told.get("action") == "refused":
            return one.answer(Action.REFUSED, reason, one.leaf)
        bundle, wished = one.case.bundle, one.case.wished
        if not one.is_accepted or bundle is None or wished is None:
            return one.answer(action or one.action, reason or one.reason, one.leaf)
        if one.store_lacks and obstacle:
            return one.answer(Action.REFUSED, obstacle, bundle.leaf)
        if one.store_lacks and self._store_still_lacks(one):
            Replica(self.ports, self.settings).keep(wished, bundle, one.case.offer.facts)
        return one.answer(action or Action.WRITTEN, reason, bundle.leaf)

    def _store_still_lacks(self, one: Compared) -> bool:
        """Compared again under the store's lock: a run may have put something newer there."""
        wished, mark = one.case.wished, one.case.mark
        if wished is None or mark is None:
            return False
        shelf = Shelf(self.ports, self.settings, self.layout)
        return shelf.stored(wished).compare(mark) is Action.LACKING

    @contextmanager
    def _store_locked(self, compared: Iterable[Compared]) -> Iterator[str]:
        """Alone at the store if something goes there; else why not, in words."""
        obstacle = ""
        with ExitStack() as stack:
            if any(one.store_lacks for one in compared):
                store = Store(self.ports.files, self.settings.home)
                store.prepare()
                lock = self.ports.files.lock(store.lock_path, timeout_seconds=STORE_SECONDS)
                try:
                    stack.enter_context(lock)
                except Busy as error:
                    obstacle = f"is not in the store yet: {error}; the next push brings it there"
            yield obstacle

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone at the balancer's files and process, or at the issuer's store."""
        path = self.layout.lock
        if not self.settings.is_balancer:
            Store(self.ports.files, self.settings.home).prepare()
            path = f"{self.settings.home}/receive.lock"
        with self.ports.files.lock(path, timeout_seconds=LOCK_SECONDS):
            yield
