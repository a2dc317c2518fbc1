# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter gives the wishes in the shape that the modules take."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.hitless.edge.plugins.filter.certificate_wishes import FilterModule

certificate_wishes = FilterModule().filters()["certificate_wishes"]


def test_a_site_is_a_certificate() -> None:
    """Over all its domains, in A-labels, with the defaults."""
    sites = [
        {"domains": ["Bücher.example", "www.bücher.example"], "backend": "web"},
        {"domains": ["b.test"], "backend": "web", "certificate": False},
    ]
    assert certificate_wishes(sites, {"key_types": ["ecdsa", "rsa"]}) == [
        {
            "name": "xn--bcher-kva.example",
            "domains": ["xn--bcher-kva.example", "www.xn--bcher-kva.example"],
            "key_types": ["ecdsa", "rsa"],
            "profile": None,
            "preferred_chain": None,
            "source": "acme",
        }
    ]


def test_extra_certificates_come_last() -> None:
    """Those that belong to no site."""
    found = certificate_wishes(
        [{"domains": ["a.test"], "backend": "x"}], None, [{"domains": ["m.a.test"], "name": "mail"}]
    )
    assert [one["name"] for one in found] == ["a.test", "mail"]


@pytest.mark.parametrize("sites", [None, []])
def test_no_sites_are_no_certificates(sites: object) -> None:
    """A fleet before its first site."""
    assert certificate_wishes(sites) == []


def test_faults_are_told_with_their_paths() -> None:
    """All together."""
    with pytest.raises(AnsibleFilterError) as caught:
        certificate_wishes([{"domains": ["*.a.test"], "backend": "x"}, {"domains": []}])
    assert "haproxy_sites[0].certificate" in str(caught.value)
    assert "haproxy_sites[1].domains" in str(caught.value)
