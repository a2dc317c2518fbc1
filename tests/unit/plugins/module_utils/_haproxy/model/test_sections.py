# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raw sections: anything that does not take what is the collection's."""

from __future__ import annotations

from typing import Any

import pytest
from wishes import faults_of, model_of, site

BLOCK = """\
# databases
listen mysql
    mode tcp

    server db1 "10.0.0.1":3306 check  # first
backend other
    server a 10.0.0.2:80
"""


def test_a_block_of_text_is_sections() -> None:
    """Quotes and comments stay; every line knows its number."""
    found = model_of({"haproxy_sections": [BLOCK]}).sections
    assert [(one.kind, one.name) for one in found] == [("listen", "mysql"), ("backend", "other")]
    assert str(found[0].lines[1]) == 'server db1 "10.0.0.1":3306 check # first'
    assert found[0].lines[1].origin == "haproxy_sections[0] line 5"


def test_a_mapping_is_one_section() -> None:
    """With a list of lines."""
    wish = {"section": "peers fleet", "lines": ["peer a 10.0.0.1:10000"]}
    (found,) = model_of({"haproxy_sections": [wish]}).sections
    assert str(found) == "peers fleet\n    peer a 10.0.0.1:10000"
    assert found.lines[0].origin == "haproxy_sections[0].lines[0]"


def test_a_raw_backend_can_be_routed_to() -> None:
    """As one of the model."""
    wish = site(backend="other")
    assert faults_of(wish) == {
        "haproxy_sites[0].backend": 'no backend is named "other"; ',
    }
    assert faults_of({**wish, "haproxy_sections": [BLOCK]}) == {}


@pytest.mark.parametrize(
    ("section", "path", "cause"),
    [
        ("global\n  nbthread 2", "", "haproxy_global.lines"),
        ("defaults\n  mode tcp", "", "name it"),
        ("listen\n  bind :1", "", "needs a name"),
        ("listen edge_x\n  bind :1", "", "the collection's own"),
        ("resolvers edge_x", "", "the collection's own"),
        ("mode tcp\nlisten x", " line 1", "before any section"),
        ("listen 'x", " line 1", "before any section"),
        ("listen x\n  bind ':1", " line 2", "not closed"),
        ("listen x\n  .if TRUE", " line 2", "directive"),
        ({"section": "lisen x"}, ".section", "does not begin"),
        ({"section": "listen x", "lines": ["frontend y"]}, ".lines[0]", "begins a section"),
        ({"section": "listen x\nbind :1"}, ".section", "control character"),
        ({"sections": "listen x"}, ".sections", 'did you mean "section"?'),
        (7, "", "not a mapping"),
    ],
)
def test_a_fault_has_its_path(section: Any, path: str, cause: str) -> None:
    """And its remedy."""
    found = faults_of({"haproxy_sections": [section]})
    assert f"haproxy_sections[0]{path}" in found
    assert cause in found[f"haproxy_sections[0]{path}"]


def test_names_do_not_collide() -> None:
    """Among raw sections, and with backends of the model."""
    twice = faults_of({"haproxy_sections": ["listen a\n", "backend a\n", "peers a\n"]})
    assert list(twice) == ["haproxy_sections[1]"]
    both = {**site(), "haproxy_sections": ["listen web\n"]}
    assert list(faults_of(both)) == ["haproxy_backends[0].name"]
