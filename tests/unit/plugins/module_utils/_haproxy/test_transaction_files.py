# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that HAProxy read at its start, and whether they changed since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.transaction_files import (
    named_files,
    newer_files,
)
from fakes import NOON, FakeHost


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("errorfile 503 /e/503.http", "/e/503.http"),
        ("lua-load /l/a.lua", "/l/a.lua"),
        ("bind :443 ssl crt /c/a.pem ca-file /c/ca.pem", "/c/ca.pem"),
        ("bind :443 ssl crt site.pem", "/base/site.pem"),
        ("server s 10.0.0.1:443 ssl ca-file root.pem", "/roots/root.pem"),
        ("bind :443 ssl tls-ticket-keys /t/keys", "/t/keys"),
        ("http-request deny if { src -f /p/blocked.lst }", "/p/blocked.lst"),
        ("http-request return status 200 file /w/robots.txt", "/w/robots.txt"),
        ("use_backend %[path,map_beg(/m/paths.map,be)]", "/m/paths.map"),
        ("filter spoe engine x config /s/spoe.cfg", "/s/spoe.cfg"),
    ],
)
def test_files_are_found_where_haproxy_takes_them(line: str, path: str) -> None:
    """By the word in front, below the base that the config names."""
    text = f"global\n    crt-base /base\n    ca-base /roots\nfrontend f\n    {line}\n"
    assert path in set(named_files(text))


@pytest.mark.parametrize("line", ["monitor-uri /healthz", "chroot /var/lib/haproxy", "errorfile"])
def test_other_paths_are_no_files(line: str) -> None:
    """Paths of requests, folders, and lines that are not whole."""
    found = set(named_files(f"frontend f\n    {line}\n"))
    assert not {"/healthz", "/var/lib/haproxy"} & found


@pytest.mark.parametrize(
    ("path", "seconds", "newer"),
    [
        ("/e/503.http", 1, True),
        ("/e/503.http", 0, True),
        ("/e/503.http", -1, False),
        ("/etc/haproxy/ssl/a.pem", 1, False),
        ("/etc/haproxy/maps/a.map", 1, False),
    ],
    ids=["after", "same-second", "before", "bundle", "map"],
)
def test_a_file_that_changed_since_the_start_is_newer(path: str, seconds: int, newer: bool) -> None:
    """Not those that change in the running process too."""
    host = FakeHost()
    host.files.times[path] = NOON + timedelta(seconds=seconds)
    text = f"frontend f\n    errorfile 503 {path}\n    errorfile 504 /e/absent\n"
    found = newer_files(host.files, Layout(), text, NOON)
    assert found == ((path,) if newer else ())
