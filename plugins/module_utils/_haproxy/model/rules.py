# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raw lines of a site, held to that site's requests.

All sites share the frontends; a line of one must not touch the others. So each rule's condition is
taken apart (``or`` of clauses, a clause being terms that must all hold; manual §7.2) and the test
of the site is put before every clause. ``unless`` is turned into ``if`` by De Morgan's law.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace

from ..._core.errors import EdgeError
from ..quoting import quote, unquote
from ..text import Line

CONDITIONAL = frozenset(
    {"http-request", "http-response", "http-after-response", "redirect", "use_backend"}
)
_LARGEST = 64


class NotConditional(EdgeError):
    """The line cannot be held to one site; ``details`` has the remedy."""


@dataclass(frozen=True)
class Term:
    """One test: the name of an ACL, or ``{ … }``; sources as written, without the ``!``."""

    sources: tuple[str, ...]
    is_negated: bool = False

    def negate(self) -> Term:
        """The opposite."""
        return replace(self, is_negated=not self.is_negated)

    def under(self, site: str, acls: Collection[str]) -> Term:
        """With the name of an ACL of this site made the site's own."""
        name = unquote(self.sources[0])
        if len(self.sources) > 1 or name not in acls:
            return self
        return replace(self, sources=(quote(own_acl(site, name)),))

    def words(self) -> tuple[str, ...]:
        """As a line holds it."""
        return (("!",) if self.is_negated else ()) + self.sources


Clauses = tuple[tuple[Term, ...], ...]


@dataclass(frozen=True)
class Rule:
    """A rule without its condition, and the clauses of which one must hold (none: always)."""

    action: tuple[str, ...]
    clauses: Clauses
    comment: str
    origin: str

    @property
    def acl(self) -> str:
        """The name of the ACL that it declares, if it does."""
        return unquote(self.action[1]) if unquote(self.action[0]) == "acl" else ""

    def under(self, site: str, acls: Collection[str]) -> Line:
        """The line that acts for this site alone. ``acls``: names that the site declares."""
        if self.acl:
            sources = ("acl", quote(own_acl(site, self.acl)), *self.action[2:])
            return Line(sources, self.comment, self.origin)
        test = ("{", "var(txn.site)", "-m", "str", quote(site), "}")
        clauses = [
            (*test, *(word for term in clause for word in term.under(site, acls).words()))
            for clause in self.clauses or ((),)
        ]
        condition = [word for clause in clauses for word in ("or", *clause)][1:]
        return Line((*self.action, "if", *condition), self.comment, self.origin)


def own_acl(site: str, name: str) -> str:
    """ACLs of one name in one frontend are joined by HAProxy; each site has its own."""
    return f"{site}:{name}"


def parse_rule(line: Line) -> Rule:
    """The rule of a site's raw line.

    Raises: `NotConditional`.
    """
    words = line.words
    if not words or words[0] not in {*CONDITIONAL, "acl"}:
        raise NotConditional(
            f'"{words[0] if words else line}" cannot be held to one site',
            remedy="put it into the lines of a backend, of haproxy_listeners or of"
            f" haproxy_sections; here go acl, {', '.join(sorted(CONDITIONAL))}",
        )
    if words[0] == "acl":
        if len(words) < 3:
            raise NotConditional("an acl needs a name and a test", remedy="")
        return Rule(line.sources, (), line.comment, line.origin)
    position = _condition_at(words)
    if position is None:
        return Rule(line.sources, (), line.comment, line.origin)
    clauses = _clauses(line.sources[position + 1 :])
    if words[position] == "unless":
        clauses = _opposite(clauses)
    return Rule(line.sources[:position], clauses, line.comment, line.origin)


def _condition_at(words: tuple[str, ...]) -> int | None:
    """Where the condition's ``if`` or ``unless`` is: the last one that is not inside braces."""
    position, is_inside = None, False
    for index, word in enumerate(words):
        if word in {"{", "!{"}:
            is_inside = True
        elif word == "}":
            is_inside = False
        elif word in {"if", "unless"} and not is_inside and index > 1:
            position = index
    return position


def _clauses(sources: tuple[str, ...]) -> Clauses:
    clauses: list[list[Term]] = [[]]
    rest = list(sources)
    while rest:
        if unquote(rest[0]) in {"or", "||"}:
            rest.pop(0)
            clauses.append([])
        else:
            clauses[-1].append(_take_term(rest))
    if not all(clauses):
        raise NotConditional("a clause of the condition is empty", remedy="")
    return tuple(tuple(clause) for clause in clauses)


def _take_term(rest: list[str]) -> Term:
    word, is_negated = unquote(rest.pop(0)), False
    while word.startswith("!") and (word != "!" or rest):
        is_negated = not is_negated
        word = word[1:] or unquote(rest.pop(0))
    if word != "{":
        return Term((quote(word),), is_negated)
    words = [unquote(source) for source in rest]
    if "}" not in words:
        raise NotConditional("a { of the condition is not closed", remedy="")
    end = words.index("}") + 1
    inside = tuple(rest[:end])
    del rest[:end]
    return Term(("{", *inside), is_negated)


def _opposite(clauses: Clauses) -> Clauses:
    """De Morgan: not (A B or C) is (not A, not C) or (not B, not C)."""
    count = 1
    for clause in clauses:
        count *= len(clause)
    if count > _LARGEST:
        raise NotConditional("the condition is too long to be turned round", remedy='write "if"')
    return tuple(tuple(term.negate() for term in terms) for terms in itertools.product(*clauses))
