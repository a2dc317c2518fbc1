# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an issuer has, brought to all others: each is asked what it lacks, and given just that.

A host that does not answer stops no other, and is asked again by the next run; there is no list of
what is left to do, only the comparison. So it does not matter when a run is killed, or who else
pushes at the same time. A balancer that is the issuer itself takes the same way, without a
connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Callable, TypeVar

from .._acme.wish import Lineage
from .._core.errors import EdgeError, InvalidInput, Refused, Unavailable
from .._core.ports import Ports
from .._pki.keys import KeyType
from .parts import split
from .reach import Reach
from .receive import receive
from .records import disk_faults_told, save_pushes
from .settings import Settings, load
from .stock import Stock
from .wire import Action, Answer, KeyState, Offer, Reply, Request, parse_reply, render_request

WORKERS = 16
BUNDLES_AT_ONCE = 200
"""Each is verified and swapped: the receiver shall be done long before its minute is over."""

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What a host said when it was asked, or why it did not."""

    host: str
    offered: tuple[Offer, ...] = ()
    reply: Reply | None = None
    error: EdgeError | None = None


@dataclass(frozen=True)
class Pushed:
    """How one host stands after a push. ``error``: why it is not ``ok``.

    ``bundles``: what became of each, as the host told it.
    """

    host: str
    ok: bool
    changed: bool
    error: str | None
    bundles: tuple[Answer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a result; of the bundles only what is not as it was."""
        told = [one for one in self.bundles if one.action is not Action.HELD]
        return {
            "host": self.host,
            "ok": self.ok,
            "changed": self.changed,
            "error": self.error,
            "bundles": [
                {
                    "name": one.name,
                    "key_type": one.key_type.value,
                    "action": one.action.value,
                    "reason": one.reason,
                    "fingerprint": one.fingerprint,
                }
                for one in told
            ],
        }


def push(
    ports: Ports, settings: Settings, reach: Reach, *, only: tuple[str, ...] = ()
) -> tuple[Pushed, ...]:
    """Bring what is in the store to every host that lacks it, and note how each stands.

    ``only``: these hosts alone. Raises: `Refused` if this host is no issuer or one of these is no
    host of the fleet, `EdgeError` if its store cannot be read; never because of another host.
    """
    if not settings.is_issuer:
        raise Refused(f"{settings.host} is no issuer: it has nothing to push")
    post = Post(ports, settings, reach, only=only)
    strangers = [host for host in only if host not in post.hosts]
    if strangers:
        known = ", ".join(post.hosts)
        raise Refused(f"{', '.join(strangers)}: not pushed to from here; give some of {known}")
    return post.deliver(post.ask())


@dataclass(frozen=True)
class Post:
    """This issuer and the ways to the others. ``at_once``: bundles in one delivery.

    ``only``: the hosts that are asked, by default all.
    """

    ports: Ports
    settings: Settings
    reach: Reach
    at_once: int = BUNDLES_AT_ONCE
    only: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Who is pushed to: this host too, if it serves."""
        own = (self.settings.host,) if self.settings.is_balancer else ()
        return (*own, *self.settings.others)

    def ask(self) -> tuple[Asked, ...]:
        """Ask all hosts what they hold and lack, at the same time.

        Raises: `EdgeError` if the store here cannot be read.
        """
        with disk_faults_told(self.settings.home):
            question = self._stock.question()
        return self._together(lambda host: self._ask(host, question), self.only or self.hosts)

    def deliver(self, asked: Sequence[Asked]) -> tuple[Pushed, ...]:
        """Give each host what it lacks, and what has come into the store since it was asked."""
        with disk_faults_told(self.settings.home):
            question = self._stock.question()
        by_host = {one.host: one for one in asked}
        pushed = self._together(lambda host: self._deliver(by_host[host], question), by_host)
        errors = {one.host: one.error for one in pushed}
        save_pushes(self.ports, self.settings.home, errors, of=self.hosts)
        return pushed

    @property
    def _stock(self) -> Stock:
        return Stock(self.ports.files, self.settings)

    def _together(self, function: Callable[[str], T], hosts: Iterable[str]) -> tuple[T, ...]:
        """For this host first, which needs no connection, then for all others at the same time."""
        known = tuple(hosts)
        own = tuple(function(host) for host in known if host == self.settings.host)
        with ThreadPoolExecutor(WORKERS) as pool:
            return (*own, *pool.map(function, [one for one in known if one != self.settings.host]))

    def _ask(self, host: str, question: Request) -> Asked:
        try:
            replies = [self._exchange(host, part) for part in split(question)]
        except EdgeError as error:
            return Asked(host, question.bundles, error=error)
        bundles = tuple(answer for reply in replies for answer in reply.bundles)
        return Asked(host, question.bundles, replace(replies[0], bundles=bundles))

    def _deliver(self, asked: Asked, question: Request) -> Pushed:
        if asked.reply is None and asked.offered != question.bundles:
            asked = self._ask(asked.host, question)  # there is news, so it is worth another try
        if asked.reply is None:
            return Pushed(asked.host, False, False, one_line(asked.error))
        lineages = _lacking(asked, self._stock.lineages, question.bundles)
        is_issuer = asked.host in self.settings.issuers
        wants_key = KeyState.WANTED in (asked.reply.account, asked.reply.certbot_account)
        if not lineages and not (wants_key and is_issuer):
            return _standing(asked.host, asked.reply.bundles, changed=False)
        told, error, is_changed = {key_of(one): one for one in asked.reply.bundles}, None, False
        try:
            for reply in self._hand_over(asked.host, lineages, asked.reply):
                told |= {key_of(one): one for one in reply.bundles}
                is_changed = is_changed or reply.changed
        except EdgeError as failure:
            error = one_line(failure)
        return _standing(asked.host, tuple(told.values()), changed=is_changed, error=error)

    def _hand_over(self, host: str, lineages: Sequence[Lineage], asked: Reply) -> Iterator[Reply]:
        """Deliver in parts; the keys that are wanted go with the first."""
        for start in range(0, max(len(lineages), 1), self.at_once):
            some = lineages[start : start + self.at_once]
            for part in split(self._stock.delivery(host, some, asked)):
                yield self._exchange(host, part)
            asked = replace(asked, account=KeyState.HELD, certbot_account=KeyState.HELD)

    def _own_settings(self) -> Settings:
        """As they are now: orders take minutes, and a play may have changed the wish meanwhile."""
        path = self.settings.path
        return load(self.ports.files, path) if path else self.settings

    def _exchange(self, host: str, request: Request) -> Reply:
        """One request and its reply. Raises: `EdgeError` why there is none that counts."""
        if host == self.settings.host:
            with disk_faults_told(self.settings.home):
                reply = receive(self.ports, self._own_settings(), render_request(request))
        else:
            try:
                reply = parse_reply(self.reach.exchange(host, render_request(request)))
            except InvalidInput as error:
                cause = "; ".join(str(fault) for fault in error.faults[:3])
                raise Unavailable(f"{host} gave a reply that cannot be read: {cause}") from error
        if reply.error is not None:
            raise Refused(f"{host} refused: {reply.error}")
        if reply.host != host:
            raise Refused(f"{host} calls itself {reply.host}: run hitless.edge.keep")
        return reply


def one_line(error: EdgeError | None) -> str:
    """What an error says, for a journal."""
    faults = error.faults if isinstance(error, InvalidInput) else (error,)
    return " ".join("; ".join(map(str, faults)).split())


def _lacking(
    asked: Asked, lineages: Sequence[Lineage], offers: Sequence[Offer]
) -> tuple[Lineage, ...]:
    """What a host said it lacks, and what has changed here since; in the order of the wish."""
    replied = asked.reply.bundles if asked.reply is not None else ()
    lacking = {key_of(one) for one in replied if one.action is Action.LACKING}
    before = {key_of(one): one.fingerprint for one in asked.offered}
    held = {key_of(one): one.fingerprint for one in offers if one.fingerprint is not None}
    changed = {key for key, fingerprint in held.items() if fingerprint != before.get(key)}
    wanted = changed | (lacking & set(held))
    return tuple(one for one in lineages if key_of(one) in wanted)


def _standing(
    host: str, bundles: tuple[Answer, ...], *, changed: bool, error: str | None = None
) -> Pushed:
    faults = [f"{one.name} ({one.key_type.value}): {one.reason}" for one in _refused(bundles)]
    if faults and error is None:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        error = f"{host} refused {'; '.join(faults[:3])}{more}"
    return Pushed(host, error is None, changed, error, bundles)


def _refused(bundles: Iterable[Answer]) -> list[Answer]:
    return [one for one in bundles if one.action is Action.REFUSED]


def key_of(one: Answer | Offer | Lineage) -> tuple[str, KeyType]:
    """What tells lineages apart."""
    return one.name, one.key_type
