# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lineages as certbot keeps them, read and written as files; what certbot prints is never read.

``archive/NAME/`` holds all versions, ``live/NAME/`` links to the files of the present one,
``renewal/NAME.conf`` says how to renew. certbot takes a lineage only if its live files are links.
Source: certbot 5.8 `_internal/storage.py`; the same in 2.1 and 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._acme.store import folder_name
from .._acme.wish import Lineage
from .._core.errors import InvalidInput
from .._core.ports import Files
from .._pki.bundle import Bundle, parse
from .conf import KINDS, Conf, at_default_places, parse_conf, render_conf

CONFIG = "/etc/letsencrypt"
KEPT_BESIDE = "hitless-edge"
"""Folder for the renewal files of others, beside ``renewal/``, where certbot reads them no more."""

READABLE = 0o644
_VERSION = re.compile(r"(?P<kind>cert|privkey|chain|fullchain)(?P<number>[1-9][0-9]{0,8})\.pem")


def names_of(lineages: Iterable[Lineage]) -> dict[Lineage, str]:
    """What certbot calls each lineage: as the certificate, the second key type with a suffix.

    A function of the wish alone, so that all issuers call them alike.
    """
    found: dict[Lineage, str] = {}
    for lineage in lineages:
        name = folder_name(lineage.name)
        is_taken = any(other.name == lineage.name for other in found)
        found[lineage] = f"{name}-{lineage.key_type.value}" if is_taken else name
    return found


@dataclass(frozen=True)
class Lineages:
    """All below certbot's folder."""

    files: Files
    config: str = CONFIG

    def conf(self, name: str) -> Conf | None:
        """How a lineage is renewed, ``None`` if it is not."""
        raw = self.files.read(self._conf_path(name))
        return None if raw is None else parse_conf(raw.decode(errors="replace"))

    def names(self) -> tuple[str, ...]:
        """The lineages that certbot renews."""
        found = self.files.names(f"{self.config}/renewal")
        return tuple(sorted(name[: -len(".conf")] for name in found if name.endswith(".conf")))

    def read(self, name: str) -> Bundle | None:
        """The present version with its key; none if it is incomplete or cannot be read."""
        live = self._live(name)
        parts = [self.files.read(f"{live}/{kind}.pem") for kind in ("privkey", "fullchain")]
        if None in parts:
            return None
        pem = b"".join(part for part in parts if part is not None).decode(errors="replace")
        try:
            return parse(pem, name=name, path=live)
        except InvalidInput:
            return None

    def holds(self, name: str, bundle: Bundle) -> bool:
        """Whether all four live files are those of a bundle."""
        live = self._live(name)
        return all(
            _same(self.files.read(f"{live}/{kind}.pem"), text)
            for kind, text in _parts(bundle).items()
        )

    def write(self, name: str, bundle: Bundle) -> None:
        """Make a bundle the present version: files of a new number first, then the links.

        Killed in between, the links show the old version or the next run does the rest. A version
        that is there already is not written again.
        """
        paths = self._paths(name)
        archive, live = paths["archive_dir"], self._live(name)
        for path, mode in ((self.config, 0o755), (_parent(archive), 0o700), (archive, 0o755)):
            self._make_folder(path, mode)
        number = self._number_of(archive, bundle)
        for path, mode in ((_parent(live), 0o700), (live, 0o755)):
            self._make_folder(path, mode)
        for kind in KINDS:
            self.files.link(f"{_relative(archive, live)}/{kind}{number}.pem", f"{live}/{kind}.pem")

    def write_conf(self, name: str, conf: Conf) -> None:
        """Say how a lineage is renewed; what somebody else said before is kept beside, once."""
        before = self.conf(name)
        self._make_folder(f"{self.config}/renewal", 0o755)
        if before is not None and not before.is_ours:
            self._keep_beside(name)
        text = render_conf(Conf({**self._paths(name), **conf.paths}, conf.sections))
        self.files.write(self._conf_path(name), text.encode(), mode=READABLE)

    def release(self, name: str) -> None:
        """Have certbot renew a lineage no more; its certificates stay."""
        self.files.remove(self._conf_path(name))

    def _number_of(self, archive: str, bundle: Bundle) -> int:
        """The version of a bundle, written if it is not there."""
        numbers = [
            int(found["number"])
            for found in map(_VERSION.fullmatch, self.files.names(archive))
            if found
        ]
        newest = max(numbers, default=0)
        parts = _parts(bundle)
        there = (self.files.read(f"{archive}/{kind}{newest}.pem") for kind in parts)
        if newest and all(_same(raw, text) for raw, text in zip(there, parts.values())):
            return newest
        for kind, text in parts.items():
            mode = 0o600 if kind == "privkey" else READABLE
            self.files.write(f"{archive}/{kind}{newest + 1}.pem", text.encode(), mode=mode)
        return newest + 1

    def _keep_beside(self, name: str) -> None:
        path = f"{self.config}/{KEPT_BESIDE}/{name}.conf"
        content = self.files.read(self._conf_path(name))
        if content is not None and self.files.read(path) is None:
            self._make_folder(f"{self.config}/{KEPT_BESIDE}", 0o755)
            self.files.write(path, content, mode=READABLE)

    def _paths(self, name: str) -> Mapping[str, str]:
        """Where a lineage is: as its file says if it says so, else where certbot puts it."""
        default = at_default_places(self.config, name).paths
        conf = self.conf(name)
        if conf is None or not all(conf.paths.get(key, "").startswith("/") for key in default):
            return default
        return {key: conf.paths[key] for key in default}

    def _live(self, name: str) -> str:
        return _parent(self._paths(name)["fullchain"])

    def _conf_path(self, name: str) -> str:
        return f"{self.config}/renewal/{name}.conf"

    def _make_folder(self, path: str, mode: int) -> None:
        if self.files.mode(path) is None:
            self.files.make_directory(path, mode=mode)


def _parts(bundle: Bundle) -> dict[str, str]:
    """The content of each file; the key comes first, so that no certificate is without."""
    chain = [certificate.pem for certificate in bundle.chain]
    return {
        "privkey": bundle.key_pem,
        "cert": chain[0],
        "chain": "".join(chain[1:]),
        "fullchain": "".join(chain),
    }


def _same(raw: bytes | None, text: str) -> bool:
    """Whether a file has this content but for white space, which is no part of PEM."""
    return raw is not None and raw.split() == text.encode().split()


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _relative(archive: str, live: str) -> str:
    """The way from a live folder to its archive; both side by side, as certbot has them."""
    if _parent(_parent(archive)) != _parent(_parent(live)):
        return archive
    return f"../../{archive[len(_parent(_parent(archive))) + 1 :]}"
