# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed on standard output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def as_json(document: Any) -> str:
    """For programs; the keys in the order in which people would tell them."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Columns as wide as they have to be."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return tuple("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
