# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change as a value: what is, what shall be, and the one function that gets there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Union

from .errors import EdgeError

Shown = Union[str, Mapping[str, Any]]
"""What a diff shows of one thing: text, or fields. Meaning only; never key bytes."""


def do_nothing() -> Mapping[str, Any]:
    """The step of a change that needs none."""
    return {}


@dataclass(frozen=True)
class Change:
    """What a module found and what it would do.

    ``before`` and ``after``: header of a diff -> what is there; an absent header means absent.
    ``result``: what is known before the change is made (check mode returns just this).
    ``apply``: makes the change, returns what only the change could tell; laid over ``result``.
    Its ``warnings`` are shown as such.
    ``failure``: what the module ends in although the rest is done, in check mode too.
    """

    before: Mapping[str, Shown] = field(default_factory=dict)
    after: Mapping[str, Shown] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    apply: Callable[[], Mapping[str, Any]] = do_nothing
    warnings: tuple[str, ...] = ()
    failure: EdgeError | None = None

    @property
    def is_needed(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after

    def diff(self) -> list[dict[str, Any]]:
        """Ansible's list of diffs, one for each header that differs."""
        return [
            {
                "before_header": header,
                "after_header": header,
                "before": self.before.get(header, ""),
                "after": self.after.get(header, ""),
            }
            for header in sorted({*self.before, *self.after})
            if self.before.get(header) != self.after.get(header)
        ]
