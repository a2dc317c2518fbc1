# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host that was set up by hand serves now, served on from the first reload to our config.

The new config knows only our crt-list. So before that reload, each wished certificate of which
nothing is there yet gets the best that lies on the host: of the kinds of key that are there, even
of one that is not wished, and if it has only some of the names. What is ordered takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ..._core.ports import Files
from ..._pki.bundle import covers, file_name
from ..._pki.existing import Candidate, read_existing
from ..._pki.keys import KeyType
from .wish import WantedBundle, Wish


def with_existing(files: Files, wish: Wish, now: datetime) -> Wish:
    """The wish with what `Wish.adopt` has for it; as it is, if that is nothing."""
    wanted = {(one.name, one.key_type): one for one in wish.bundles}
    bare = [one for one in wish.bundles if not one.pem and not _is_there(files, wish, one)]
    if not wish.adopt or not bare:
        return wish
    candidates = [one for one in read_existing(files, wish.adopt) if one.bundle is not None]
    for one in {each.name: each for each in bare}.values():
        for found in _offers(one, candidates, now):
            wanted[found.name, found.key_type] = found
    return replace(wish, bundles=tuple(wanted.values()))


def _is_there(files: Files, wish: Wish, one: WantedBundle) -> bool:
    names = (file_name(one.name, kind) for kind in KeyType)
    return any(files.mode(f"{wish.layout.certificates}/{name}") is not None for name in names)


def _offers(
    wanted: WantedBundle, candidates: Sequence[Candidate], now: datetime
) -> Iterator[WantedBundle]:
    for kind in KeyType:
        bundles = [one for one in candidates if one.bundle and one.bundle.key_type is kind]
        worths = [(_worth(wanted, one, now), one) for one in bundles]
        fitting = [(worth, one) for worth, one in worths if worth is not None]
        if fitting:
            _unused, best = max(fitting, key=lambda pair: pair[0])
            yield _offer(wanted, best, kind)


def _covered(wanted: WantedBundle, candidate: Candidate) -> tuple[str, ...]:
    names = candidate.bundle.leaf.names if candidate.bundle else ()
    return tuple(domain for domain in wanted.domains if covers(names, domain))


def _worth(
    wanted: WantedBundle, candidate: Candidate, now: datetime
) -> tuple[int, datetime] | None:
    """How many of the domains it has and how long it lasts; ``None`` if it cannot be served."""
    domains = _covered(wanted, candidate)
    if candidate.bundle is None or not domains:
        return None
    if candidate.bundle.check(domains, now, candidate.path):
        return None
    return len(domains), candidate.bundle.leaf.not_after


def _offer(wanted: WantedBundle, candidate: Candidate, kind: KeyType) -> WantedBundle:
    pem = candidate.bundle.render() if candidate.bundle else ""
    return WantedBundle(candidate.path, wanted.name, kind, _covered(wanted, candidate), pem=pem)
