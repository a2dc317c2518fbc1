# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of the process and of all proxies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.settings import TlsPolicy
from wishes import faults_of, model_of


def test_nothing_said_is_what_an_expert_chooses() -> None:
    """Maxconn and threads are left to HAProxy, which knows the host."""
    model = model_of({})
    assert (model.global_.maxconn, model.global_.nbthread) == (None, None)
    assert model.global_.hard_stop_after == timedelta(minutes=15)
    assert model.global_.tls_policy is TlsPolicy.INTERMEDIATE
    assert [str(log) for log in model.global_.logs] == ["/dev/log local0"]
    assert dict(model.defaults.timeouts)["http-keep-alive"] == timedelta(seconds=15)


def test_what_is_said_is_taken() -> None:
    """Field by field."""
    given = {"maxconn": 5000, "chroot": False, "logs": [], "lines": "tune.bufsize 16384\n"}
    model = model_of({"haproxy_global": given, "haproxy_defaults": {"retries": 0}})
    assert (model.global_.maxconn, model.global_.chroot) == (5000, None)
    assert (model.global_.logs, len(model.global_.lines)) == ((), 1)
    assert model.defaults.retries == 0


@pytest.mark.parametrize(
    ("variable", "value", "path", "cause"),
    [
        ("global", {"maxcon": 1}, ".maxcon", 'did you mean "maxconn"?'),
        ("global", {"maxconn": 0}, ".maxconn", "out of range"),
        ("global", {"user": "a b"}, ".user", "name of a user"),
        ("global", {"chroot": "lib"}, ".chroot", "absolute"),
        ("global", {"logs": ["stdout"]}, ".logs[0]", "facility"),
        ("global", {"logs": "stdout local0"}, ".logs", "not a list"),
        ("global", {"lines": ["description x"]}, ".lines[0]", "digest"),
        ("global", {"lines": ["defaults"]}, ".lines[0]", "begins a section"),
        ("global", {"tls_policy": "old"}, ".tls_policy", "one of intermediate, modern"),
        ("global", {"hard_stop_after": 900}, ".hard_stop_after", '"15s"'),
        ("defaults", {"timeouts": {"http-keep": "1s"}}, ".timeouts.http-keep", "http_keep"),
        ("defaults", {"log_format": "a\nb"}, ".log_format", "control character"),
        ("defaults", [], "", "not a mapping"),
    ],
)  # fmt: skip
def test_a_fault_has_its_path(variable: str, value: Any, path: str, cause: str) -> None:
    """And its remedy."""
    found = faults_of({f"haproxy_{variable}": value})
    assert list(found) == [f"haproxy_{variable}{path}"]
    assert cause in found[f"haproxy_{variable}{path}"]
