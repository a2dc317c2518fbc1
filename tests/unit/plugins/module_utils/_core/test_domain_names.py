# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts have one form."""

from __future__ import annotations

import idna
import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.domain_names import (
    InvalidName,
    is_address,
    is_wildcard,
    to_a_labels,
)
from hypothesis import example, given
from hypothesis import strategies as st

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("wizardry.io", "wizardry.io", id="plain"),
        pytest.param("WWW.Wizardry.IO", "www.wizardry.io", id="lower-case"),
        pytest.param("wizardry.io.", "wizardry.io", id="final-dot"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="umlaut"),
        pytest.param("BÜCHER.example", "xn--bcher-kva.example", id="upper-umlaut"),
        pytest.param("straße.de", "xn--strae-oqa.de", id="sharp-s-is-not-ss"),
        pytest.param("例え.jp", "xn--r8jz45g.jp", id="japanese"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="a-label"),
        pytest.param("xn--ll-0ea.cat", "xn--ll-0ea.cat", id="a-label-of-a-context-rule"),
        pytest.param("1.a.test", "1.a.test", id="digits-inside"),
        pytest.param(LONGEST, LONGEST, id="253-characters"),
    ],
)
def test_a_name_has_one_form(name: str, expected: str) -> None:
    """A-labels, lower case, no final dot."""
    assert to_a_labels(name) == expected


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        pytest.param("", "empty label", id="empty"),
        pytest.param("a..b", "empty label", id="two-dots"),
        pytest.param(".a", "empty label", id="first-dot"),
        pytest.param("a b.test", "letters, digits", id="space"),
        pytest.param("a_b.test", "letters, digits", id="underscore"),
        pytest.param("-a.test", "letters, digits", id="hyphen-first"),
        pytest.param("a-.test", "letters, digits", id="hyphen-last"),
        pytest.param("ab--c.test", "third and fourth", id="reserved-hyphens"),
        pytest.param("xn--.test", "letters, digits", id="empty-a-label"),
        pytest.param("xn--a.test", "A-label", id="a-label-of-nothing"),
        pytest.param("xn--Bcher-kvA-.test", "letters, digits", id="broken-a-label"),
        pytest.param("a" * 64 + ".test", "63", id="label-of-64"),
        pytest.param(LONGEST + "d", "253", id="254-characters"),
        pytest.param("*.a.test", "*", id="wildcard-where-none-may-be"),
        pytest.param("192.0.2.1", "IP address", id="address"),
        pytest.param("a.test\nuse_backend x", "letters, digits", id="line-break"),
        pytest.param("l·l.cat", "A-label", id="context-rule"),
        pytest.param("a\u200db.test", "U+200D", id="joiner"),
        pytest.param("☃.test", "U+2603", id="symbol"),
        pytest.param("\u0301a.test", "combining", id="mark-first"),
    ],
)
def test_what_is_no_name_is_refused_with_the_rule(name: str, cause: str) -> None:
    """The message says which rule is broken."""
    with pytest.raises(InvalidName) as caught:
        to_a_labels(name)
    assert cause in caught.value.message


@pytest.mark.parametrize("name", ["a.*.test", "a*.test", "**.a.test", "*.com", "*", "*."])
def test_a_wildcard_is_a_whole_first_label(name: str) -> None:
    """RFC 6125 §6.4.3, and nobody has a whole top-level domain."""
    with pytest.raises(InvalidName):
        to_a_labels(name, wildcard=True)


def test_a_wildcard_is_kept() -> None:
    """The star is no letter of the name."""
    assert to_a_labels("*.Bücher.example", wildcard=True) == "*.xn--bcher-kva.example"
    assert is_wildcard("*.a.test")
    assert not is_wildcard("a.test")


@given(st.text(min_size=1, max_size=20))
def test_it_agrees_with_the_reference(label: str) -> None:
    """What comes out is what the idna package makes of it, or what that refuses for direction."""
    try:
        mine = to_a_labels(f"{label}.test")
    except InvalidName:
        return
    if not label.isascii():
        mapped = idna.uts46_remap(f"{label}.test", std3_rules=True, transitional=False)
        try:
            assert idna.encode(mapped).decode() == mine
        except idna.IDNABidiError:
            assert mine.startswith("xn--")


@given(st.text(max_size=300))
@example("a.\N{SUPERSCRIPT TWO}")
def test_a_result_is_stable_and_plain(name: str) -> None:
    """Once in A-labels, always in A-labels; nothing that a config or map could trip over."""
    try:
        once = to_a_labels(name, wildcard=True)
    except InvalidName:
        return
    assert to_a_labels(once, wildcard=True) == once
    assert set(once) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.*")
    assert len(once) <= 253


@pytest.mark.parametrize(("text", "expected"), [("::1", True), ("192.0.2.1", True), ("a", False)])
def test_addresses_are_told_from_names(text: str, expected: bool) -> None:
    """Both families."""
    assert is_address(text) is expected
