# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are on a balancer. docs/architecture.md explains each path."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Paths; the defaults are those of Debian's and Red Hat's packages."""

    config: str = "/etc/haproxy/haproxy.cfg"
    maps: str = "/etc/haproxy/maps"
    staged: str = "/etc/haproxy/staged"
    previous: str = "/etc/haproxy/previous"
    rejected: str = "/etc/haproxy/rejected"
    certificates: str = "/etc/haproxy/ssl"
    runtime_socket: str = "/run/haproxy/admin.sock"
    master_socket: str = "/run/haproxy-master.sock"
    server_state: str = "/var/lib/haproxy/server-state"
    lock: str = "/run/hitless-edge.lock"
    service: str = "haproxy"
    """The unit's name."""

    @property
    def crt_list(self) -> str:
        """The explicit list of bundles that every TLS listener loads."""
        return f"{self.certificates}/.crt-list.txt"

    @property
    def manifest(self) -> str:
        """Which files below ``certificates`` are ours (a dotfile: HAProxy never loads it)."""
        return f"{self.certificates}/.hitless-edge.json"
