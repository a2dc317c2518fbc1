# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trial start: what is run, what is awaited, what is concluded."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.process import Service
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.validation import (
    SEEN_AT_ITS_PATHS,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.validation_start import (
    ISOLATED,
    LAUNCH,
    demand_start,
)
from fake_haproxy import LAYOUT, NO_CHROOT, FakeHaproxy, config

FOLDER = "/scratch/candidate"


def trial(text: str, haproxy: FakeHaproxy) -> tuple[str, ...]:
    """Start a candidate; the warnings."""
    haproxy.host.files.write(f"{FOLDER}/haproxy.cfg", text.encode())
    return demand_start(Service(haproxy.host.ports, LAYOUT), text, FOLDER, ("unshare",))


def test_a_candidate_that_serves_is_stopped() -> None:
    """It and all that it started."""
    haproxy = FakeHaproxy()
    assert trial(config(), haproxy) == ()
    assert haproxy.host.runner.runs[-1] == ("kill", "-KILL", "--", "-5000")


def test_a_candidate_that_ends_is_refused() -> None:
    """In its own words."""
    with pytest.raises(Refused, match="Cannot chroot") as caught:
        trial(config(NO_CHROOT), FakeHaproxy())
    assert caught.value.details["check"] == "start"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("[ALERT] (20) : [haproxy.main()] Cannot chroot(/nonexist).", "'chroot /nonexist'"),
        ("[ALERT] (1) : [haproxy.main()] Cannot raise FD limit to 40041", "'maxconn 20000'"),
    ],
    ids=["chroot", "maxconn"],
)
def test_an_alert_without_a_line_gets_one(words: str, line: str) -> None:
    """In the form of HAProxy's other words, so that the variable behind it can be named."""
    text = config().replace("global\n", "global\n    chroot /nonexist\n    maxconn 20000\n")
    with pytest.raises(Refused) as caught:
        trial(text, FakeHaproxy(trial_words=words))
    (number,) = caught.value.details["lines"]
    assert caught.value.words == f"{words}\n[{LAYOUT.config}:{number}] : {line} in global"


@pytest.mark.parametrize(
    "words",
    [
        "unshare: cannot open /proc/self/uid_map",
        "[ALERT] (1) : [/etc/haproxy/haproxy.cfg:9] : could not resolve address 'loghost'.",
    ],
    ids=["no-start-at-all", "no-resolver-there"],
)
def test_what_the_namespaces_are_to_blame_for_is_a_warning(words: str) -> None:
    """The real host may well have it."""
    (warning,) = trial(config(), FakeHaproxy(trial_words=words))
    assert words in warning


@pytest.mark.parametrize(
    ("addition", "reason"),
    [
        ("program agent\n    command /bin/agent\n", "run a second time"),
        ("backend b\n    external-check command /bin/check\n", "run commands"),
        ("listen x\n    bind :81 interface eth0\n", "the host's own network"),
        ("backend b\n    server a 10.0.0.1:80 namespace blue\n", "the host's own network"),
        ("listen x\n    bind /scratch/x.sock\n", "which also holds /scratch/candidate"),
        ("listen x\n    bind /etc/haproxy/x.sock\n", "which also holds /etc/haproxy/haproxy.cfg"),
    ],
)
def test_what_a_trial_would_harm_or_misjudge_is_not_started(addition: str, reason: str) -> None:
    """The warning says why, and which line."""
    haproxy = FakeHaproxy()
    (warning,) = trial(config(addition), haproxy)
    assert reason in warning
    assert haproxy.trials == []


def test_a_candidate_that_never_serves_is_refused() -> None:
    """In bounded time, and it is stopped."""
    haproxy = FakeHaproxy(trial_is_mute=True)
    with pytest.raises(Refused, match="does not come up with the config within 120 s"):
        trial(config(), haproxy)
    assert haproxy.host.runner.runs[-1][0] == "kill"


@pytest.mark.parametrize(
    "script", [SEEN_AT_ITS_PATHS, LAUNCH, ISOLATED], ids=["seen", "launch", "isolated"]
)
def test_the_scripts_are_shell(script: str) -> None:
    """Parsed by a real one, without being run."""
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
