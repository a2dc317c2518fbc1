# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a build of HAProxy can do, by its version and that of its OpenSSL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._core.errors import EdgeError

_NUMBERS = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True)
class Build:
    """Major and minor version of HAProxy and of the OpenSSL it runs on."""

    version: tuple[int, int]
    openssl: tuple[int, int]

    @classmethod
    def parse(cls, version: str, openssl: str) -> Build:
        """From texts such as ``2.6.12-1+deb12u4`` and ``OpenSSL 3.0.22 25 Aug 2026``.

        Raises: `EdgeError` if one holds no version, or HAProxy is older than 2.6.
        """
        build = cls(_numbers(version, "HAProxy"), _numbers(openssl, "OpenSSL"))
        if build.version < FLOOR.version:
            raise EdgeError(f"HAProxy {version} is too old: 2.6 is the oldest that is supported")
        return build

    @property
    def groups(self) -> str:
        """TLS key exchange groups. Source: Mozilla guidelines 6.0; OpenSSL 3.5 release notes."""
        # Fatal at the start of HAProxy where OpenSSL does not know the hybrid group.
        hybrid = "X25519MLKEM768:" if self.openssl >= (3, 5) else ""
        return f"{hybrid}X25519:prime256v1:secp384r1"

    @property
    def has_server_groups(self) -> bool:
        """Whether ``ssl-default-server-curves`` is known."""
        return self.version >= (3, 0)


def _numbers(text: str, what: str) -> tuple[int, int]:
    found = _NUMBERS.search(text)
    if found is None:
        raise EdgeError(f"{what} did not tell its version: {text[:80]!r}")
    return int(found[1]), int(found[2])


FLOOR = Build(version=(2, 6), openssl=(3, 0))
"""The oldest build; assumed where HAProxy is not installed yet."""
