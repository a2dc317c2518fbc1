# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter judges by the controller's clock."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.filter.provided_certificates import FilterModule
from minted import mint

provided_certificates = FilterModule().filters()["provided_certificates"]
WISH = {"name": "a.test", "domains": ["a.test"], "key_types": ["ecdsa"], "source": "provided"}


def test_what_is_brought_is_a_result_without_its_key() -> None:
    """Valid by the time of the run; other sources are passed over."""
    made = mint("a.test")
    (one,) = provided_certificates({"a.test": made.pem}, [WISH, {**WISH, "source": "acme"}])
    assert (one["action"], one["fingerprint"]) == ("valid", made.fingerprint)
    assert "PRIVATE" not in str(one)
