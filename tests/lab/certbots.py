# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""certbot on a fleet, as tests make its certificates due and look at what it keeps."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from fleet_view import Balancer, Fleet
from renewals import HAVE_IT_RENEWED, HOME, WINDOW_THAT_IS_OVER, Renewals
from testinfra.host import Host

UNIT = "certbot"
CONFIG = "/etc/letsencrypt"
COMMAND = "/opt/certbot/bin/certbot"
DIRECTORY = "https://edge-ca:14000/dir"
# Between two runs of the timer: certbot lets nobody in beside itself, and writes what it knows.
PAUSE = f"""
systemctl stop {UNIT}.timer
while systemctl show -p ActiveState {UNIT}.service | grep -q activating; do sleep 0.1; done
"""
GO_ON = f"systemctl start {UNIT}.timer"
ASK_ANEW = f"""
{PAUSE}
rm -f {HOME}/certbot-renewal-info.json
for file in {CONFIG}/renewal/*.conf; do sed -i '/^.acme_renewal_info/,$d' "$file"; done
{GO_ON}
"""
REFUSED_NONCE = "anti-replay nonce"
"""The lab's Pebble refuses five of a hundred good ones; certbot gives up after the second."""


@dataclass(frozen=True)
class Certbots:
    """The certbots of all issuers."""

    fleet: Fleet
    renewals: Renewals

    def make_due(self, *names: str, balancers: Sequence[Balancer] = ()) -> None:
        """Have the CA want these certificates renewed, and all (or these) hosts ask it anew."""
        hosts = balancers or self.fleet.balancers
        for name in names:
            line = f"due {hosts[0].address} {name} {shlex.quote(WINDOW_THAT_IS_OVER)}"
            self.fleet.ca.check_output(f"sh -c {shlex.quote(HAVE_IT_RENEWED)} {line}")
        for each in hosts:
            each.host.check_output(ASK_ANEW)

    def lineages(self, host: Host) -> list[str]:
        """What certbot renews on a host, be it its turn or not."""
        return sorted(host.check_output(f"ls {CONFIG}/renewal").split())

    def fingerprint(self, host: Host, lineage: str) -> str:
        """Of the version that certbot holds for the present one."""
        path = f"{CONFIG}/live/{lineage}/cert.pem"
        said = host.check_output(f"openssl x509 -in {path} -noout -fingerprint -sha256")
        return str(said.partition("=")[2].replace(":", ""))

    def may_renew(self, host: Host, lineage: str) -> bool:
        """Whether certbot may renew it on this host now, by what its file says."""
        return host.run(f"grep -q autorenew {CONFIG}/renewal/{lineage}.conf").rc != 0

    def knows_due(self, host: Host, name: str) -> bool:
        """Whether a host has seen that a certificate is due."""
        return host.run(f"grep -q {name}/ {HOME}/certbot-due.json").rc == 0

    def rehearse(self, host: Host) -> str:
        """`certbot renew --dry-run`, to its end; what it says."""
        line = (
            f"REQUESTS_CA_BUNDLE=/etc/lab/acme-ca.pem {COMMAND} renew --dry-run"
            f" --no-random-sleep-on-renew --server {DIRECTORY}"
        )
        host.check_output(PAUSE)
        for _unused in range(5):
            said = host.run(line)
            if said.rc == 0 or REFUSED_NONCE not in said.stdout + said.stderr:
                break
        host.check_output(GO_ON)
        return str(said.stdout + said.stderr)

    def log(self, host: Host) -> str:
        """The end of its unit's journal, for a test that failed."""
        return self.renewals.log(host, UNIT)
