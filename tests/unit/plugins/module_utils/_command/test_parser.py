# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every verb is understood, and explained."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from ansible_collections.hitless.edge.plugins.module_utils import _command
from ansible_collections.hitless.edge.plugins.module_utils._command.exits import Exit
from ansible_collections.hitless.edge.plugins.module_utils._command.parser import (
    SETTINGS,
    make_parser,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal import settings

VERBS = ("renew", "push", "receive", "sync", "status", "certbot")
ALL = [*([verb] for verb in VERBS), ["certbot", "turn"], ["certbot", "deployed"]]


def parse(*words: str) -> argparse.Namespace:
    """What these words mean."""
    return make_parser().parse_args(words)


def test_every_verb_has_its_file() -> None:
    """And every file its verb."""
    folder = Path(_command.__path__[0]) / "verbs"
    assert {path.stem for path in folder.glob("[!_]*.py")} == set(VERBS)


@pytest.mark.parametrize("words", [[], *ALL], ids=" ".join)
def test_help_is_a_page_for_a_terminal(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line fits, and there is a description."""
    with pytest.raises(SystemExit) as ended:
        parse(*words, "--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("\n\n") >= 2


def test_the_page_has_the_sections_of_a_manual(capsys: pytest.CaptureFixture[str]) -> None:
    """All exit statuses are in it."""
    with pytest.raises(SystemExit):
        parse("--help")
    text = capsys.readouterr().out
    assert all(title in text for title in ("EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES"))
    statuses = text.partition("EXIT STATUS")[2].partition("FILES")[0]
    assert {int(line.split()[0]) for line in statuses.splitlines() if line.strip()} == set(Exit)


@pytest.mark.parametrize(
    ("words", "force"),
    [
        (["renew"], None),
        (["renew", "--force"], []),
        (["renew", "--force", "a.test", "b.test", "--json"], ["a.test", "b.test"]),
    ],
)
def test_renew_is_forced_for_all_for_some_or_not(words: list[str], force: list[str] | None) -> None:
    """Three different things."""
    assert parse(*words).force == force


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["renew", "--dry"],
        ["status", "--json", "--prometheus"],
        ["status", "--json", "--textfile", "x"],
        ["certbot"],
        ["receive", "--json"],
        ["-c", "hitless-edge receive"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With status 2; no option can be shortened, since a new one could change what it means."""
    with pytest.raises(SystemExit) as ended:
        parse(*words)
    assert ended.value.code == Exit.USAGE
    assert "usage: hitless-edge" in capsys.readouterr().err


def test_settings_are_where_the_play_writes_them() -> None:
    """One place, named in two files so that `--version` does not read the domain."""
    assert parse("status").settings == SETTINGS == settings.SETTINGS
    assert parse("--settings", "/x", "status").settings == "/x"


def test_only_the_verb_that_decides_for_systemd_has_its_own_failure() -> None:
    """Source: systemd.service(5), ExecCondition=."""
    assert parse("certbot", "turn").failure == Exit.UNIT_FAILS
    assert parse("certbot", "deployed").failure is None
    assert parse("renew").failure is None
