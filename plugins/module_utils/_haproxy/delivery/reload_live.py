# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reload that bundles need when the running process cannot take them."""

from __future__ import annotations

from dataclasses import replace

from ..._core.ports import Ports
from ..candidate import read_live, to_bytes
from ..layout import Layout
from ..masking import hide
from ..master import Verdict
from ..process import Service
from ..validation import Trial


def reload_live(ports: Ports, layout: Layout) -> Verdict:
    """Reload the config that is live, once it started on trial with the files as they are now.

    The caller holds the lock. Drains and weights set at run time are dumped before, and so kept.
    Raises: `Refused` with HAProxy's words if the trial fails; nothing was reloaded then.
    """
    candidate = read_live(ports.files, layout)
    if candidate is not None:
        Trial(ports, layout, candidate).run()
    service = Service(ports, layout)
    state = service.ask("show servers state")
    ports.files.write(layout.server_state, to_bytes(f"{state}\n"))
    verdict = service.master.reload()
    return replace(verdict, words=hide(verdict.words, candidate.config if candidate else ""))
