# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse, don't validate: a cursor over what a user wrote that collects every fault with its path.

```
def parse_server(reader: Reader) -> Server:
    reader.allow("name", "port")
    return Server(name=reader["name"].text(), port=reader["port"].integer(1, 65535, default=80))

server = parse(value, "haproxy_servers[0]", parse_server)     # raises InvalidInput with all faults
```
A method that finds a fault records it and returns a placeholder of its type, so that parsing goes
on and finds the next; `parse` raises at the end and no placeholder escapes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import Enum
from typing import Any, Callable, TypeVar

from .errors import Fault, InvalidInput

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

CONTROL_CHARACTERS = frozenset(chr(code) for code in [*range(0x20), 0x7F, 0x85, 0x2028, 0x2029])


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """``did you mean "ghost"?``, or nothing if no word is near."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f'did you mean "{near[0]}"?' if near else ""


def _said(value: Any) -> str:
    """The value in the words of users: Ansible's own types have names that nobody wrote."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    nouns = {str: "a string", int: "a number", float: "a number"}
    noun = next((noun for kind, noun in nouns.items() if isinstance(value, kind)), "a value")
    shown = str(value)[:60]
    return f"{noun} ({shown!r})" if noun != "a number" else f"{noun} ({shown})"


class Reader:
    """A value at a path, and the list that collects faults."""

    def __init__(self, value: Any, path: str, faults: list[Fault]) -> None:
        self.value = value
        self.path = path
        self.faults = faults
        self.is_rejected = False

    def fault(self, cause: str, remedy: str = "") -> None:
        """Record a fault of this value, unless it was rejected."""
        if not self.is_rejected:
            self.faults.append(Fault(self.path, cause, remedy))

    def reject(self, cause: str, remedy: str = "") -> None:
        """Record a fault that leaves nothing more to say of this value."""
        self.fault(cause, remedy)
        self.is_rejected = True

    @property
    def is_given(self) -> bool:
        """Whether there is a value other than null."""
        return self.value is not None

    def _typed(self, types: Any, noun: str, placeholder: T) -> Any:
        wrong_bool = isinstance(self.value, bool) and types is not bool
        if isinstance(self.value, types) and not wrong_bool:
            return self.value
        self.reject(f"{_said(self.value)} is not {noun}")
        return placeholder

    def __getitem__(self, name: str) -> Reader:
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return Reader(value, f"{self.path}.{name}" if self.path else name, self.faults)

    def allow(self, *names: str) -> None:
        """Demand a mapping that has no other keys."""
        mapping = self._typed(dict, "a mapping", {})
        for name in mapping:
            if name not in names:
                hint = did_you_mean(str(name), names) or f"known are {', '.join(sorted(names))}"
                self[str(name)].fault(f'"{name}" is not an option here', hint)

    def items(self) -> tuple[Reader, ...]:
        """The elements of a list; none if null."""
        if self.value is None:
            return ()
        values = self._typed((list, tuple), "a list", [])
        return tuple(
            Reader(value, f"{self.path}[{index}]", self.faults)
            for index, value in enumerate(values)
        )

    def lines(self) -> tuple[Reader, ...]:
        """The elements of a list of lines, or the lines of a block of text that are not blank."""
        if not isinstance(self.value, str):
            return self.items()
        return tuple(
            Reader(line, f"{self.path} line {number}", self.faults)
            for number, line in enumerate(self.value.split("\n"), start=1)
            if line.strip()
        )

    def entries(self) -> tuple[tuple[str, Reader], ...]:
        """The keys and values of a mapping; none if null."""
        if self.value is None:
            return ()
        mapping = self._typed(dict, "a mapping", {})
        return tuple((str(name), self[name]) for name in mapping)

    def text(self, default: str | None = None, *, tabs: bool = False) -> str:
        """A string without control characters (``tabs``: but tabs), not empty."""
        if self.value is None and default is not None:
            return default
        text: str = self._typed(str, "a string", "placeholder")
        if not text.strip():
            self.reject("is empty")
        bad = sorted(CONTROL_CHARACTERS.intersection(text.replace("\t", " ") if tabs else text))
        if bad:
            self.reject(
                f"{text[:60]!r} holds the control character {bad[0]!r}", "write it on one line"
            )
        return text

    def integer(self, minimum: int, maximum: int, default: int | None = None) -> int:
        """A whole number within bounds; digits in a string count, as templates give them."""
        if self.value is None and default is not None:
            return default
        value = self.value
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value.strip()[:20])
        number: int = Reader(value, self.path, self.faults)._typed(int, "a whole number", minimum)
        if not minimum <= number <= maximum:
            self.fault(f"{number} is out of range ({minimum}-{maximum})")
        return number

    def boolean(self, default: bool | None = None) -> bool:
        """True or false."""
        if self.value is None and default is not None:
            return default
        return bool(self._typed(bool, "true or false", False))

    def choice(self, kind: type[E], default: E | None = None) -> E:
        """A member of an enum, by its value."""
        if self.value is None and default is not None:
            return default
        values = [str(member.value) for member in kind]
        if isinstance(self.value, str) and self.value in values:
            return kind(self.value)
        hint = did_you_mean(str(self.value), values) or f"one of {', '.join(values)}"
        self.reject(f"{str(self.value)[:60]!r} is not a choice", hint)
        return next(iter(kind))


def parse(value: Any, path: str, function: Callable[[Reader], T]) -> T:
    """Apply a parse function to untrusted data.

    Raises: `InvalidInput` with every fault found.
    """
    faults: list[Fault] = []
    result = function(Reader(value, path, faults))
    if faults:
        raise InvalidInput(tuple(dict.fromkeys(faults)))  # a value may be read twice
    return result
