# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter gives what is lacking, to be laid beside the wanted bundles."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.filter.edge_contents import edge_contents
from ansible_collections.hitless.edge.plugins.filter.provided_contents import FilterModule
from minted import mint

provided_contents = FilterModule().filters()["provided_contents"]


def test_it_speaks_to_the_filter_that_lays_contents_beside_bundles() -> None:
    """One form for what a store has and for what is brought."""
    made = mint("a.test")
    wanted = [{"name": "a.test", "key_type": "ecdsa", "fingerprint": made.fingerprint}]
    brought = provided_contents({"a.test": made.pem}, wanted, [["a.test", "ecdsa"]])
    assert edge_contents(wanted, brought) == [{**wanted[0], "pem": made.pem}]
    assert provided_contents({"a.test": made.pem}, wanted, []) == []
