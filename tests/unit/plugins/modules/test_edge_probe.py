# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module says for each balancer and domain what is served, and changes nothing."""

from __future__ import annotations

import trustme
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Served
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import fingerprint_of
from ansible_collections.hitless.edge.plugins.modules.edge_probe import ensure
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fakes import FakeHost


def test_what_is_served_is_told_for_each_balancer() -> None:
    """One is right, one is down; the failures name the one that is down."""
    pem = trustme.CA().issue_cert("shop.test").cert_chain_pems[0].bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    host = FakeHost()
    host.network.tls["192.0.2.1", 443] = lambda _name: Served(der, "TLSv1.3")
    prints = [fingerprint_of(der)]
    params = {
        "certificates": [
            {"name": "shop", "domains": ["shop.test", "www.shop.test"], "fingerprints": prints}
        ],
        "balancers": [
            {"name": "lb1", "addresses": ["192.0.2.1"]},
            {"name": "lb2", "addresses": ["192.0.2.2"]},
        ],
        "port": 443,
    }
    change = ensure(host.ports, params)
    assert not change.is_needed
    assert [probe["status"] for probe in change.result["probes"]] == [
        "ok",
        "ok",
        "unreachable",
        "unreachable",
    ]
    assert len(change.result["table"]) == 5
    (failure,) = change.result["failures"]
    assert failure.startswith("lb2: no connection to 192.0.2.2:443")
