# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action of this name does cannot be done by a module."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.action.edge_command import PATH, ActionModule
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.modules.edge_command import ensure, spec


def test_a_host_cannot_pack_itself() -> None:
    """It says who can."""
    with pytest.raises(EdgeError, match="controller"):
        ensure()


def test_the_action_takes_the_documented_options() -> None:
    """With the same default."""
    options = spec().options
    assert set(options) == ActionModule._VALID_ARGS
    assert options["path"]["default"] == PATH
