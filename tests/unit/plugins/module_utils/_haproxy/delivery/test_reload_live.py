# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reload that bundles need."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.reload_live import (
    reload_live,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from fake_haproxy import PORT_IN_USE, FakeHaproxy, config
from fakes import FakeHost

LAYOUT = Layout()
TABLE = "7  master  0  0d00h00m05s  3.0.11\n# workers\n8   worker\n"
CONFIG = "global\n    stats socket /run/haproxy/admin.sock level admin\n"


def balancer() -> FakeHost:
    """HAProxy 3.0 with its two sockets."""
    host = FakeHost()
    host.socket.servers[LAYOUT.master_socket] = lambda request: (
        "Success=1\n--\n" if request == "reload\n" else TABLE
    )
    host.socket.servers[LAYOUT.runtime_socket] = lambda request: (
        "1\n2 web 1 s1 10.0.0.1\n" if request == "show servers state\n" else ""
    )
    return host


def reloads(host: FakeHost) -> int:
    """How often it was reloaded."""
    return host.socket.requests.count((LAYOUT.master_socket, "reload\n"))


def test_what_was_drained_at_run_time_is_kept() -> None:
    """The state is dumped before the one reload."""
    host = balancer()
    assert reload_live(host.ports, LAYOUT).succeeded
    assert reloads(host) == 1
    assert host.files.read(LAYOUT.server_state) == b"1\n2 web 1 s1 10.0.0.1\n"


def test_a_config_that_does_not_start_is_not_reloaded() -> None:
    """Somebody may have edited it meanwhile; HAProxy's words come along."""
    host = balancer()
    host.files.write(LAYOUT.config, CONFIG.encode())
    host.runner.answer = lambda argv: (
        Completed(1, "", "[ALERT] unknown keyword") if "haproxy" in argv else Completed(0, "", "")
    )
    with pytest.raises(Refused, match="unknown keyword"):
        reload_live(host.ports, LAYOUT)
    assert reloads(host) == 0


def test_the_words_of_a_failed_reload_hold_no_secret() -> None:
    """They go into the result of the delivery."""
    haproxy = FakeHaproxy()
    haproxy.write(config("userlist u\n    user ann insecure-password taken\n"), {})
    haproxy.start()
    haproxy.write(haproxy.loaded.replace(":80\n", ":81\n") + PORT_IN_USE, {})
    haproxy.host.runner.answer = lambda argv: (
        haproxy._run(argv) if argv[0] != "ss" else Completed(0, "", "")
    )
    verdict = reload_live(haproxy.host.ports, LAYOUT)
    assert not verdict.succeeded
    assert "for proxy ********: cannot bind" in verdict.words
