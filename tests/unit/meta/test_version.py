# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""There is one version."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._core.version import VERSION

from meta import tree


def test_the_command_has_the_collections_version() -> None:
    """What `hitless-edge --version` says is what galaxy.yml says."""
    assert tree.load_yaml(tree.ROOT / "galaxy.yml")["version"] == VERSION
