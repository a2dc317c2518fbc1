# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hook that stops HAProxy is found, wherever certbot would take it from."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._certbot.hooks import faults_of_hooks
from fake_certbot import CONFIG
from fakes import FakeHost


@pytest.mark.parametrize("folder", ["pre", "deploy", "post"])
@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nsystemctl stop haproxy\n",
        "#!/bin/sh\nsystemctl --no-block restart haproxy.service\n",
        "service haproxy stop",
        "/etc/init.d/haproxy restart\n",
    ],
)
def test_a_script_that_stops_it_is_named(folder: str, script: str) -> None:
    """By its path, with what to do."""
    host = FakeHost()
    path = f"{CONFIG}/renewal-hooks/{folder}/10-haproxy"
    host.files.write(path, script.encode())
    (fault,) = faults_of_hooks(host.files, CONFIG)
    assert fault.path == path
    assert "remove it" in fault.remedy


@pytest.mark.parametrize("path", [f"{CONFIG}/cli.ini", "/root/.config/letsencrypt/cli.ini"])
def test_a_line_for_all_renewals_is_named(path: str) -> None:
    """In certbot's own settings, by its number."""
    host = FakeHost()
    settings = b"max-log-backups = 0\npre-hook = systemctl stop haproxy\nemail = x@y.test\n"
    host.files.write(path, settings)
    (fault,) = faults_of_hooks(host.files, CONFIG)
    assert fault.path == f"{path}:2"


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nexec /usr/local/bin/hitless-edge certbot deployed\n",
        "systemctl reload haproxy\n",
        "systemctl restart postfix\n",
        "# systemctl stop haproxy\n",
        "\xff\xfe",
    ],
)
def test_other_hooks_are_none_of_our_business(script: str) -> None:
    """A reload drops nothing, and mail servers may be restarted."""
    host = FakeHost()
    host.files.write(f"{CONFIG}/renewal-hooks/deploy/x", script.encode("latin-1"))
    host.files.write(f"{CONFIG}/cli.ini", b"# pre-hook = systemctl stop haproxy\n")
    assert faults_of_hooks(host.files, CONFIG) == ()
