# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM blocks."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.pem import (
    ENCRYPTED_KEY,
    Block,
    first_der,
    parse_blocks,
    render_block,
)
from hypothesis import given
from hypothesis import strategies as st

LABELS = st.sampled_from(["CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "X509 CRL"])
BLOCKS = st.lists(st.builds(Block, LABELS, st.binary(min_size=1, max_size=200)), max_size=4)


@given(BLOCKS)
def test_rendering_is_undone_by_parsing(blocks: list[Block]) -> None:
    """What is written is read back."""
    assert parse_blocks("".join(map(render_block, blocks)), "x") == tuple(blocks)


@given(BLOCKS)
def test_no_line_is_empty_or_long(blocks: list[Block]) -> None:
    """An empty line would end a payload of the Runtime API."""
    lines = "".join(map(render_block, blocks)).splitlines()
    assert all(0 < len(line) <= 64 for line in lines)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Hostile input ends in blocks or in InvalidInput."""
    try:
        parse_blocks(text, "x")
    except InvalidInput as error:
        assert error.faults[0].path == "x"


def test_what_stands_between_blocks_is_dropped() -> None:
    """Comments, empty lines and carriage returns of other tools."""
    text = render_block(Block("CERTIFICATE", b"abc")).replace("\n", "\r\n")
    assert parse_blocks(f"subject=CN\n\n{text}\n\n# end", "x") == (Block("CERTIFICATE", b"abc"),)


def test_an_encrypted_key_of_the_old_form_is_known() -> None:
    """It looks like any RSA key but for its headers."""
    text = (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n"
        "-----END RSA PRIVATE KEY-----\n"
    )
    assert [block.label for block in parse_blocks(text, "x")] == [ENCRYPTED_KEY]


def test_a_block_that_is_not_base64_is_named() -> None:
    """The fault tells where and which."""
    with pytest.raises(InvalidInput, match=r"x: a block of type CERTIFICATE is not base64"):
        parse_blocks("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "x")


def test_the_first_block_is_had_or_missed() -> None:
    """`first_der` needs a block."""
    assert first_der(render_block(Block("CERTIFICATE REQUEST", b"abc")), "x") == b"abc"
    with pytest.raises(InvalidInput, match="x: holds no PEM block"):
        first_der("", "x")
