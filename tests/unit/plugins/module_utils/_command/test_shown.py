# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed can be read."""

from __future__ import annotations

import json

from ansible_collections.hitless.edge.plugins.module_utils._command.shown import as_json, as_table


def test_a_table_has_straight_columns() -> None:
    """As wide as their longest word, and no blanks at the ends of lines."""
    assert as_table(("name", "state"), [("a", "ok"), ("wizardry.io", "")]) == (
        "name         state",
        "a            ok",
        "wizardry.io",
    )


def test_json_keeps_letters_and_order() -> None:
    """For people who read it, too."""
    document = {"b": "ä…", "a": [1, None]}
    assert json.loads(as_json(document)) == document
    assert as_json(document).index('"b"') < as_json(document).index('"a"')
    assert "ä…" in as_json(document)
