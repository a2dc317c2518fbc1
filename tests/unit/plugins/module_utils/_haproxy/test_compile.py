# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole: whatever users write is a fault with its path, or exactly what they asked for."""

from __future__ import annotations

import copy
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.compile import (
    Compiled,
    origin_of,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.wish import OPTIONS
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.text import (
    Config,
    Line,
    parse,
    render,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.versions import FLOOR, Build
from hypothesis import given, settings
from hypothesis import strategies as st
from wishes import RICH, TRIXIE, compiled, rich, section, site

Path = tuple[Any, ...]
RAW = re.compile(r"\.(lines|options|logs)\b|^haproxy_sections|\.headers\.")
ATTACKS = (
    "x\nfrontend evil",
    "x\r\nbind :81",
    "x\0y",
    "x\u2028bind :81",
    "x\x85y",
    'x" if { always_true }',
    "x' 'y",
    "x #y",
    "x\\",
    "x\\ny",
    "$HOME",
    '"${HOME}"',
    "%[env(HOME)]",
    "100%",
    "{ path / }",
    "or",
    "if TRUE",
    "unless",
    "global",
    "no option httplog",
    ".if TRUE",
    "*.a.test",
    "*",
    "bücher.example",
    "BÜCHER.例え.jp",
    "a." * 126 + "ab",
    "a" * 64 + ".test",
    "../../etc/passwd",
    "a|b",
    "a,b",
    "-f /etc/passwd",
    "\t",
    " x",
)


def strings(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where the strings of a tree are; a key is a path that ends with `(key,)`."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            if path[-1:] in {("request",), ("response",)}:
                yield (*path, (key,))
            yield from strings(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from strings(inner, (*path, index))


def changed(path: Path, text: str) -> dict[str, Any]:
    """The rich wish with one string replaced."""
    wish: Any = copy.deepcopy(RICH)
    *above, last = path
    place = wish
    for step in above:
        place = place[step]
    if isinstance(last, tuple):
        place[text] = place.pop(last[0])
    else:
        place[last] = text
    result: dict[str, Any] = wish
    return result


PLACES = list(strings(RICH))


def shape(config: Config) -> tuple[Any, ...]:
    """What the config does, without the words that users choose.

    Kinds of sections and how many lines each has; keyword, second word and number of words of every
    line that is not raw.
    """
    sections = tuple((one.kind, len(one.lines)) for one in config.sections)
    lines = Counter(
        (line.keyword, len(line.words)) for line in config.lines if not RAW.search(line.origin)
    )
    return sections, lines


BENIGN = shape(compiled(rich()).config)
LINES = sum(count for _kind, count in BENIGN[0])


def is_raw(path: Path) -> bool:
    """Whether a raw line stands there."""
    return path[-2:-1] == ("lines",) or path[:1] == ("haproxy_sections",)


def demand_as_asked(config: Config, path: Path, text: str) -> None:
    """The config is that of the rich wish but for the word that was changed.

    A raw line is the user's own: it stays one line, at its place, unless it says nothing.
    """
    sections, lines = shape(config)
    dropped = int(is_raw(path) and Line.parse(text).says_nothing)
    assert sum(count for _kind, count in sections) == LINES - dropped
    assert dropped or sections == BENIGN[0]
    if not is_raw(path) and path[-1] not in {"options", "section"}:
        assert lines == BENIGN[1], (path, text)


def outcome(path: Path, text: str) -> str:
    """Put the text there and see; what is neither refused nor taken as asked fails."""
    try:
        found = compiled(changed(path, text))
    except InvalidInput as error:
        assert all(fault.path.startswith(tuple(OPTIONS.values())) for fault in error.faults)
        return "refused"
    assert parse(render(found.config)) == found.config
    demand_as_asked(found.config, path, text)
    demand_plain_maps(found)
    return "taken"


def test_every_hostile_string_is_a_fault_or_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """In every string of the model: a fault with a path, or one word where a word was asked for."""
    tried = Counter(outcome(path, text) for path in PLACES for text in ATTACKS)

    @settings(max_examples=1000, deadline=None)
    @given(st.sampled_from(PLACES), st.text(min_size=1, max_size=60))
    def attempt(path: Path, text: str) -> None:
        tried[outcome(path, text)] += 1

    attempt()
    with capsys.disabled():
        counts = f"{tried['refused']} refused, {tried['taken']} taken"
        sys.stderr.write(f"\nhostile strings: {tried.total()} in {len(PLACES)} places, {counts}\n")
    assert min(tried["refused"], tried["taken"]) > 100


def demand_plain_maps(found: Compiled) -> None:
    """Every line of a map is a key and a value, in printable ASCII."""
    for text in found.maps.values():
        assert all(re.fullmatch("[!-~]+ [!-~]+", line) for line in text.split("\n")[:-1])


@pytest.mark.parametrize("build", [FLOOR, TRIXIE], ids=["2.6", "3.0"])
@pytest.mark.parametrize("wish", [{}, site(), rich()], ids=["nothing", "one-site", "rich"])
def test_a_compiled_config_is_read_back(wish: dict[str, Any], build: Build) -> None:
    """On every build."""
    config = compiled(wish, build).config
    assert parse(render(config)) == config


def many(count: int, **options: Any) -> dict[str, Any]:
    """Many sites of one backend, without a certificate of their own."""
    wish = site()
    wish["haproxy_sites"] = [
        {"domains": [f"d{n}.test"], "backend": "web", "certificate": False, **options}
        for n in range(count)
    ]
    return wish


def test_ten_thousand_domains_are_a_look_up() -> None:
    """The text does not grow; the maps do, a line each."""
    few, lots = compiled(many(1)), compiled(many(10_000))
    assert render(lots.config) == render(few.config)
    assert lots.maps["sites.map"].count("\n") == 10_000
    assert len(render(lots.config)) < 10_000


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"domains": ["a.test", "new.test"]}, id="domain"),
        pytest.param({"domains": ["a.test", "*.a.test"], "certificate": False}, id="wildcard"),
        pytest.param({"redirects": [{"path": "/a", "to": "/b", "code": 301}]}, id="redirect"),
        pytest.param({"routes": [{"path": "/a", "backend": "web"}]}, id="route"),
        pytest.param({"routes": [{"host": "a.test", "backend": "web"}]}, id="host-route"),
        pytest.param({"hsts": {"max_age": 1}}, id="hsts"),
        pytest.param({"https_redirect": False}, id="plain-http"),
    ],
)
def test_what_is_in_the_maps_costs_no_reload(change: dict[str, Any]) -> None:
    """The text stays, byte for byte."""
    before, after = compiled(site()), compiled(site(**change))
    assert render(after.config) == render(before.config)
    assert after.maps != before.maps


def test_raw_proxies_inherit_by_their_mode() -> None:
    """HTTP options would be a warning in TCP mode; who says `from` is left alone."""
    raw = [
        "listen a\n  mode tcp\n",
        "listen b\n  bind :1\n",
        "backend c from edge\n",
        "peers d\n",
        "defaults own\n  mode http\n",
        "listen e\n",
    ]
    config = compiled({"haproxy_sections": raw}).config
    assert [str(one.header) for one in config.sections[-6:]] == [
        "listen a from edge",
        "listen b from edge_http",
        "backend c from edge",
        "peers d",
        "defaults own",
        "listen e",
    ]


@pytest.mark.parametrize("layout", ["    {}", "{}", "\n\t{}\n"], ids=["own", "flat", "template"])
def test_a_line_of_the_text_leads_back_to_its_variable(layout: str) -> None:
    """However it is laid out; equal lines are told apart by their turn."""
    twice = {"section": "listen x", "lines": ["option foo", "bind :1"]}
    again = {"section": "listen y", "lines": ["option foo"]}
    config = compiled({"haproxy_sections": [twice, again]}).config
    text = "\n".join(layout.format(line) for line in config.lines)
    lines = text.split("\n")
    numbers = [number for number, line in enumerate(lines, start=1) if line.strip() == "option foo"]
    assert [origin_of(config, text, number) for number in numbers] == [
        "haproxy_sections[0].lines[0]",
        "haproxy_sections[1].lines[0]",
    ]
    assert origin_of(config, text, 0) == origin_of(config, text, len(lines) + 1) == ""


def test_raw_lines_are_where_they_were_put() -> None:
    """In their sections, as they were written."""
    config = compiled(rich()).config
    assert section(config, "global")[-1] == "tune.bufsize 16384"
    assert section(config, "defaults", "edge_http")[-1] == "option http-ignore-probes"
    assert "option http-server-close" in section(config, "backend", "many")
    assert Line.parse("bind 127.0.0.1:3306") in config.sections[-1].lines
