# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same things have the same names everywhere."""

from __future__ import annotations

from datetime import timedelta, timezone

from ansible_collections.hitless.edge.plugins.module_utils._command.words import (
    TAKEN,
    label_of,
    moment,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import Action, Answer
from fakes import NOON


def test_times_are_told_with_their_zone() -> None:
    """Whatever zone they come in."""
    assert moment(NOON) == "2026-11-22 12:00 UTC"
    assert moment(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-11-22 12:00 UTC"


def test_a_bundle_is_named_with_its_key_type() -> None:
    """There may be two of a name."""
    answer = Answer("a.test", KeyType.RSA, Action.HELD)
    assert label_of(answer) == "certificate a.test (rsa)"


def test_every_way_to_take_a_bundle_has_words() -> None:
    """Those that are not in it change nothing."""
    assert set(Action) - set(TAKEN) == {
        Action.HELD,
        Action.LACKING,
        Action.NEWER,
        Action.REFUSED,
    }
