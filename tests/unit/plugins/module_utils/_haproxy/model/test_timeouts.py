# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timeouts have HAProxy's keywords and typed lengths."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.timeouts import (
    OF_ALL,
    OF_BACKENDS,
    read_timeouts,
)
from wishes import read, read_faults

SECOND = timedelta(seconds=1)


def test_what_is_given_comes_before_the_defaults() -> None:
    """Null leaves the default."""
    defaults = {"server": SECOND, "http_request": SECOND}
    given = {"server": "2s", "http_request": None}
    found = read(given, lambda reader: read_timeouts(reader, OF_ALL, defaults))
    assert found == (("http-request", SECOND), ("server", 2 * SECOND))


def test_a_backend_has_no_clients() -> None:
    """HAProxy would warn of a client's timeout there."""
    faults = read_faults({"client": "1s"}, lambda reader: read_timeouts(reader, OF_BACKENDS))
    assert [fault.path for fault in faults] == ["x.client"]
