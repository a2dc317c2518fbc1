# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents come to the bundles that they belong to."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.filter.edge_contents import FilterModule

edge_contents = FilterModule().filters()["edge_contents"]


def test_each_bundle_gets_the_content_of_its_name_and_key_type() -> None:
    """The others stay as they are, so that they are neither lost nor purged."""
    bundles = [
        {"name": "a", "key_type": "ecdsa"},
        {"name": "a", "key_type": "rsa"},
        {"name": "b", "key_type": "ecdsa"},
    ]
    stored = [
        {"name": "a", "key_type": "rsa", "pem": "A-RSA"},
        {"name": "b", "key_type": "ecdsa"},
        {"name": "c", "key_type": "ecdsa", "pem": "C"},
    ]
    assert edge_contents(bundles, stored) == [
        bundles[0],
        {"name": "a", "key_type": "rsa", "pem": "A-RSA"},
        bundles[2],
    ]
