#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: old_renewals
short_description: Name, or remove, what else renews certificates on a host
description:
  - A host that was set up by hand renews its certificates by a cron entry, often one that stops
    HAProxy meanwhile. Where this collection takes over, that entry drops requests for nothing.
  - Looks at C(/etc/crontab), C(/etc/cron.d), C(/etc/cron.hourly) and so on, the crontabs of users,
    the scripts that they call, and the timers of certbot's packages. What belongs to this
    collection, and what does nothing under systemd, is passed over.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
attributes:
  check_mode:
    description: Names what would be removed.
    support: full
  diff_mode:
    description: Shows the entries.
    support: full
options:
  state:
    description:
      - With V(present) they are named, each in a warning, and left alone.
      - With V(absent) lines and scripts are removed and timers disabled. What the files held is
        kept in C(/var/backups/hitless-edge).
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Name what else renews certificates
  hitless.edge.old_renewals:

- name: Remove it
  hitless.edge.old_renewals:
    state: absent
"""

RETURN = r"""
entries:
  description: What was found.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Where it stands.
      type: str
      choices: [cron, crontab, script, timer]
      sample: cron
    path: {description: The file or the unit., type: str, sample: /etc/cron.d/renew}
    line: {description: Line of the file; V(0) for a whole file or unit., type: int, sample: 3}
    text:
      description: The entry.
      type: str
      sample: 30 2 * * * root certbot renew --pre-hook "systemctl stop haproxy"
    stops: {description: Whether it stops HAProxy., type: bool, sample: true}
"""

from ..module_utils._core.change import Change
from ..module_utils._core.module import ArgumentSpec, run
from ..module_utils._core.ports import Ports
from ..module_utils._edge.old_renewals import find, remove

REMEDY = "have it removed with renewal_remove_old: true"


def spec() -> ArgumentSpec:
    """The options."""
    states = ["present", "absent"]
    return ArgumentSpec({"state": {"type": "str", "choices": states, "default": "present"}})


def ensure(ports: Ports, state: str) -> Change:
    """Find them; remove them if asked."""
    found = find(ports.files)
    before = {entry.place: entry.text for entry in found}
    result = {"entries": [{**vars(entry), "kind": entry.kind.value} for entry in found]}
    if state == "present":
        warnings = tuple(f"{entry.words}; {REMEDY}" for entry in found)
        return Change(before=before, after=before, result=result, warnings=warnings)

    def apply() -> dict[str, object]:
        remove(ports, found)
        return {}

    return Change(before=before, after={}, result=result, apply=apply)


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, module.params["state"]))


if __name__ == "__main__":
    main()
