#!/usr/bin/python
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_bundles
short_description: Have HAProxy serve just these certificates, without a reload
description:
  - Brings all certificate bundles of a balancer to what is wished, in one call. Files first (each
    checked, 0600, atomic), then an explicit crt-list, then the running process by its Runtime API.
  - The running process is the truth. A bundle that is right on disk and not served, because an
    earlier run was killed or HAProxy was down, is brought into the process.
  - A bundle that is faulty (its key does not match, its chain is out of order, a domain is not
    covered, it is not valid now) is refused and named when the module fails at its end. What was
    there stays, and the other bundles are delivered.
  - Only files that this module put there are ever removed. Other files in the folder and other
    lines of the crt-list are left alone.
  - What cannot be done in the running process, such as a bundle larger than HAProxy's buffer, is
    done by one synchronous reload.
author:
  - The hitless.edge authors (@hitless)
version_added: 0.1.0
requirements:
  - cryptography >= 38 on the balancer
attributes:
  check_mode:
    description:
      - Tells what would be done, and fails as the run would.
      - A bundle that is lacking and has a wanted fingerprint counts as a change in check mode only.
    support: full
  diff_mode:
    description: Shows domains, dates and fingerprints; never key bytes.
    support: full
options:
  bundles:
    description:
      - All bundles that the balancer shall serve.
      - An empty list makes the folder and an empty crt-list, with which HAProxy starts if its
        C(bind) says C(strict-sni).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the certificate; its file is C(NAME.KEY_TYPE.pem).
        type: str
        required: true
      key_type:
        description: Kind of its key.
        type: str
        choices: [ecdsa, rsa]
        required: true
      domains:
        description: Domains (A-labels) and IP addresses that it must be valid for.
        type: list
        elements: str
        required: true
      fingerprint:
        description:
          - SHA-256 fingerprint of the wanted leaf certificate, in hexadecimal without colons.
          - Without it, a bundle that is there is right, and O(bundles[].pem) replaces it.
        type: str
      not_before:
        description:
          - When the wanted certificate begins, as ISO 8601 with a zone.
          - With it, a bundle of ours that is held stays if it begins later (or at the same moment,
            with the greater fingerprint), is valid now, of a CA, and covers O(bundles[].domains),
            as another issuer may have renewed it. It is named in RV(newer), and no failure.
          - Without it, the wanted certificate replaces any other, be it newer.
        type: str
      pem:
        description:
          - Key, leaf and chain in PEM.
          - Without it, a bundle that is not there with the wanted fingerprint is named in
            RV(lacking), and what is there stays.
        type: str
  purge:
    description: Whether bundles that the module delivered earlier and that are not listed leave.
    type: bool
    default: true
  purge_everything:
    description:
      - Whether O(purge) may remove all that was delivered, which is what an empty O(bundles) asks
        for. Without it the module refuses, as the list is more likely empty by mistake.
    type: bool
    default: false
  default_certificate:
    description:
      - Whether to make a self-signed certificate on the balancer and to keep it on the first line
        of the crt-list, where HAProxy takes its default certificate from.
      - It is served to clients that name no known host, if the C(bind) does not say C(strict-sni).
    type: bool
    default: false
  adopt:
    description:
      - Folders in which to look for a key with certificate that somebody else put there, where
        nothing of a wished certificate is at hand; combined PEM files, or certbot's
        C(live/NAME/{privkey,fullchain}.pem).
      - For a host that was set up by hand, so that it serves on what it serves now, as soon as its
        HAProxy gets a config of this collection. What is wished may have more names or another
        kind of key; a bundle that is delivered later takes its place.
    type: list
    elements: path
    default: []
  directory:
    description: Folder of the bundles, of C(.crt-list.txt) and of the manifest.
    type: path
    default: /etc/haproxy/ssl
  runtime_socket:
    description: HAProxy's Runtime API, at level admin.
    type: path
    default: /run/haproxy/admin.sock
  master_socket:
    description: Command line of HAProxy's master process.
    type: path
    default: /run/haproxy-master.sock
"""

EXAMPLES = r"""
- name: Make a place for certificates, so that HAProxy can start before the first one exists
  hitless.edge.certificate_bundles:
    bundles: []
    purge: false

- name: See which bundles the balancer lacks
  hitless.edge.certificate_bundles:
    bundles:
      - name: wizardry.io
        key_type: ecdsa
        domains: [wizardry.io, www.wizardry.io]
        fingerprint: 4D2E1E1B5C3B0B7A3F9E5D1C2B4A69788796A5B4C3D2E1F00F1E2D3C4B5A6978
  check_mode: true
  register: bundles

- name: Deliver a certificate of one's own
  hitless.edge.certificate_bundles:
    bundles:
      - name: wizardry.io
        key_type: ecdsa
        domains: [wizardry.io]
        pem: "{{ lookup('ansible.builtin.file', 'wizardry.io.pem') }}"
"""

RETURN = r"""
bundles:
  description: What was done with each bundle and why; in check mode what would be done.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the certificate; C(_default) is the default certificate.
      type: str
      returned: always
      sample: wizardry.io
    key_type:
      description: Kind of its key.
      type: str
      returned: always
      sample: ecdsa
    action:
      description:
        - V(unchanged), V(newer) (than the wanted one, so it stays), V(written) (files only),
          V(swapped) or V(added) in the running process, V(removed), V(lacking) (wanted and not at
          hand), or V(refused) (faulty).
      type: str
      returned: always
      sample: swapped
    reason:
      description: Why; empty if there is nothing to say.
      type: str
      returned: always
      sample: holds certificate 4D2E1E1B5C3B0B7A…, wanted is 9AF15B336E6A9619…
    fingerprint:
      description: SHA-256 fingerprint of the leaf, V(none) if there is no readable one.
      type: str
      returned: always
      sample: 4D2E1E1B5C3B0B7A3F9E5D1C2B4A69788796A5B4C3D2E1F00F1E2D3C4B5A6978
    not_after:
      description: When it ends.
      type: str
      returned: always
      sample: "2027-02-20T12:00:00+00:00"
lacking:
  description: Name and key type of each bundle that is wanted, not there, and came without PEM.
  returned: always
  type: list
  elements: list
  sample: [[wizardry.io, ecdsa]]
newer:
  description: What is held and newer than what is wanted, see O(bundles[].not_before).
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Name of the certificate., type: str, sample: wizardry.io}
    key_type: {description: Kind of its key., type: str, sample: ecdsa}
    fingerprint:
      description: SHA-256 fingerprint of the leaf that is held.
      type: str
      sample: 4D2E1E1B5C3B0B7A3F9E5D1C2B4A69788796A5B4C3D2E1F00F1E2D3C4B5A6978
  sample: []
would_change:
  description:
    - Whether there was, or in check mode is, anything to do. In check mode the same as C(changed),
      for a task that only looks and does not count as a change (C(changed_when=false)).
  returned: always
  type: bool
  sample: true
hot:
  description: Whether the running HAProxy serves all this without having been reloaded for it.
  returned: always
  type: bool
  sample: true
reloaded:
  description: Whether a reload was needed, and made.
  returned: always
  type: bool
  sample: false
reasons:
  description: Why it is not RV(hot).
  returned: always
  type: list
  elements: str
  sample: [HAProxy does not run]
"""

from functools import partial

from ansible_collections.hitless.edge.plugins.module_utils._core.change import Change
from ansible_collections.hitless.edge.plugins.module_utils._core.module import ArgumentSpec, run
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Ports
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery import shown
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.carry_out import (
    deliver,
    failure,
    foresee,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.plan import (
    plan_delivery,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.reload_live import (
    reload_live,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    Wish,
    parse_wish,
)


def spec() -> ArgumentSpec:
    """The options."""
    bundle = {
        "name": {"type": "str", "required": True},
        "key_type": {"type": "str", "choices": ["ecdsa", "rsa"], "required": True},
        "domains": {"type": "list", "elements": "str", "required": True},
        "fingerprint": {"type": "str"},
        "not_before": {"type": "str"},
        "pem": {"type": "str", "no_log": True},
    }
    return ArgumentSpec(
        {
            "bundles": {"type": "list", "elements": "dict", "required": True, "options": bundle},
            "purge": {"type": "bool", "default": True},
            "purge_everything": {"type": "bool", "default": False},
            "default_certificate": {"type": "bool", "default": False},
            "adopt": {"type": "list", "elements": "path", "default": []},
            "directory": {"type": "path", "default": "/etc/haproxy/ssl"},
            "runtime_socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "master_socket": {"type": "path", "default": "/run/haproxy-master.sock"},
        }
    )


def ensure(ports: Ports, wish: Wish) -> Change:
    """Compare files and process with the wish."""
    plan = plan_delivery(ports, wish)
    before, after = shown.before(plan), shown.after(plan, with_lacking=True)
    is_needed = before != after
    result = {**foresee(plan), "would_change": is_needed}
    told = {**result, "changed": is_needed}
    return Change(
        before=before,
        after=after,
        result=result,
        apply=partial(deliver, ports, wish, partial(reload_live, ports, wish.layout)),
        failure=failure(plan.faults, told) if plan.faults else None,
    )


def main() -> None:
    """Run."""
    module = spec().create(supports_check_mode=True)
    run(module, lambda ports: ensure(ports, parse(module.params, "", parse_wish)))


if __name__ == "__main__":
    main()
