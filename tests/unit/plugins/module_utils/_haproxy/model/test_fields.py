# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of text refuses what it cannot be."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model import fields
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.text import Line
from wishes import read, read_faults

HOSTILE = ["a\nb", "a b", 'a"b', "a#b", "a\\b", "a$b", "a%b", "\0", "", "ä"]


@pytest.mark.parametrize("value", [*HOSTILE, ".a", "-a", "edge_x", "a" * 201, 7])
def test_a_name_is_plain(value: Any) -> None:
    """No quoting, no condition and no proxy of ours can be meant by it."""
    assert read_faults(value, fields.read_name)


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (fields.read_name, "web_1.a:b-c", "web_1.a:b-c"),
        (fields.read_domain, "*.Ä.test", "*.xn--4ca.test"),
        (fields.read_host, "fd00::1", "fd00::1"),
        (fields.read_host, "DB.test", "db.test"),
        (fields.read_path, "/a%20b/;x", "/a%20b/;x"),
        (fields.read_file, "/etc/ssl/ä.pem", "/etc/ssl/ä.pem"),
        (fields.read_header_name, "X-Tenant", "X-Tenant"),
    ],
)
def test_what_is_right_is_taken(function: Callable[..., str], value: str, expected: str) -> None:
    """Domains in their one form, the rest as it is."""
    assert read(value, function) == expected


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (fields.read_domain, ["a b", "*", "a/b"]),
        (fields.read_host, ["*.a.test", "10.0.0.256", "a b"]),
        (fields.read_path, ["a", "/a b", "/ä", "/a?b", "/a#b", "/a\nb"]),
        (fields.read_file, ["a", "/a b", "/a\nb"]),
        (fields.read_header_name, ["X Y", "X:", "X\n", "ä", '"']),
    ],
)
def test_what_is_wrong_is_a_fault(function: Callable[..., str], values: list[str]) -> None:
    """Each at its path."""
    for value in values:
        assert {fault.path for fault in read_faults(value, function)} == {"x"}, value


def test_a_reference_that_leads_nowhere_says_what_is_near() -> None:
    """The remedy of a typing error."""
    faults = read_faults("gost", lambda one: fields.read_reference(one, "backend", ["ghost"]))
    assert str(faults[0]) == 'x: no backend is named "gost"; did you mean "ghost"?'


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("frontend x", "begins a section"),
        ("'global'", "begins a section"),
        ("no frontend x", None),
        ("a 'b", "not closed"),
        ("a\nfrontend b", "control character"),
        (".if TRUE", "directive"),
        ("no .if TRUE", "directive"),
        (" ".join(["a"] * 65), "65 words"),
    ],
)
def test_a_raw_line_is_one_line_of_its_section(line: str, cause: str | None) -> None:
    """It ends nothing and begins nothing; `no frontend` begins none to HAProxy either."""
    faults = read_faults(line, fields.read_line)
    assert [cause in fault.cause for fault in faults] == ([True] if cause else [])


def test_raw_lines_know_where_they_come_from() -> None:
    """So that HAProxy's words lead back to a variable; a block of text counts from 1."""
    listed = read(["a", "b"], fields.read_lines)
    block = read("a\n\n\tb\n", fields.read_lines)
    assert listed == block == (Line.of("a"), Line.of("b"))
    assert [line.origin for line in listed] == ["x[0]", "x[1]"]
    assert [line.origin for line in block] == ["x line 1", "x line 3"]
