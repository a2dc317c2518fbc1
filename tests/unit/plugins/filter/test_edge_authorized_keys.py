# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The push keys of a fleet's issuers as SSH takes them."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.filter.edge_authorized_keys import FilterModule


def test_it_is_found_by_its_name() -> None:
    """And what is present may be left out."""
    authorized_keys = FilterModule().filters()["edge_authorized_keys"]
    text = authorized_keys(["lb1"], {"lb1": ["pushkey ssh-ed25519 AAAA hitless-edge@lb1"]})
    assert text.endswith(" ssh-ed25519 AAAA hitless-edge@lb1\n")
    assert authorized_keys(["lb1"], {}, [f"authorized {text.strip()}"]) == text
