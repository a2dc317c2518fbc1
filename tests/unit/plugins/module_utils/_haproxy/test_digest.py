# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A config carries its own digest."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.digest import (
    PLACEHOLDER,
    NoDescription,
    description_words,
    is_intact,
    seal,
)

TEXT = f"global\n    description hitless.edge {PLACEHOLDER}\n    nbthread {{}}\n"


def test_the_digest_is_that_of_the_text_with_the_placeholder() -> None:
    """So everybody can compute it from the file."""
    text = TEXT.format(2)
    sealed = seal(text)
    assert sealed.digest == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert sealed.text == text.replace(PLACEHOLDER, sealed.digest)


def test_sealing_twice_is_sealing_once() -> None:
    """A sealed text has the digest that it carries."""
    sealed = seal(TEXT.format(2))
    assert seal(sealed.text) == sealed


def test_two_texts_have_two_digests() -> None:
    """The check can fail."""
    assert seal(TEXT.format(2)).digest != seal(TEXT.format(3)).digest


@pytest.mark.parametrize("text", ["global\n", TEXT.format(1) * 2, "# description hitless.edge"])
def test_a_lost_description_is_named(text: str) -> None:
    """A template that leaves it out, or has it twice, is told which line it needs."""
    with pytest.raises(NoDescription, match=r"description hitless\.edge 0{16}"):
        seal(text)


def test_the_words_fit_the_line() -> None:
    """What is compiled is what is looked for."""
    assert " ".join(description_words()) in TEXT


def test_an_edit_breaks_the_seal() -> None:
    """The description stays and proves nothing; a foreign config never proved anything."""
    sealed = seal(TEXT.format(2)).text
    assert is_intact(sealed)
    assert not is_intact(sealed + "# more\n")
    assert not is_intact(sealed + "# \udcff\n")
    assert not is_intact("global\n")
