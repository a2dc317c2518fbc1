# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON objects that a CA sent, field by field: another shape than agreed is an error with words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .problems import Malformed

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Shape:
    """One object. ``url``: what answered it. ``what``: what it should be, e.g. ``an order``.

    A field that is absent or null is empty; one of another type raises `Malformed`.
    """

    document: Mapping[str, Any]
    url: str
    what: str

    def text(self, name: str) -> str:
        """A text."""
        value = self._value(name, str)
        return "" if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        found = tuple(self._value(name, list) or ())
        if not all(isinstance(item, str) for item in found):
            raise self.fault(name)
        return found

    def part(self, name: str) -> Shape:
        """An object."""
        return Shape(self._value(name, dict) or {}, self.url, self.what)

    def parts(self, name: str) -> tuple[Shape, ...]:
        """A list of objects."""
        found = tuple(self._value(name, list) or ())
        if not all(isinstance(item, dict) for item in found):
            raise self.fault(name)
        return tuple(Shape(item, self.url, self.what) for item in found)

    def fault(self, name: str) -> Malformed:
        """The error that this field is not what it should be."""
        shown = repr(self.document)[:SHOWN_CHARACTERS]
        value = repr(self.document.get(name))[:SHOWN_CHARACTERS]
        return Malformed(
            f"{self.url} answered {shown}, which is not {self.what}: {name} is {value}"
        )

    def _value(self, name: str, kind: type) -> Any:
        value = self.document.get(name)
        if value is not None and not isinstance(value, kind):
            raise self.fault(name)
        return value
