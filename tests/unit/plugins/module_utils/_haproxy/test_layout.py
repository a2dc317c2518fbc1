# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are on a balancer."""

from __future__ import annotations

import posixpath
from dataclasses import astuple, replace

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout


def test_lists_follow_their_folder() -> None:
    """One place is told, the others are made of it."""
    layout = replace(Layout(), certificates="/srv/tls")
    assert layout.crt_list == "/srv/tls/.crt-list.txt"
    assert layout.manifest.startswith("/srv/tls/.")


def test_what_a_trial_covers_lies_beside_the_config() -> None:
    """The candidate is laid over one folder: that of the config, with the maps in it."""
    layout = Layout()
    assert posixpath.dirname(layout.maps) == posixpath.dirname(layout.config)


def test_nothing_that_haproxy_loads_is_where_candidates_wait() -> None:
    """Each path is one thing's."""
    paths = [path for path in astuple(Layout()) if path.startswith("/")]
    assert len(set(paths)) == len(paths)
