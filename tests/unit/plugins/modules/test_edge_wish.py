# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action of this name does without an inventory."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.modules.edge_wish import EXAMPLES, ensure, spec


def test_a_wish_changes_nothing() -> None:
    """It is counted."""
    sites = [{"domains": ["a.test"], "backend": "web"}]
    backends = [{"name": "web", "origin": "https://b.test"}]
    change = ensure({"sites": sites, "backends": backends})
    assert not change.is_needed
    assert change.result["certificates"] == 1


def test_groups_are_known_to_the_controller_only() -> None:
    """The example needs its inventory, and says so."""
    (task,) = yaml.safe_load(EXAMPLES)
    with pytest.raises(InvalidInput, match='no group "webs"'):
        ensure(task["hitless.edge.edge_wish"])


def test_every_option_of_the_model_is_one() -> None:
    """Nothing that parses is refused by the spec."""
    assert set(spec().options) == {
        "sites", "backends", "global", "defaults", "listeners", "sections",
        "certificates_defaults", "certificates_extra",
    }  # fmt: skip
