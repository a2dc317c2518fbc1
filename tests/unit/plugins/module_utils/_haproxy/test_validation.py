# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three questions to a candidate, and what is told of the answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Refused
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.candidate import Candidate
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.validation import (
    Trial,
    lines_named,
)
from fake_haproxy import BROKEN_LINE, LAYOUT, NO_CHROOT, PORT_IN_USE, FakeHaproxy, config

MAPS = {"sites.map": "a.test a\n"}


@pytest.fixture
def haproxy() -> FakeHaproxy:
    """A service that runs a good config."""
    one = FakeHaproxy()
    one.write(config(), MAPS)
    one.start()
    return one


def ask(haproxy: FakeHaproxy, text: str, *, deep: bool = True) -> tuple[str, ...]:
    """All questions."""
    return Trial(haproxy.host.ports, LAYOUT, Candidate(text, MAPS), deep=deep).run()


def test_a_good_candidate_passes_all_three(haproxy: FakeHaproxy) -> None:
    """And leaves nothing behind."""
    before = dict(haproxy.host.files.content)
    assert ask(haproxy, config("# new\n")) == ()
    assert len(haproxy.trials) == 1
    left = {p for p in haproxy.host.files.content if not p.startswith("/proc/")}
    assert left == {path for path in before if not path.startswith("/proc/")}


@pytest.mark.parametrize(
    ("addition", "check", "words", "lines"),
    [
        (BROKEN_LINE, "haproxy -c", "unknown keyword 'bogus'", [10]),
        (PORT_IN_USE, "binds", "held by sshd (pid 77)", [11]),
        (NO_CHROOT, "start", "Cannot chroot(/nonexist)", []),
    ],
    ids=["broken-line", "port-in-use", "dies-after-fork"],
)
def test_each_question_refuses_in_its_own_words(
    haproxy: FakeHaproxy, addition: str, check: str, words: str, lines: list[int]
) -> None:
    """With the lines that they name; what runs stays as it is."""
    with pytest.raises(Refused) as caught:
        ask(haproxy, config(addition))
    assert (caught.value.details["check"], caught.value.details["lines"]) == (check, lines)
    assert words in caught.value.words
    assert "[NOTICE]" not in caught.value.words
    assert (haproxy.reloads, haproxy.starts, haproxy.loaded) == (0, 1, config())


def test_where_only_maps_change_only_the_text_is_checked(haproxy: FakeHaproxy) -> None:
    """The config that runs need not be started again."""
    assert ask(haproxy, config(), deep=False) == ()
    assert haproxy.trials == []
    assert not [argv for argv in haproxy.host.runner.runs if argv[0] == "ss"]


def test_without_namespaces_the_rest_is_asked(haproxy: FakeHaproxy) -> None:
    """With a warning; the maps are read where the candidate lies."""
    haproxy.namespaces = False
    (warning,) = ask(haproxy, config("# new\n"))
    assert "Operation not permitted" in warning
    with pytest.raises(Refused, match=r"\[/etc/haproxy/haproxy\.cfg:10\] : unknown keyword"):
        ask(haproxy, config(BROKEN_LINE))
    assert haproxy.trials == []


def test_without_namespaces_maps_are_those_of_the_candidate(haproxy: FakeHaproxy) -> None:
    """The check would pass or fail by the old ones otherwise."""
    haproxy.namespaces = False
    seen = []
    honest = haproxy.host.runner.answer

    def look(argv: Sequence[str]) -> Completed:
        if "-c" in argv and argv[0] == "haproxy":
            seen.append(haproxy.host.files.content[argv[-1]].decode())
        return honest(argv)

    haproxy.host.runner.answer = look
    ask(haproxy, config("# new\n"))
    assert "map(/scratch/candidate/maps/sites.map)" in seen[0]


def test_a_config_without_our_socket_is_refused(haproxy: FakeHaproxy) -> None:
    """Nobody could tell what it serves."""
    with pytest.raises(Refused, match="stats socket /run/haproxy/admin"):
        ask(haproxy, config().replace("    stats socket", "    # stats socket"))


def test_lines_are_taken_from_haproxys_words() -> None:
    """Each once."""
    words = "[ALERT] : parsing [/etc/haproxy/haproxy.cfg:27] : x\n[ALERT] : [/a:3] y [/a:27]\n[a]"
    assert lines_named(words) == [27, 3]
