# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model becomes a config and maps. Pure: one model, one build, one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .compile_backends import compile_backends
from .compile_frontends import compile_frontends
from .compile_settings import DEFAULTS, HTTP_DEFAULTS, compile_settings
from .layout import Layout
from .maps import Thumbprints, compile_maps
from .model.sections import PROXIES
from .model.wish import Model
from .quoting import quote
from .text import Config, Line, Section
from .versions import Build

PREAMBLE = ("Written by hitless.edge; what is changed here by hand is replaced at the next run.",)


@dataclass(frozen=True)
class Compiled:
    """What a balancer shall run. ``maps``: file name -> content."""

    config: Config
    maps: Mapping[str, str]


def compile_model(
    model: Model, build: Build, *, layout: Layout, thumbprints: Thumbprints
) -> Compiled:
    """The config and maps of a model, for one build of HAProxy."""
    return Compiled(
        config=Config(
            sections=(
                *compile_settings(model, build, layout),
                *compile_frontends(model, layout),
                *compile_backends(model),
                *_with_defaults(model.sections),
            ),
            preamble=tuple(Line((), comment) for comment in PREAMBLE),
        ),
        maps=compile_maps(model, thumbprints),
    )


def _with_defaults(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Raw proxies say what they inherit, unless a raw ``defaults`` before them is meant.

    Those of ``mode tcp`` take no HTTP options, which HAProxy would warn of.
    """
    done = []
    own_defaults = False
    for section in sections:
        own_defaults = own_defaults or section.kind == "defaults"
        is_explicit = own_defaults or "from" in section.header.words
        done.append(section if is_explicit or section.kind not in PROXIES else _inherit(section))
    return tuple(done)


def _inherit(section: Section) -> Section:
    is_tcp = any(line.words[:2] == ("mode", "tcp") for line in section.lines)
    source = quote(DEFAULTS if is_tcp else HTTP_DEFAULTS)
    header = section.header
    sources = (*header.sources, "from", source)
    return Section(Line(sources, header.comment, header.origin), section.lines)


def origin_of(config: Config, text: str, number: int) -> str:
    """The variable that a line of the rendered text comes from; empty where it has none.

    ``number``: from 1. The text may be laid out by a template: a line is found again by what it
    says, and among equal ones by its turn.
    """
    written = [line.strip() for line in text.split("\n")]
    if not 1 <= number <= len(written):
        return ""
    wanted = written[number - 1]
    turn = written[: number - 1].count(wanted)
    same = [line for line in config.lines if str(line) == wanted]
    return same[turn].origin if turn < len(same) else ""
