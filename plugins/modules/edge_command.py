#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_command
short_description: Put the command hitless-edge on a host
description:
  - Packs the libraries of this collection, as they are on the controller, into one executable file
    and puts it on the host. The command renews, receives and watches certificates there without a
    control node; it is the code of the modules, not a second one.
  - The same version of the collection gives the same file, byte by byte, so a second run changes
    nothing.
  - The file is run once on the host, with C(--version), before it takes the place of another one.
  - It belongs to root and may be run by everybody (mode V(0755)).
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
requirements:
  - Python >= 3.9 and cryptography >= 38 on the host; on issuers Python >= 3.10 and acme >= 5
attributes:
  check_mode:
    description: Predicts the change.
    support: full
  diff_mode:
    description: The file is binary, so only the fact of the change is shown.
    support: partial
options:
  path:
    description: Where the command shall be.
    type: path
    default: /usr/local/bin/hitless-edge
  interpreter:
    description:
      - Path of the Python on the host that runs it. On an issuer that of the environment that holds
        C(acme), on other balancers the distribution's.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Install the command on an issuer
  hitless.edge.edge_command:
    interpreter: /opt/hitless-edge/bin/python

- name: Install the command on a host that only balances
  hitless.edge.edge_command:
    interpreter: /usr/bin/python3
"""

RETURN = r"""
path:
  description: Where the command is.
  returned: success
  type: str
  sample: /usr/local/bin/hitless-edge
version:
  description: Its version, that of the collection.
  returned: success
  type: str
  sample: 0.1.0
sha256:
  description: Digest of the file.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

from ..module_utils._core.change import Change
from ..module_utils._core.errors import EdgeError
from ..module_utils._core.module import ArgumentSpec, run


def spec() -> ArgumentSpec:
    """The options, all of which the action plugin of the same name takes."""
    return ArgumentSpec(
        {
            "path": {"type": "path", "default": "/usr/local/bin/hitless-edge"},
            "interpreter": {"type": "path", "required": True},
        }
    )


def ensure() -> Change:
    """Tell who does it.

    Raises: `EdgeError`, always: a host does not have the collection's sources.
    """
    raise EdgeError("the command is packed on the controller: run this as a task of a play")


def main() -> None:
    """Entry point."""
    run(spec().create(), lambda _ports: ensure())


if __name__ == "__main__":
    main()
