# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a config, kept out of diffs, results and messages.

What is masked: passwords of `userlist` (hashed ones too), `stats auth`, headers that carry
credentials, variables of the environment that are named like a secret, the login of a `tcp-check`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

MASK = "********"
SHORTEST = 4
"""A shorter secret is not looked for in other words: it would be found everywhere."""

_VALUE = r"""(?P<secret>(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\\.|[^\s"'\\])+)"""
_HEADER = r"""["']?[\w-]*(?:authorization|api-key|token|secret)["']?"""
_NAMED = r"""["']?\w*(?:pass|secret|token|key)\w*["']?"""
_SECRET = re.compile(
    r"(?P<head>^[ \t]*(?:[^\n]*[ \t])?(?:"
    r"(?:insecure-)?password[ \t]+"
    r"""|stats[ \t]+auth[ \t]+(?:"?[^\s:"']*:)?"""
    rf"|(?:set-header|add-header|hdr)[ \t]+{_HEADER}[ \t]+"
    rf"|(?:setenv|presetenv)[ \t]+{_NAMED}[ \t]+"
    r"|tcp-check[ \t]+send[ \t]+AUTH\\[ ]"
    rf")){_VALUE}",
    re.IGNORECASE | re.MULTILINE,
)


def mask(text: str) -> str:
    """The text with a mask in the place of each secret."""
    return _masked(text, _found(text), "")


def mask_both(before: str, after: str) -> tuple[str, str]:
    """Two texts for a diff, masked; a secret that only one has is marked, so that it shows."""
    old, new = _found(before), _found(after)
    return _masked(before, new, " (old)"), _masked(after, old, " (new)")


def hide(words: str, config: str) -> str:
    """Words of HAProxy about a config, without the secrets that the config holds."""
    secrets = {secret.strip("\"'") for _head, secret in _found(config)}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            words = words.replace(secret, MASK)
    return mask(words)


def _found(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((one["head"], one["secret"]) for one in _SECRET.finditer(text))


def _masked(text: str, known: Collection[tuple[str, str]], mark: str) -> str:
    def shown(one: re.Match[str]) -> str:
        is_known = (one["head"], one["secret"]) in known
        return one["head"] + MASK + ("" if is_known else mark)

    return _SECRET.sub(shown, text)
