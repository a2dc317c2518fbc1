# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The config carries its own digest, as ``description``.

The Runtime API shows it (``show info``): so a run can tell whether the process has loaded the file
that is on disk.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .._core.errors import EdgeError

DIGITS = 16
PLACEHOLDER = "0" * DIGITS
_DESCRIPTION = re.compile(
    r"^(?P<head>[ \t]*description[ \t]+hitless\.edge[ \t]+)"
    rf"(?P<digest>[0-9a-f]{{{DIGITS}}})[ \t]*$",
    re.MULTILINE,
)


class NoDescription(EdgeError):
    """The text lost the line that holds the digest, or has it twice."""


@dataclass(frozen=True)
class Sealed:
    """A text that carries its digest, and that digest."""

    text: str
    digest: str


def description_words(digest: str = PLACEHOLDER) -> tuple[str, ...]:
    """The words of the line."""
    return ("description", "hitless.edge", digest)


def seal(text: str) -> Sealed:
    """Put the digest of the text in the place of the placeholder (or of an older digest).

    Raises: `NoDescription` if the line is not there exactly once.
    """
    found = len(_DESCRIPTION.findall(text))
    if found != 1:
        raise NoDescription(
            f'the config has {found} lines "{" ".join(description_words())}" where it needs one in'
            " its global section; a template must write every line of the global section"
        )
    raw = _with(text, PLACEHOLDER).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(raw).hexdigest()[:DIGITS]
    return Sealed(_with(text, digest), digest)


def is_intact(text: str) -> bool:
    """Whether the text is what its digest was made of: ours, and not edited since."""
    try:
        sealed = seal(text)
    except NoDescription:
        return False
    found = _DESCRIPTION.search(text)
    return found is not None and found["digest"] == sealed.digest


def _with(text: str, digest: str) -> str:
    return _DESCRIPTION.sub(lambda match: match["head"] + digest, text)
