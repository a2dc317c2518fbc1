# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate wishes out of what users write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import (
    Lineage,
    Source,
    Wished,
    parse_lineages,
    parse_wished,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from hypothesis import given
from hypothesis import strategies as st

GOOD = {"name": "a.test", "domains": ["a.test"]}


def test_a_wish_is_a_lineage_for_each_key_type() -> None:
    """Other sources are not ours."""
    wishes = [
        {**GOOD, "key_types": ["rsa", "ecdsa", "rsa"], "profile": "short"},
        {"name": "b", "domains": ["b.test", "192.0.2.1", "2001:DB8::1"]},
        {"name": "c", "domains": ["*.c.test"], "source": "certbot"},
    ]
    assert parse(wishes, "certificates", parse_lineages) == (
        Lineage("a.test", KeyType.RSA, ("a.test",), "short"),
        Lineage("a.test", KeyType.ECDSA, ("a.test",), "short"),
        Lineage("b", KeyType.ECDSA, ("b.test", "192.0.2.1", "2001:db8::1")),
    )


def test_a_wish_from_another_source_is_a_lineage_as_well() -> None:
    """Whoever provides it."""
    wishes = [GOOD, {"name": "c", "domains": ["*.c.test"], "source": "certbot"}]
    assert parse(wishes, "certificates", parse_wished) == (
        Wished(Source.ACME, Lineage("a.test", KeyType.ECDSA, ("a.test",))),
        Wished(Source.CERTBOT, Lineage("c", KeyType.ECDSA, ("*.c.test",))),
    )


def test_a_name_is_listed_once_whatever_the_source() -> None:
    """It names a file."""
    wishes = [GOOD, {**GOOD, "source": "selfsigned"}]
    with pytest.raises(InvalidInput, match="is listed twice"):
        parse(wishes, "certificates", parse_lineages)


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        ({**GOOD, "domains": []}, "certificates[0].domains: there is no domain"),
        ({**GOOD, "domains": ["*.a.test"]}, "certificates[0].domains[0]: *.a.test is a wildcard"),
        ({**GOOD, "domains": ["ä.test"]}, "certificates[0].domains[0]: 'ä.test' is no domain"),
        ({**GOOD, "domains": ["A.test"]}, "certificates[0].domains[0]: 'A.test' is no domain"),
        ({**GOOD, "domains": ["a..b"]}, "certificates[0].domains[0]: 'a..b' is no domain"),
        ({**GOOD, "domains": ["a" * 64]}, "certificates[0].domains[0]:"),
        ({**GOOD, "domains": [".".join(["a" * 50] * 6)]}, "certificates[0].domains[0]:"),
        ({**GOOD, "name": "../a"}, "certificates[0].name: '../a' cannot name a file"),
        ({**GOOD, "name": "a/b"}, "certificates[0].name:"),
        ({**GOOD, "name": "."}, "certificates[0].name:"),
        ({**GOOD, "key_types": ["dsa"]}, "certificates[0].key_types[0]:"),
        ({**GOOD, "keytypes": []}, 'did you mean "key_types"?'),
    ],
)
def test_a_fault_has_its_path(wish: dict[str, Any], fault: str) -> None:
    """What is wrong, where, and what to do."""
    with pytest.raises(InvalidInput) as caught:
        parse([wish], "certificates", parse_lineages)
    assert fault in str(caught.value)


def test_a_name_is_listed_once() -> None:
    """Two certificates of one name would be one file."""
    with pytest.raises(InvalidInput, match=r'certificates\[1\]\.name: "a.test" is listed twice'):
        parse([GOOD, GOOD], "certificates", parse_lineages)


@given(st.text(), st.text())
def test_no_hostile_name_becomes_a_path(name: str, domain: str) -> None:
    """Whatever is accepted is safe as a folder."""
    try:
        (found,) = parse([{"name": name, "domains": [domain]}], "", parse_lineages)
    except InvalidInput:
        return
    assert not set(found.name) & set("/\\\0\n ")
    assert not found.name.startswith(".")
