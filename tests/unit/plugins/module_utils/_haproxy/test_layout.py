# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are on a balancer."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout


def test_what_belongs_to_the_certificates_is_beside_them() -> None:
    """Another folder takes its list and its manifest along."""
    layout = Layout(certificates="/srv/tls")
    assert layout.crt_list == "/srv/tls/crt-list.txt"
    assert layout.manifest.startswith("/srv/tls/.")


def test_the_manifest_is_hidden_from_haproxy() -> None:
    """It skips dotfiles in a folder of certificates; anything else there would stop its start."""
    assert Layout().manifest.rpartition("/")[2].startswith(".")
