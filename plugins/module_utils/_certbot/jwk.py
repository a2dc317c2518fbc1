# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key of certbot's account, a private JSON Web Key, as certbot stores it.

Source: RFC 7517, RFC 7518 §6, RFC 7638; certbot 5.8 `_internal/account.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .._core.errors import Fault, InvalidInput
from .._pki.keys import public_spki
from .._pki.pem import Block, render_block

LONGEST = 16_384
PUBLIC = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
"""Key type -> members of its thumbprint, sorted. Source: RFC 7638 §3.2."""

_PRIVATE = {"RSA": ("d", "p", "q", "dp", "dq", "qi"), "EC": ("d",)}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*")
_P256_BYTES = 32
_P256 = bytes.fromhex("06082a8648ce3d030107")
"""The object identifier of the curve in DER. Source: RFC 5480 §2.1.1.1."""


@dataclass(frozen=True)
class AccountJwk:
    """An account key whose private half was proved to belong to its public one.

    ``text``: the document, as certbot writes it; ``pem``: the same key. ``spki``: the public key.
    """

    thumbprint: str
    spki: bytes
    text: str = field(repr=False)
    pem: str = field(repr=False)

    @property
    def certbot_id(self) -> str:
        """The name of the account's folder: MD5 of the public key in PEM."""
        pem = render_block(Block("PUBLIC KEY", self.spki))
        return hashlib.md5(pem.encode(), usedforsecurity=False).hexdigest()


def parse_jwk(text: str, path: str = "account key") -> AccountJwk:
    """A key out of its document; only an RSA key, or an EC key on P-256, with all its members.

    Nothing else of the document is kept, so that it can be written where root reads it.

    Raises: `InvalidInput` if it is none, or if its two halves do not belong together.
    """
    members = _members(text, path)
    kind = members["kty"]
    try:
        private = _rsa_pem(members) if kind == "RSA" else _ec_pem(members)
    except (ValueError, binascii.Error):
        raise InvalidInput([Fault(path, "holds a member that is not base64url")]) from None
    spki = public_spki(private, path)
    if not _is_public_half(members, spki):
        raise InvalidInput([Fault(path, "its private half belongs to another public key")])
    public = {name: members[name].rstrip("=") for name in PUBLIC[kind]}
    digest = hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest()
    thumbprint = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return AccountJwk(thumbprint, spki, json.dumps(members), private)


def _members(text: str, path: str) -> Mapping[str, str]:
    try:
        document = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        document = None
    kind = document.get("kty") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(kind, str) or kind not in PUBLIC:
        raise InvalidInput([Fault(path, "is no private key of type RSA or EC in JSON (RFC 7517)")])
    wanted = dict.fromkeys((*PUBLIC[kind], *_PRIVATE[kind]))
    wrong = [name for name in wanted if not _is_member(document.get(name))]
    if wrong or document.get("crv", "P-256") != "P-256":
        cause = f"lacks {', '.join(wrong)}" if wrong else "is on another curve than P-256"
        raise InvalidInput([Fault(path, cause)])
    return {name: document[name] for name in wanted}


def _is_member(value: object) -> bool:
    return isinstance(value, str) and bool(_BASE64URL.fullmatch(value))


def _rsa_pem(members: Mapping[str, str]) -> str:
    """PKCS #1. Source: RFC 8017 §A.1.2."""
    names = ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    numbers = b"".join(_integer(_bytes(members[name])) for name in names)
    return render_block(Block("RSA PRIVATE KEY", _tagged(0x30, _integer(b"\0") + numbers)))


def _ec_pem(members: Mapping[str, str]) -> str:
    """A private key alone, of which the public one is computed. Source: RFC 5915 §3."""
    secret = _tagged(0x04, _bytes(members["d"]).rjust(_P256_BYTES, b"\0"))
    body = _integer(b"\1") + secret + _tagged(0xA0, _P256)
    return render_block(Block("EC PRIVATE KEY", _tagged(0x30, body)))


def _is_public_half(members: Mapping[str, str], spki: bytes) -> bool:
    if members["kty"] == "EC":
        point = (_bytes(members[name]).rjust(_P256_BYTES, b"\0") for name in ("x", "y"))
        return spki.endswith(b"\x04" + b"".join(point))
    numbers = b"".join(_integer(_bytes(members[name])) for name in ("n", "e"))
    return spki.endswith(_tagged(0x30, numbers))


def _bytes(member: str) -> bytes:
    stripped = member.rstrip("=")
    return base64.b64decode(stripped + "=" * (-len(stripped) % 4), altchars=b"-_", validate=True)


def _integer(content: bytes) -> bytes:
    """A positive INTEGER of DER."""
    digits = content.lstrip(b"\0") or b"\0"
    return _tagged(0x02, b"\0" + digits if digits[0] & 0x80 else digits)


def _tagged(tag: int, content: bytes) -> bytes:
    """A value of DER with its length. Source: X.690 §8.1.3."""
    return bytes([tag, *_length(len(content))]) + content


def _length(count: int) -> Iterator[int]:
    if count < 0x80:
        yield count
        return
    digits = count.to_bytes((count.bit_length() + 7) // 8, "big")
    yield 0x80 | len(digits)
    yield from digits
