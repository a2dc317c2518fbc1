# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else renews certificates: found where people put it, and removed without a loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._edge.old_renewals import (
    BACKUPS,
    CRONTABS,
    TIMERS,
    Kind,
    find,
    remove,
)
from fakes import FakeHost, FakeRunner

TUTORIAL = (
    '30 2 * * 1 root certbot renew --pre-hook "systemctl stop haproxy"'
    ' --post-hook "cat /etc/letsencrypt/live/a.test/{fullchain,privkey}.pem'
    ' > /etc/haproxy/ssl/a.test.pem; systemctl start haproxy"'
)


def host_with(**files: str) -> FakeHost:
    """A host with these files; ``__`` stands for a slash, ``_D_`` for a dot."""
    host = FakeHost()
    for name, text in files.items():
        path = "/" + name.replace("__", "/").replace("_D_", ".")
        host.files.write(path, text.encode(), mode=0o640)
    return host


@dataclass
class Listening(FakeRunner):
    """Remembers what commands were told."""

    heard: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    rc: int = 0

    def run(
        self, argv: Sequence[str], *, timeout_seconds: float = 60.0, stdin: str = ""
    ) -> Completed:
        del timeout_seconds
        self.heard.append((tuple(argv), stdin))
        return Completed(self.rc, "", "no" if self.rc else "")


def test_the_tutorials_entry_is_named_with_its_line_and_its_harm() -> None:
    """File, line, and that it stops HAProxy."""
    host = host_with(etc__cron_D_d__renew=f"# by hand\nMAILTO=root\n{TUTORIAL}\n")
    (entry,) = find(host.files)
    assert (entry.place, entry.kind, entry.stops) == ("/etc/cron.d/renew:3", Kind.LINE, True)
    assert entry.words.startswith("/etc/cron.d/renew:3 renews certificates too and stops HAProxy")


@pytest.mark.parametrize(
    ("path", "text", "kind", "stops"),
    [
        ("/etc/crontab", "0 3 * * * root /usr/bin/certbot renew -q", Kind.LINE, False),
        (f"{CRONTABS}/root", "0 3 * * * /opt/certbot-auto renew", Kind.CRONTAB, False),
        (
            "/var/spool/cron/root",
            "@daily acme.sh --cron; service haproxy restart",
            Kind.CRONTAB,
            True,
        ),
        ("/etc/cron.daily/le", "#!/bin/sh\ncertbot renew\n", Kind.SCRIPT, False),
        (
            "/etc/cron.d/x",
            "0 1 * * * root systemctl -q stop haproxy && lego renew",
            Kind.LINE,
            True,
        ),
    ],
    ids=["crontab", "of-root", "el", "script", "other-client"],
)
def test_wherever_cron_keeps_it(path: str, text: str, kind: Kind, stops: bool) -> None:
    """Each place of cron."""
    host = FakeHost()
    host.files.write(path, f"{text}\n".encode())
    (entry,) = find(host.files)
    assert (entry.path, entry.kind, entry.stops) == (path, kind, stops)


def test_a_script_that_cron_calls_is_read() -> None:
    """The entry itself says nothing of certificates."""
    host = host_with(
        etc__crontab="5 4 * * * root /usr/local/sbin/nightly.sh --all\n",
        usr__local__sbin__nightly_D_sh="#!/bin/bash\nservice haproxy stop\ncertbot renew\n",
    )
    (entry,) = find(host.files)
    assert (entry.place, entry.stops) == ("/etc/crontab:1", True)


@pytest.mark.parametrize(
    "text",
    [
        "# 0 3 * * * root certbot renew",
        "CMD=certbot",
        "0 3 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && certbot renew",
        "0 3 * * * root /usr/local/bin/hitless-edge renew # not certbot",
        "0 3 * * * root /usr/bin/mycertbot-report",
        "0 3 * * * root systemctl stop haproxy",
        "",
    ],
    ids=["comment", "setting", "asleep", "ours", "another", "no-renewal", "empty"],
)
def test_what_renews_nothing_is_passed_over(text: str) -> None:
    """No false alarm."""
    assert find(host_with(etc__cron_D_d__x=f"{text}\n").files) == ()


def test_the_timer_of_a_package_is_found_unless_it_is_ours() -> None:
    """The role certbot uses the same name for its own."""
    host = FakeHost()
    host.files.write(f"{TIMERS}/certbot.timer", b"[Timer]\n")
    assert [entry.kind for entry in find(host.files)] == [Kind.TIMER]
    host.files.write(
        "/etc/systemd/system/certbot.service.d/x.conf",
        b"[Service]\nExecCondition=/usr/local/bin/hitless-edge certbot turn\n",
    )
    assert find(host.files) == ()


def test_only_the_line_leaves_and_the_file_is_kept() -> None:
    """Other entries stay as they are, mode included; a copy of all of it remains."""
    before = f"MAILTO=root\n{TUTORIAL}\n0 5 * * * root backup\n"
    host = host_with(etc__cron_D_d__renew=before)
    remove(host.ports, find(host.files))
    assert host.files.read("/etc/cron.d/renew") == b"MAILTO=root\n0 5 * * * root backup\n"
    assert host.files.mode("/etc/cron.d/renew") == 0o640
    assert host.files.read(f"{BACKUPS}/etc_cron.d_renew") == before.encode()
    assert find(host.files) == ()


def test_crontabs_and_timers_are_changed_by_their_own_commands() -> None:
    """Cron and systemd notice."""
    host = FakeHost(runner=Listening())
    host.files.write(f"{CRONTABS}/bob", b"0 3 * * * certbot renew\n1 1 * * * true\n")
    host.files.write(f"{TIMERS}/certbot.timer", b"[Timer]\n")
    remove(host.ports, find(host.files))
    assert isinstance(host.runner, Listening)
    assert host.runner.heard == [
        (("crontab", "-u", "bob", "-"), "1 1 * * * true\n"),
        (("systemctl", "disable", "--now", "certbot.timer"), ""),
    ]


def test_a_script_leaves_whole() -> None:
    """And is kept."""
    host = host_with(etc__cron_D_daily__le="#!/bin/sh\ncertbot renew\n")
    remove(host.ports, find(host.files))
    assert host.files.read("/etc/cron.daily/le") is None
    assert host.files.read(f"{BACKUPS}/etc_cron.daily_le") is not None


def test_a_command_that_fails_is_told_with_its_words() -> None:
    """Nothing is said to be removed that is not."""
    host = FakeHost(runner=Listening(rc=1))
    host.files.write(f"{CRONTABS}/bob", b"0 3 * * * certbot renew\n")
    with pytest.raises(Refused, match="crontab -u bob - failed:\nno"):
        remove(host.ports, find(host.files))
