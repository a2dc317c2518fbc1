# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in certbot's own settings and goes over what is set for a renewal is found."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.cli_ini import (
    LONGEST,
    PATHS,
    faults_of_settings,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Fault
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fake_certbot import CONFIG, DIRECTORY
from fakes import FakeHost
from hypothesis import given
from hypothesis import strategies as st

WISHED = (Lineage("a.test", KeyType.ECDSA, ("a.test",)),)


def faults(content: bytes, path: str = PATHS[0]) -> tuple[Fault, ...]:
    """Of a file with this content."""
    host = FakeHost()
    host.files.write(path, content)
    return faults_of_settings(host.files, WISHED, DIRECTORY)


@pytest.mark.parametrize("path", [f"{CONFIG}/cli.ini", "/root/.config/letsencrypt/cli.ini"])
def test_both_files_are_read(path: str) -> None:
    """Path, line, cause and remedy are told."""
    (fault,) = faults(b"# mine\nemail = x@y.test\nauthenticator = standalone\n", path)
    assert fault.path == f"{path}:3"
    assert fault.cause == "authenticator goes over what is set for the wished certificates"
    assert "remove it" in fault.remedy


@pytest.mark.parametrize(
    "key",
    [
        "authenticator",
        "configurator",
        "installer",
        "server",
        "account",
        "key-type",
        "config-dir",
        "preferred-challenges",
        "preferred-chain",
        "preferred-profile",
        "required-profile",
        "manual-auth-hook",
        "cert-name",
        "domain",
        "domains",
        "ip-address",
        "csr",
    ],
)
def test_each_value_of_ours_is_named(key: str) -> None:
    """Whatever it is set to."""
    assert [fault.path for fault in faults(f"{key} = x\n".encode())] == [f"{PATHS[0]}:1"]


@pytest.mark.parametrize(
    "key",
    [
        "standalone",
        "webroot",
        "nginx",
        "apache",
        "manual",
        "dns-route53",
        "staging",
        "test-cert",
        "dry-run",
        "force-renewal",
        "renew-by-default",
        "no-autorenew",
        "no-directory-hooks",
        "allow-subset-of-names",
        "break-my-certs",
    ],
)
def test_each_switch_of_ours_is_named_where_it_is_on(key: str) -> None:
    """With a value or without; switched off it says nothing."""
    assert len(faults(f"{key}\n".encode())) == 1
    assert len(faults(f"{key} = True\n".encode())) == 1
    assert faults(f"{key} = False\n{key}: no\n".encode()) == ()


@pytest.mark.parametrize(
    "line",
    ["server=x", "server: x", "server x", "--server = x", "  server = 'x'", "server = x # why"],
)
def test_every_way_to_write_a_line_is_read(line: str) -> None:
    """As ConfigArgParse reads them."""
    assert len(faults(f"{line}\n".encode())) == 1


@pytest.mark.parametrize(
    "line",
    [
        f"server = {DIRECTORY}",
        f'server = "{DIRECTORY}"  # ours',
        "key-type = ecdsa",
        "email = x@y.test",
        "agree-tos = True",
        "max-log-backups = 0",
        "rsa-key-size = 4096",
        "pre-hook = systemctl stop postfix",
        "webroot-path = /var/www",
        "# server = x",
        "; server = x",
        "[server]",
        "--- server = x",
        "servers = x",
    ],
)
def test_other_lines_are_none_of_our_business(line: str) -> None:
    """They change nothing of what we set, or say the same."""
    assert faults(f"{line}\n".encode()) == ()


def test_a_folder_of_that_name_is_no_fault() -> None:
    """Nothing can be read there, by certbot neither."""
    host = FakeHost()
    host.files.make_directory(PATHS[0], mode=0o755)
    assert faults_of_settings(host.files, WISHED, DIRECTORY) == ()


@given(st.binary(max_size=200))
def test_whatever_stands_there_is_read(content: bytes) -> None:
    """Without an exception."""
    assert all(fault.path.startswith(PATHS[0]) for fault in faults(content))


def test_no_more_is_read_than_a_person_writes() -> None:
    """A file without an end takes no memory."""
    assert faults(b"#" * LONGEST + b"\nserver = x\n") == ()
