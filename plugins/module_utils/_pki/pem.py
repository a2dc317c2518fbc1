# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM text as blocks; the standard library only, so that a no-op costs no import of cryptography.

Source: RFC 7468 (the strict form is what `render_block` writes; the parser is laxer).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from .._core.errors import Fault, InvalidInput

CERTIFICATE = "CERTIFICATE"
PRIVATE_KEYS = frozenset({"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"})
ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY"

_BLOCK = re.compile(
    r"-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----[ \t]*\r?\n(.*?)-----END \1-----", re.DOTALL
)
_HEADER = re.compile(r"^[A-Za-z-]+:", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One PEM block; ``label`` is the word between BEGIN and the dashes."""

    label: str
    der: bytes = field(repr=False)


def parse_blocks(text: str, path: str) -> tuple[Block, ...]:
    """The blocks in their order; whatever stands between them is dropped.

    An encrypted key of OpenSSL's old form (``Proc-Type: 4,ENCRYPTED``) gets the new one's label.

    Raises: `InvalidInput` if a block is not base64.
    """
    blocks = []
    for label, body in _BLOCK.findall(text):
        if _HEADER.search(body):
            blocks.append(Block(ENCRYPTED_KEY, b""))
            continue
        try:
            blocks.append(Block(label, base64.b64decode("".join(body.split()), validate=True)))
        except (binascii.Error, ValueError):
            raise InvalidInput([Fault(path, f"a block of type {label} is not base64")]) from None
    return tuple(blocks)


def render_block(block: Block) -> str:
    """The block with lines of 64 characters; no empty line, nothing outside the block.

    An empty line would end a payload of the Runtime API (HAProxy 2.6 management guide §9.3).
    """
    text = base64.b64encode(block.der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {block.label}-----", *lines, f"-----END {block.label}-----", ""])


def first_der(text: str, path: str) -> bytes:
    """What the first block holds, e.g. the DER of a CSR in PEM.

    Raises: `InvalidInput` if there is no block.
    """
    blocks = parse_blocks(text, path)
    if not blocks:
        raise InvalidInput([Fault(path, "holds no PEM block")])
    return blocks[0].der
