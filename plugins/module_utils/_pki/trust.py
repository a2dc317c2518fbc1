# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a chain leads to a root that is trusted here, as OpenSSL judges for TLS servers.

By the tool and not by the library: the verifier of `cryptography` came with version 42, Debian 12
has 38. Only the listed roots count: `-trusted` switches the host's own stores off.

Source: openssl-verification-options(1), OpenSSL 3.0 and 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._core.errors import Fault
from .._core.ports import Ports
from .x509 import Certificate

HOST_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, Fedora
)
TIMEOUT_SECONDS = 10.0
REASON = re.compile(r"^error \d+ at (\d+) depth lookup: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Roots:
    """What a chain may lead to.

    ``paths``: PEM files, any of which will do; ``None`` stands for what the host trusts.
    """

    ports: Ports
    paths: Sequence[str | None]

    def judge(self, chain: Sequence[Certificate], path: str) -> tuple[Fault, ...]:
        """Why the chain (leaf first) is not trusted now; nothing if it is.

        Raises: `Unavailable` where there is no `openssl`.
        """
        found = tuple(self._files())
        if not found:
            wanted = ", ".join(one or HOST_ROOTS[0] for one in self.paths)
            cause = f"{wanted} is not there" if wanted else "no CA is listed"
            return (Fault(path, f"no root to trust: {cause}", "run hitless.edge.site"),)
        return _verify(self.ports, chain, roots=found, path=path)

    def _files(self) -> Iterator[str]:
        files = self.ports.files
        for listed in self.paths:
            candidates = HOST_ROOTS if listed is None else (listed,)
            yield from [one for one in candidates if files.mode(one) is not None][:1]


def judge_self_signed(ports: Ports, leaf: Certificate, path: str) -> tuple[Fault, ...]:
    """Why a certificate that is its own root cannot serve TLS now; nothing if it can."""
    return _verify(ports, (leaf,), roots=(), path=path)


def _verify(
    ports: Ports, chain: Sequence[Certificate], *, roots: Sequence[str], path: str
) -> tuple[Fault, ...]:
    """Have `openssl verify` judge. ``roots``: files; none means the chain's own first one."""
    folder = ports.files.scratch()
    target = f"{folder}/chain.pem"
    try:
        # Of a file, the first certificate is judged; all of it helps to find the way up.
        text = "".join(certificate.pem for certificate in chain)
        ports.files.write(target, text.encode())
        trusted = [word for root in roots or (target,) for word in ("-trusted", root)]
        moment = str(int(ports.clock.now().timestamp()))
        rules = ["-purpose", "sslserver", "-attime", moment]
        argv = ["openssl", "verify", *rules, *trusted, "-untrusted", target, target]
        done = ports.runner.run(argv, timeout_seconds=TIMEOUT_SECONDS)
    finally:
        ports.files.remove(folder)
    if done.rc == 0:
        return ()
    reasons = dict.fromkeys(
        f"{words.strip()} (certificate {int(depth) + 1} of the way up)"
        for depth, words in REASON.findall(done.words)
    )
    said = reasons or [f"openssl verify ended with {done.rc}: {done.words.partition(chr(10))[0]}"]
    return tuple(Fault(path, f"the chain is not trusted: {reason}") for reason in said)
