# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a bundle that came over the wire may be had at all, whatever is held.

Cheap questions first, and bounds before anything is computed: the sender may be a thief who has
stolen the push key, and shall get neither a certificate accepted nor a processor kept busy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .._acme.wish import Lineage, Source, Wished
from .._core.errors import Fault, InvalidInput
from .._core.ports import Ports
from .._pki.bundle import Bundle, parse
from .._pki.pem import parse_blocks
from .._pki.trust import Roots, judge_self_signed
from .._pki.x509 import Certificate, common_names, is_self_signed
from .settings import Settings
from .wire import Offer

LONGEST_PEM = 65_536
LONGEST_BLOCK = 8_000
"""In bytes: an RSA key of 8192 bits has 4700; one of 100,000 takes OpenSSL minutes to prove."""

MOST_BLOCKS = 12
CN_LENGTH = 64
"""Source: RFC 5280, appendix A.1, ub-common-name-length."""


@dataclass(frozen=True)
class Gate:
    """What bundles are measured by."""

    ports: Ports
    settings: Settings

    def admit(self, offer: Offer, wished: Wished) -> Bundle:
        """The bundle that an offer brings, once nothing speaks against it.

        Raises: `InvalidInput` with every reason that was found.
        """
        pem = offer.pem or ""
        _demand(_size_faults(pem))
        bundle = parse(pem, name=wished.lineage.name, path="pem")
        _demand(_faults(offer, wished, bundle, self.ports.clock.now()))
        _demand(self._trust_faults(wished, bundle))
        return bundle

    def _trust_faults(self, wished: Wished, bundle: Bundle) -> tuple[Fault, ...]:
        if wished.source is Source.SELF_SIGNED:
            return judge_self_signed(self.ports, bundle.leaf, "pem")
        return Roots(self.ports, self.settings.roots).judge(bundle.chain, "pem")


def _demand(faults: Iterable[Fault | str]) -> None:
    found = [Fault("pem", one) if isinstance(one, str) else one for one in faults]
    if found:
        raise InvalidInput(found)


def _size_faults(pem: str) -> Iterable[str]:
    if len(pem) > LONGEST_PEM:
        yield f"has {len(pem)} characters, at most {LONGEST_PEM} are read"
    elif pem.count("-----BEGIN") > MOST_BLOCKS:
        yield f"holds more than {MOST_BLOCKS} blocks"
    else:
        for block in parse_blocks(pem, "pem"):
            if len(block.der) > LONGEST_BLOCK:
                yield f"holds a block of {len(block.der)} bytes, at most {LONGEST_BLOCK} are read"


def _faults(offer: Offer, wished: Wished, bundle: Bundle, now: datetime) -> Iterable[Fault | str]:
    lineage, leaf = wished.lineage, bundle.leaf
    if bundle.key_type is not lineage.key_type:
        yield f"the key is {bundle.key_type.value}, not {lineage.key_type.value}"
    if offer.fingerprint != leaf.fingerprint:
        yield f"holds certificate {leaf.fingerprint}, announced was {offer.fingerprint}"
    yield from _name_faults(leaf, lineage)
    yield from _source_faults(wished.source, bundle)
    yield from bundle.check((), now, "pem")


def _name_faults(leaf: Certificate, lineage: Lineage) -> Iterable[str]:
    """Why it would serve what is not wished, or nothing at all."""
    if not leaf.names:
        yield "the certificate has no name"
    foreign = [name for name in leaf.names if name not in lineage.domains]
    # A common name is cut at its longest, so the beginning of a wished name is no other name.
    known = {domain[:CN_LENGTH] for domain in lineage.domains} | set(lineage.domains)
    foreign += [name for name in common_names(leaf) if name not in known]
    if foreign:
        shown = ", ".join(dict.fromkeys(foreign))
        yield f"the certificate is for {shown[:200]}, which is not wished in {lineage.name}"


def _source_faults(source: Source, bundle: Bundle) -> Iterable[str]:
    is_own = is_self_signed(bundle.leaf)
    if source is Source.SELF_SIGNED and (not is_own or len(bundle.chain) > 1):
        yield "the certificate is not signed by itself alone, as is wished"
    elif source is not Source.SELF_SIGNED and is_own:
        yield "the certificate is signed by itself, and one of a CA is wished"
