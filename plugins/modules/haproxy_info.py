#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: Tell what HAProxy a host has, and what it does
description:
  - Version and features of the installed HAProxy, the digest of the config that runs, its proxies
    and servers with their state, and the certificates that it has loaded.
  - Never fails because HAProxy is not installed, or does not run.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
options:
  gather:
    description: What to ask the running process for, beside who it is. Nothing is quickest.
    type: list
    elements: str
    choices: [proxies, certificates]
    default: [proxies, certificates]
  certificate_details:
    description:
      - Whether to tell names, dates and fingerprint of each loaded certificate, which takes one
        question for each.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look at HAProxy
  hitless.edge.haproxy_info:
    certificate_details: true
  register: haproxy

- name: Show servers that are down
  ansible.builtin.debug:
    msg: "{{ haproxy.servers | selectattr('status', 'match', 'DOWN') | map(attribute='server') }}"
"""

RETURN = r"""
installed:
  description: Whether there is a C(haproxy) command.
  returned: always
  type: bool
  sample: true
version:
  description: Version of the command; empty if there is none.
  returned: always
  type: str
  sample: 3.0.11-1+deb13u5
openssl_version:
  description: The OpenSSL it runs on.
  returned: always
  type: str
  sample: OpenSSL 3.5.7 9 Jun 2026
features:
  description: Features that it was built with.
  returned: always
  type: list
  elements: str
  sample: [OPENSSL, LUA, PROMEX, QUIC]
ipv6:
  description: Whether the host has IPv6.
  returned: always
  type: bool
  sample: true
running:
  description: Whether it runs and answers.
  returned: always
  type: bool
  sample: true
running_version:
  description: Version of the process, which an upgrade without reload leaves behind.
  returned: always
  type: str
  sample: 3.0.11-1+deb13u5
digest:
  description: Digest of the config that runs; empty if it is not of this collection.
  returned: always
  type: str
  sample: 5f1d7a84db00d2fc
uptime_seconds:
  description: Age of the worker that serves.
  returned: always
  type: int
  sample: 86400
pid:
  description: Its process ID.
  returned: always
  type: int
  sample: 4711
proxies:
  description: Frontends and backends.
  returned: always
  type: list
  elements: dict
  contains:
    proxy:
      description: Name.
      type: str
      returned: always
      sample: https
    side:
      description: V(frontend) or V(backend).
      type: str
      returned: always
      sample: frontend
    status:
      description: As HAProxy says it.
      type: str
      returned: always
      sample: OPEN
    sessions:
      description: Sessions at the moment.
      type: int
      returned: always
      sample: 12
    sessions_total:
      description: Sessions since the start.
      type: int
      returned: always
      sample: 90210
    weight:
      description: Sum of the weights of its servers.
      type: int
      returned: always
      sample: 200
servers:
  description: Servers of all backends.
  returned: always
  type: list
  elements: dict
  contains:
    proxy:
      description: Name of the backend.
      type: str
      returned: always
      sample: web
    server:
      description: Name.
      type: str
      returned: always
      sample: web1
    status:
      description: As HAProxy says it.
      type: str
      returned: always
      sample: UP
    sessions:
      description: Sessions at the moment.
      type: int
      returned: always
      sample: 6
    sessions_total:
      description: Sessions since the start.
      type: int
      returned: always
      sample: 45105
    weight:
      description: Its weight.
      type: int
      returned: always
      sample: 100
certificates:
  description:
    - Certificates that are loaded, by file; the other fields with O(certificate_details=true).
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: Path that HAProxy knows it by.
      type: str
      returned: always
      sample: /etc/haproxy/ssl/wizardry.io.ecdsa.pem
    status:
      description: V(Used), V(Unused) or V(Empty).
      type: str
      returned: with details
      sample: Used
    names:
      description: Subject alternative names.
      type: str
      returned: with details
      sample: DNS:wizardry.io, DNS:www.wizardry.io
    not_before:
      description: Begin of its validity.
      type: str
      returned: with details
      sample: Nov 22 08:00:00 2026 GMT
    not_after:
      description: End of its validity.
      type: str
      returned: with details
      sample: Feb 20 08:00:00 2027 GMT
    serial:
      description: Serial number in hexadecimal.
      type: str
      returned: with details
      sample: 04F1C3
    sha1:
      description: SHA-1 fingerprint in hexadecimal.
      type: str
      returned: with details
      sample: 2FD4E1C67A2D28FCED849EE1BB76E7391B93EB12
    algorithm:
      description: Kind of its key.
      type: str
      returned: with details
      sample: EC256
    subject:
      description: Subject.
      type: str
      returned: with details
      sample: /CN=wizardry.io
    issuer:
      description: Issuer.
      type: str
      returned: with details
      sample: /C=US/O=Let's Encrypt/CN=E7
"""

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.inspection import Inspection


def spec() -> ArgumentSpec:
    """The options."""
    parts = ["proxies", "certificates"]
    return ArgumentSpec(
        {
            "gather": {"type": "list", "elements": "str", "choices": parts, "default": parts},
            "certificate_details": {"type": "bool", "default": False},
        }
    )


def ensure(inspection: Inspection) -> Change:
    """Look; there is nothing to change."""
    return Change(result=inspection.facts())


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(Inspection.from_params(ports, module.params)))


if __name__ == "__main__":
    main()
