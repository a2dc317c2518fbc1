# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One order, from the wish to the certificate on disk.

Theory of operation
-------------------
The CA's order is the only state that counts. `Order.step` makes one move: it learns the order's
status and does what that status calls for.

    no order --newOrder--> pending --answer--> ready --finalize--> processing --> valid
                              |                  |                      |           |
                              +------------------+----------------------+        download,
                                                 v                              save, drop
                    invalid, finalize refused: drop, fail with the CA's reasons

So a run that was killed needs no log of its steps: the next one finds the order's URL on disk, asks
for its status, and is where the other was. What makes this safe is the order of writes:

1. key, CSR and order URL are on disk before any challenge is answered, so a certificate never
   exists whose key is lost. Killed between newOrder and that write, the CA gives the same order
   again, or one that was never finalized stays unused; there is no second certificate.
2. the ledger's line is on disk before finalize, so that no certificate is uncounted.
3. bundle, then facts, then the order is dropped. Killed in between, the order that is left has the
   key of the certificate held, and the next run knows by that that it is done.

Several orders run at the same time (`schedule.py`): a step never waits for the CA's work, it says
when to come back. An authorization that several orders share is answered once; if that fails, the
next of them tries.

Source: RFC 8555 §7.4, §7.1.6.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .._core.errors import EdgeError, InvalidInput, Refused
from .._pki.bundle import Bundle
from .._pki.keys import generate_key, make_csr, public_spki
from .._pki.pem import first_der
from .._pki.x509 import parse_chain
from .answer import Answer
from .ca_order import Pace, Seen, Status, new_order
from .challenges.http01 import fetch_authorization
from .client import Client
from .due import Facts
from .ledger import Outcome
from .problems import AcmeRefused, Unreachable
from .shared import Shared
from .store import Pending
from .task import Task
from .transport import encode_base64url
from .wish import Lineage

NOT_BEFORE_TOLERANCE = timedelta(hours=1)
WITHOUT_REPLACES = frozenset({400, 403, 404, 409, 500})
"""Of HTTP: the CA does not take what is replaced, or errs over it (seen with Pebble 2.10)."""


class Order:
    """One order at one CA; its steps are taken by one thread at a time."""

    def __init__(self, task: Task, client: Client, shared: Shared) -> None:
        self.task = task
        self.client = client
        self.issued: Bundle | None = None
        self._shared = shared
        self._store = shared.store
        self._pending = self._left_behind()
        self._is_resumed = self._pending is not None
        self._claim: int | None = None
        if self._pending is not None:
            self._claim = shared.ledger.find(self._pending.url)
        self._placed: Seen | None = None
        self._has_answered = False
        self._unsettled: tuple[str, ...] = ()
        self._pace = Pace()

    @property
    def lineage(self) -> Lineage:
        """What it is for."""
        return self.task.lineage

    def step(self) -> float | None:
        """Make one move; seconds until the next, ``None`` when the certificate is on disk.

        Raises: `EdgeError` why there will be none.
        """
        if self._pending is None:
            self._placed = self._place()
            return 0.0
        seen, self._placed = self._placed or self._look(self._pending), None
        return self._follow(seen)

    def give_up(self) -> None:
        """Clean up after a step that raised: what was not spent is given back."""
        if self._claim is not None:
            self._shared.ledger.release(self._claim)

    def _follow(self, seen: Seen) -> float | None:
        moves = {
            Status.PENDING: self._validate,
            Status.READY: self._finalize,
            Status.PROCESSING: self._wait,
            Status.VALID: self._download,
            Status.INVALID: self._fail,
        }
        return moves[seen.status](seen)

    def _look(self, pending: Pending) -> Seen:
        try:
            return Seen.read(self.client.post(pending.url), pending.url)
        except AcmeRefused:
            if not self._is_resumed:
                raise
            return self._start_over()

    def _start_over(self) -> Seen:
        """The order that an earlier run left is gone or failed: forget it, place another."""
        self._is_resumed, self._pending, self._claim = False, None, None
        self._has_answered = False
        self._store.drop_pending(self.lineage)
        return self._place()

    def _place(self) -> Seen:
        self._demand_profile()
        replaces = self._replaces()
        if replaces is not None:
            try:
                return self._place_one(replaces, is_exempt=self._is_in_window())
            except AcmeRefused as refused:
                if refused.problem.status not in WITHOUT_REPLACES:
                    raise
            except Unreachable as failed:
                if failed.status not in WITHOUT_REPLACES:
                    raise
        return self._place_one(None, is_exempt=False)

    def _place_one(self, replaces: str | None, *, is_exempt: bool) -> Seen:
        claim = self._claim_one(is_exempt=is_exempt)
        try:
            answered = self._order(replaces)
            seen = Seen.read(answered, answered.location)
        except EdgeError:
            self._shared.ledger.release(claim)
            raise
        self._shared.ledger.name(claim, seen.url)
        self._claim = claim
        self._keep(seen, replaces)
        return seen

    def _demand_profile(self) -> None:
        wished, offered = self.lineage.profile, self.client.directory.profiles
        if wished is not None and wished not in offered:
            raise Refused(
                f'{self.client.authority.name} offers no profile "{wished}"; '
                f"it offers {', '.join(sorted(offered)) or 'none'}"
            )

    def _keep(self, seen: Seen, replaces: str | None) -> None:
        key_pem = generate_key(self.lineage.key_type)
        self._pending = Pending(
            directory=self.client.authority.directory,
            url=seen.url,
            names=self.lineage.names,
            profile=self.lineage.profile,
            created_at=self._now(),
            replaces=replaces,
            key_pem=key_pem,
            csr_pem=make_csr(key_pem, self.lineage.domains),
        )
        self._store.save_pending(self.lineage, self._pending)

    def _order(self, replaces: str | None) -> Answer:
        return self.client.post(self.client.directory.new_order, new_order(self.lineage, replaces))

    def _validate(self, seen: Seen) -> float | None:
        if not self._has_answered:
            self._has_answered = True
            self._unsettled = seen.authorizations
        self._unsettled = tuple(url for url in self._unsettled if not self._is_settled(url))
        return self._wait(seen)

    def _is_settled(self, url: str) -> bool:
        """Answer an authorization; ``False`` while that is another order's work, which may fail."""
        if self._shared.is_answered(url):
            return False
        authorization = fetch_authorization(self.client, url)
        if not authorization.waits_for_us:
            return True
        return self._shared.answer_once(self.client, authorization)

    def _wait(self, seen: Seen) -> float | None:
        return self._pace.next_look(seen.retry_at, self._now())

    def _finalize(self, seen: Seen) -> float | None:
        pending = self._own
        if self._claim is None:
            self._claim = self._claim_one(
                is_exempt=pending.replaces is not None and self._is_in_window()
            )
            self._shared.ledger.name(self._claim, pending.url)
        self._shared.ledger.spend(self._claim)
        csr = encode_base64url(first_der(pending.csr_pem, "csr"))
        self._pace = Pace()
        try:
            answered = self.client.post(seen.finalize, {"csr": csr})
        except AcmeRefused as refused:
            # A finalize whose answer was lost: the CA is at work already.
            if refused.problem.code != "orderNotReady" and not self._is_at_work(pending):
                self._settle(Outcome.FAILED)
                self._store.drop_pending(self.lineage)
                raise
            return self._pace.next_look(None, self._now())
        after = Seen.read(answered, seen.url)
        return self._wait(after) if after.status is Status.READY else self._follow(after)

    def _is_at_work(self, pending: Pending) -> bool:
        """Whether the CA makes the certificate, or has; then its key must not be dropped."""
        seen = Seen.read(self.client.post(pending.url), pending.url)
        return seen.status in (Status.PROCESSING, Status.VALID)

    def _download(self, seen: Seen) -> float | None:
        answered = self.client.post(seen.certificate)
        pem = self._preferred(answered)
        chain = parse_chain(pem, f"the certificate for {self.lineage.label}")
        lineage = self.lineage
        bundle = Bundle(lineage.name, lineage.key_type, self._own.key_pem, chain)
        faults = bundle.check(lineage.domains, self._now() + NOT_BEFORE_TOLERANCE, lineage.label)
        if faults:
            raise Refused(
                f"{self.client.authority.name} gave a certificate that cannot be used",
                "\n".join(str(fault) for fault in faults),
            )
        self._store.save(lineage, bundle, self._facts())
        self._settle(Outcome.ISSUED)
        self._store.drop_pending(lineage)
        self.issued = bundle
        return None

    def _preferred(self, answered: Answer) -> str:
        """The chain whose topmost issuer is the wished one, else the CA's first."""
        wished = self.lineage.preferred_chain
        first = answered.body.decode(errors="replace")
        if wished is None:
            return first
        for alternative in ("", *answered.links("alternate")):
            pem = (
                self.client.post(alternative).body.decode(errors="replace")
                if alternative
                else first
            )
            if parse_chain(pem, "chain")[-1].issuer == wished:
                return pem
        return first

    def _fail(self, seen: Seen) -> float | None:
        if self._is_resumed and not self._has_answered:
            self._settle(Outcome.FAILED)
            return self._follow(self._start_over())
        authorizations = [fetch_authorization(self.client, url) for url in seen.authorizations]
        self._settle(Outcome.FAILED)
        self._store.drop_pending(self.lineage)
        raise Refused(
            f"{self.client.authority.name} did not validate {self.lineage.label}",
            "\n".join(seen.reasons(authorizations)),
        )

    @property
    def _own(self) -> Pending:
        if self._pending is None:
            raise Refused(f"no order for {self.lineage.label} is under way")
        return self._pending

    def _left_behind(self) -> Pending | None:
        """The order that an earlier run left, if it is for this wish and not done already."""
        found = self._store.pending(self.lineage)
        if found is None or found.directory != self.client.authority.directory:
            return None
        try:
            spki = public_spki(found.key_pem)
        except InvalidInput:
            return None
        held = self.task.held
        is_done = held is not None and spki == held.leaf.spki
        return found if found.serves(self.lineage) and not is_done else None

    def _replaces(self) -> str | None:
        """The ARI name of the certificate held, if this CA gave it and takes such names."""
        if self.client.directory.renewal_info is None:
            return None
        return self.task.replaced_at(self.client.authority.directory)

    def _is_in_window(self) -> bool:
        return self.task.window is not None and self.task.window.is_open(self._now())

    def _claim_one(self, *, is_exempt: bool) -> int:
        ledger, now = self._shared.ledger, self._now()
        take = ledger.note if is_exempt else ledger.claim
        return take(self.client.authority, self.lineage.domains, now)

    def _settle(self, outcome: Outcome) -> None:
        if self._claim is not None:
            self._shared.ledger.settle(self._claim, outcome)

    def _facts(self) -> Facts:
        return Facts(
            authority=self.client.authority.name,
            directory=self.client.authority.directory,
            profile=self.lineage.profile,
            preferred_chain=self.lineage.preferred_chain,
            issued_at=self._now(),
        )

    def _now(self) -> datetime:
        return self.client.budget.clock.now()
