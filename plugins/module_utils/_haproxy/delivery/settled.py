# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of each bundle's file: kept, written, lacking or refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..._core.errors import Fault
from ..._pki.bundle import Bundle, covers, parse
from ..._pki.keys import KeyType, generate_key, self_signed
from ..._pki.x509 import Certificate
from .disk import Held, has_right_mode
from .newer import is_newer
from .wish import DEFAULT_NAME, WantedBundle

DEFAULT_DOMAINS = ("default.invalid",)
DEFAULT_LIFETIME = timedelta(days=3650)
DEFAULT_RENEWAL = timedelta(days=30)


@dataclass(frozen=True)
class Settled:
    """One bundle.

    ``content``: what its file shall hold; ``None`` if there is nothing to put there, and what is
    there stays. ``leaf``: that of the content. ``reason``: why it is not simply kept.
    ``is_newer``: whether it is kept because it is newer than the wanted one.
    """

    wanted: WantedBundle
    path: str
    held: Held | None
    content: str | None = field(default=None, repr=False)
    leaf: Certificate | None = None
    reason: str = ""
    is_lacking: bool = False
    is_newer: bool = False
    faults: tuple[Fault, ...] = ()

    @property
    def is_new_content(self) -> bool:
        """Whether the file holds something else so far."""
        return self.content is not None and (self.held is None or self.held.content != self.content)

    @property
    def is_written(self) -> bool:
        """Whether the file is written: new content, or not in the state that we leave files in."""
        return self.is_new_content or (
            self.content is not None
            and self.held is not None
            and not (self.held.is_untouched and has_right_mode(self.held))
        )


def settle(wanted: WantedBundle, path: str, held: Held | None, now: datetime) -> Settled:
    """Decide by what is there and what is offered; what serves is never given up for less."""
    offered, faults = _judge_offer(wanted, now)
    if offered and held and not held.is_ours and not _is_leaf(held.leaf, offered.leaf):
        cause = f"{path} is there and is not ours"
        faults = (Fault(wanted.where, cause, "move it away to have it managed"),)
    if faults:
        return Settled(wanted, path, held, faults=faults, reason=faults[0].cause)
    if held and is_newer(held, wanted, now):
        return replace(_keep(wanted, path, held), reason=_why_kept(held, wanted), is_newer=True)
    if offered:
        reason = _why_written(held, offered.leaf)
        return Settled(wanted, path, held, offered.render(), offered.leaf, reason)
    why_lacking = _why_lacking(wanted, path, held)
    if held and not why_lacking:
        return _keep(wanted, path, held)
    return Settled(wanted, path, held, is_lacking=True, reason=why_lacking)


def settle_default(path: str, held: Held | None, now: datetime) -> Settled:
    """Keep the self-signed certificate of this host, or make one."""
    wanted = WantedBundle("default_certificate", DEFAULT_NAME, KeyType.ECDSA, DEFAULT_DOMAINS)
    if held and held.leaf and held.leaf.not_after - now > DEFAULT_RENEWAL:
        return _keep(wanted, path, held)
    key = generate_key(KeyType.ECDSA)
    pem = self_signed(key, DEFAULT_DOMAINS, now=now, lifetime=DEFAULT_LIFETIME)
    made = parse(key + pem, name=DEFAULT_NAME, path=path)
    return Settled(wanted, path, held, made.render(), made.leaf, "absent or near its end")


def _judge_offer(wanted: WantedBundle, now: datetime) -> tuple[Bundle | None, tuple[Fault, ...]]:
    bundle, faults = wanted.offer
    if bundle is None:
        return None, faults
    causes = []
    if bundle.key_type is not wanted.key_type:
        causes.append(f"the key is {bundle.key_type.value}, not {wanted.key_type.value}")
    if wanted.fingerprint and wanted.fingerprint != bundle.leaf.fingerprint:
        causes.append(
            f"pem holds certificate {bundle.leaf.fingerprint}, wanted is {wanted.fingerprint}"
        )
    other = [Fault(wanted.where, cause) for cause in causes]
    return bundle, (*other, *bundle.check(wanted.domains, now, wanted.where))


def _keep(wanted: WantedBundle, path: str, held: Held) -> Settled:
    if held.is_untouched and has_right_mode(held):
        return Settled(wanted, path, held, held.content, held.leaf)
    reason = f"its mode is {held.mode or 0:04o}"
    if not held.is_untouched:
        reason = "somebody else wrote it"
    tidy = parse(held.content, name=wanted.name, path=path).render()
    return Settled(wanted, path, held, tidy, held.leaf, reason)


def _is_leaf(held: Certificate | None, leaf: Certificate) -> bool:
    return held is not None and held.fingerprint == leaf.fingerprint


def _why_written(held: Held | None, leaf: Certificate) -> str:
    if held is None:
        return "absent"
    if held.leaf is None:
        return f"the file is damaged: {held.fault}"
    if held.leaf.fingerprint == leaf.fingerprint:
        return ""
    return f"holds certificate {held.leaf.fingerprint[:16]}…, wanted is {leaf.fingerprint[:16]}…"


def _why_kept(held: Held, wanted: WantedBundle) -> str:
    present = held.leaf.fingerprint[:16] if held.leaf else ""
    return (
        f"holds certificate {present}…, which is newer than the wanted {wanted.fingerprint[:16]}…"
    )


def _why_lacking(wanted: WantedBundle, path: str, held: Held | None) -> str:
    """Why what is there cannot stand for what is not at hand; empty if it can.

    Where any certificate will do, that is one of ours for one of the domains at least: not what
    somebody put there for HAProxy to serve, be it valid.
    """
    if held is None:
        return "absent, and no pem is at hand"
    if held.leaf is None:
        return f"the file is damaged: {held.fault}"
    if wanted.fingerprint:
        return "" if held.leaf.fingerprint == wanted.fingerprint else _why_other(held.leaf)
    if not held.is_ours:
        return f"{path} is there and is not ours"
    if wanted.domains and not any(covers(held.leaf.names, domain) for domain in wanted.domains):
        names = ", ".join(held.leaf.names)[:200] or "no name at all"
        return f"holds a certificate for {names}, and none of the wished domains"
    return ""


def _why_other(leaf: Certificate) -> str:
    return f"holds certificate {leaf.fingerprint[:16]}…, and the pem of the wanted is not at hand"
