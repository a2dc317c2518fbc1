# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The crt-list file."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._pki.crt_list import (
    CrtList,
    parse,
    path_of,
    render,
)
from hypothesis import given
from hypothesis import strategies as st

LINES = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
TEXT = """\
# by hand
/ssl/foreign.pem [alpn h2] x.test

/ssl/a.pem
/ssl/b.pem
"""


@given(LINES)
def test_rendering_is_undone_by_parsing(lines: list[str]) -> None:
    """Whatever stands in the lines."""
    listing = CrtList(tuple(lines))
    assert parse(render(listing)) == listing


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_parsing_keeps_every_line(text: str) -> None:
    """Only a missing last line end is added."""
    assert render(parse(text)) in (text, text + "\n")


@pytest.mark.parametrize(
    ("line", "path"),
    [("/a.pem", "/a.pem"), ("  /a.pem [alpn h2] x\r", "/a.pem"), ("# /a.pem", ""), ("", "")],
)
def test_a_line_names_a_file_or_none(line: str, path: str) -> None:
    """Options and filters come after it."""
    assert path_of(line) == path


def test_foreign_lines_stay_where_they_are() -> None:
    """Ours come and go around them."""
    listing = parse(TEXT).reconciled(["/ssl/b.pem", "/ssl/c.pem"], {"/ssl/a.pem"})
    assert render(listing) == TEXT.replace("/ssl/a.pem\n", "") + "/ssl/c.pem\n"


def test_what_is_right_is_not_touched() -> None:
    """The same value, so nothing is written."""
    assert parse(TEXT).reconciled(["/ssl/b.pem", "/ssl/a.pem"], set()) == parse(TEXT)


def test_the_default_leads() -> None:
    """A new line, or the one that is there with its options."""
    assert parse(TEXT).led_by("/ssl/d.pem").paths[0] == "/ssl/d.pem"
    led = parse(TEXT).led_by("/ssl/b.pem")
    assert led.lines[0] == "/ssl/b.pem"
    assert sorted(led.lines) == sorted(parse(TEXT).lines)
    assert led.led_by("/ssl/b.pem") == led
