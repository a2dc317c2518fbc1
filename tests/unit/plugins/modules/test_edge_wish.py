# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action of this name does without an inventory."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.modules.edge_wish import EXAMPLES, ensure, spec
from fakes import NOON, FakeHost
from minted import mint


def test_a_wish_changes_nothing() -> None:
    """It is counted."""
    sites = [{"domains": ["a.test"], "backend": "web"}]
    backends = [{"name": "web", "origin": "https://b.test"}]
    change = ensure(FakeHost().ports, {"sites": sites, "backends": backends})
    assert not change.is_needed
    assert change.result["certificates"] == 1


def test_groups_are_known_to_the_controller_only() -> None:
    """The example needs its inventory, and says so."""
    (task,) = yaml.safe_load(EXAMPLES)
    with pytest.raises(InvalidInput, match='no group "webs"'):
        ensure(FakeHost().ports, task["hitless.edge.edge_wish"])


def test_what_is_provided_is_judged_and_never_logged() -> None:
    """By its wish, and by the time; its option is masked wherever it would be shown."""
    sites = [{"domains": ["a.test"], "backend": "web", "certificate": {"source": "provided"}}]
    wish = {"sites": sites, "backends": [{"name": "web", "origin": "https://b.test"}]}
    made = mint("a.test", not_after=NOON + timedelta(days=1))
    change = ensure(FakeHost().ports, {**wish, "certificates_provided": {"a.test": made.pem}})
    assert ["1 day left" in warning for warning in change.warnings] == [True]
    with pytest.raises(InvalidInput, match="certificates_provided: holds nothing"):
        ensure(FakeHost().ports, wish)
    assert spec().options["certificates_provided"]["no_log"] is True


def test_every_option_of_the_model_is_one() -> None:
    """Nothing that parses is refused by the spec."""
    assert set(spec().options) == {
        "sites", "backends", "global", "defaults", "listeners", "sections",
        "certificates_defaults", "certificates_extra", "certificates_provided",
    }  # fmt: skip
