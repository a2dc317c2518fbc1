# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts as DNS, certificates and HAProxy's maps hold them: A-labels in lower case.

Internationalised labels are encoded by the rules of IDNA 2008 computed from the standard library's
Unicode tables. The library's own ``idna`` codec is IDNA 2003: it turns ``straße`` into ``strasse``,
which is somebody else's domain. The third-party ``idna`` package is no dependency of ansible-core,
and two controllers must not give two results because one of them has it.
Where a rule depends on context (joiners, middle dots) the label is refused with the advice to write
its A-label: better no result than a wrong one.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from .errors import EdgeError

NAME_LENGTH = 253
LABEL_LENGTH = 63
_LDH = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_ACE = "xn--"

# RFC 5892 §2.6: allowed although case folding changes them, and the rest of the exceptions.
_EXCEPTIONS = frozenset("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_CATEGORIES = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})
# RFC 5892 appendix A: allowed beside certain letters; the author of an A-label has checked that.
_CONTEXTUAL = frozenset("\u00b7\u0375\u05f3\u05f4\u200c\u200d\u30fb")
# RFC 5892 §2.3, §2.4 (ignorable), §2.6 (disallowed), §2.8 (old Hangul jamo): first, last.
_DISALLOWED = (
    (0x034F, 0x034F), (0x0640, 0x0640), (0x07FA, 0x07FA), (0x1100, 0x11FF), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x20D0, 0x20FF), (0x302E, 0x302F), (0x3031, 0x3035), (0x303B, 0x303B),
    (0xA960, 0xA97F), (0xD7B0, 0xD7FF), (0xFE00, 0xFE0F), (0x1D100, 0x1D24F), (0xE0100, 0xE01EF),
)  # fmt: skip


class InvalidName(EdgeError):
    """The text is not the name of a host."""


def to_a_labels(name: str, *, wildcard: bool = False) -> str:
    """The name in A-labels and lower case, without a final dot.

    ``wildcard``: whether ``*`` may be its first label.
    Raises: `InvalidName` with the rule that is broken. Source: RFC 1123 §2.1, RFC 5890 to 5892.
    """
    labels = name.removesuffix(".").split(".")
    prefix = []
    if labels[0] == "*" and wildcard:
        prefix, labels = ["*"], labels[1:]
        if len(labels) < 2:
            raise InvalidName(f'"{name}" covers a whole top-level domain')
    encoded = ".".join([*prefix, *(_to_a_label(label, name) for label in labels)])
    if len(encoded) > NAME_LENGTH:
        raise InvalidName(
            f'"{encoded[:40]}…" has {len(encoded)} characters; {NAME_LENGTH} are allowed'
        )
    if encoded.rpartition(".")[2].isdigit():  # as it is encoded: a superscript two becomes a 2
        raise InvalidName(f'"{name}" is an IP address or ends in a number; a name is wanted')
    return encoded


def is_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_wildcard(name: str) -> bool:
    """Whether the first label is ``*``."""
    return name.startswith("*.")


def _to_a_label(label: str, name: str) -> str:
    shown = f'"{name[:80]}"'
    if not label:
        raise InvalidName(f"{shown} has an empty label")
    if "*" in label:
        raise InvalidName(f"{shown} has a * where none is allowed")
    encoded = label.lower() if label.isascii() else _encode(label, shown)
    if len(encoded) > LABEL_LENGTH:
        raise InvalidName(f'the label "{label[:20]}…" is longer than {LABEL_LENGTH} characters')
    if not _LDH.fullmatch(encoded):
        raise InvalidName(
            f'the label "{label[:63]}" of {shown} may hold letters, digits and inner hyphens only'
        )
    _check_hyphens(encoded, shown)
    return encoded


def _check_hyphens(label: str, shown: str) -> None:
    if label[2:4] != "--":
        return
    if not label.startswith(_ACE):
        raise InvalidName(f'the label "{label}" of {shown} has hyphens as third and fourth letter')
    try:
        decoded = label[len(_ACE) :].encode("ascii").decode("punycode")
        is_canonical = label == _ACE + decoded.encode("punycode").decode("ascii")
    except (UnicodeError, OverflowError, ValueError):
        decoded, is_canonical = "", False
    known = all(_is_valid(letter) or letter in _CONTEXTUAL for letter in decoded)
    if decoded.isascii() or not is_canonical or not known:
        raise InvalidName(f'the label "{label}" of {shown} is not an A-label')


def _encode(label: str, shown: str) -> str:
    # Upper case and full-width letters are how people type; mapping them is RFC 5895 §2.
    mapped = "".join(
        letter if letter in _EXCEPTIONS else unicodedata.normalize("NFKC", letter.lower())
        for letter in label
    )
    mapped = unicodedata.normalize("NFC", mapped)
    bad = [letter for letter in mapped if not _is_valid(letter)]
    if bad:
        raise InvalidName(
            f"{shown} holds {bad[0]!r} (U+{ord(bad[0]):04X}), which no domain name may hold in"
            " this form; write its A-label (xn--…) if you mean it"
        )
    if mapped[0] == "-" or mapped[-1] == "-" or mapped[2:4] == "--":
        raise InvalidName(f"{shown} has a hyphen at the edge of a label")
    if unicodedata.category(mapped[0]).startswith("M"):
        raise InvalidName(f"{shown} has a label that begins with a combining mark")
    return mapped if mapped.isascii() else _ACE + mapped.encode("punycode").decode("ascii")


def _is_valid(letter: str) -> bool:
    if letter in _EXCEPTIONS or (letter.isascii() and (letter.isalnum() or letter == "-")):
        return True
    if any(first <= ord(letter) <= last for first, last in _DISALLOWED):
        return False
    stable = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", letter).casefold())
    return stable == letter and unicodedata.category(letter) in _CATEGORIES
