# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `--help` says, in the sections of a manual page."""

from __future__ import annotations

DESCRIPTION = """\
Keeps the certificates of a fleet of HAProxy balancers valid, on the hosts
themselves: no control node takes part. It was put here, with its settings and
its systemd timers, by the Ansible collection hitless.edge."""

EPILOG = """\
`hitless-edge VERB --help` tells more of each.

EXIT STATUS
  0    all is well
  1    something needs attention; the output tells what
  2    wrong usage, or settings that cannot be read; nothing was done
  70   a fault of this program; its traceback is in the journal
  75   another run holds the lock; try again later
  255  `certbot turn` only: it could not be found out (see there)

FILES
  /etc/hitless-edge/settings.json  what is wished for, and by whom; written by
                                   the play, the same on all hosts
  /etc/hitless-edge/known_hosts    host keys of the fleet, from the play
  HOME                             `home` of the settings, /var/lib/hitless-edge
  HOME/account/                    key and registrations of the ACME account
  HOME/certificates/               the store: NAME/KEYTYPE.pem, with .json
  HOME/orders/                     orders under way; the next run goes on there
  HOME/ledger.jsonl                what was ordered in the last seven days
  HOME/due.json                    since when certificates are seen to be due
  HOME/push/id_ed25519             the key with which this issuer pushes
  HOME/status/                     what the last runs did
  /etc/haproxy/ssl/                what HAProxy loads: NAME.KEYTYPE.pem
  /run/hitless-edge.lock           held by whoever changes HAProxy

ENVIRONMENT
  JOURNAL_STREAM        set by systemd: events go to the journal
  SSH_CONNECTION, SSH_ORIGINAL_COMMAND
                        set by sshd: who asks, and for what
  RENEWED_LINEAGE       set by certbot: what `certbot deployed` takes
  No PYTHON* variable has an effect.

EXAMPLES
  hitless-edge status
      How things are: certificates, days left, what other hosts hold.
  sudo -u hitless hitless-edge renew --dry-run
      Whether a renewal would work now, without using up any limit.
  sudo -u hitless hitless-edge renew --force wizardry.io
      A new certificate although the old one is good, say after a key was lost.
  journalctl -t hitless-edge
      What was done, one line for each event; also what other hosts brought.
  journalctl -u 'hitless-edge-*'
      What systemd says of the runs by the timers, beside their own lines."""

RENEW = """\
Renews every certificate that is due and whose turn is this host's, then brings
every other host up to date. Run by hitless-edge-renew.timer on issuers as the
user hitless. It asks the others first what they hold, so it never orders what
somebody else has renewed. The first issuer acts at once; each standby waits one
delay longer, and so acts only if those before it did not. A run that was killed
is finished by the next one."""
RENEW_EPILOG = """\
EXAMPLES
  sudo -u hitless hitless-edge renew --dry-run
  sudo -u hitless hitless-edge renew --force
  sudo -u hitless hitless-edge renew --force wizardry.io www.example.org"""

PUSH = """\
The last part of `renew` alone: asks every other host what it lacks of the store
of this host, and delivers just that. A host that does not answer is tried again
at each run."""

RECEIVE = """\
Takes one request on standard input (JSON, at most 8 MiB, at most 60 s) and
writes one reply to standard output. It is what sshd runs for the push keys of
the issuers; nobody needs to call it. The sender is not believed in anything: a
bundle is taken only if it is wished for on this host, its key matches, its
chain leads to a root of a listed CA, and it is newer than the one held. What is
refused is told with its reason, and the old certificate stays."""

SYNC = """\
Brings the running HAProxy in line with the certificates on disk, without a
reload wherever that can be. Run as root by hitless-edge-sync.timer on all
hosts: it finishes what `receive`, which is not root, could not."""

STATUS = """\
How things are on this host: what is wished for, on disk and served; days left;
what the last runs did and what other hosts lack. Reads only, and tells what it
may read. It exits with 1 if there is a problem, so that it can be a check; with
--prometheus and --textfile the figures tell of problems, and it exits with 0."""
STATUS_EPILOG = """\
EXAMPLES
  hitless-edge status
  hitless-edge status --json
  hitless-edge status --textfile /var/lib/prometheus/node-exporter/edge.prom"""

CERTBOT = "What certbot's unit and its deploy hook run, where certbot is a source."

TURN = """\
Lays into certbot's folder what it lacks of the store of this host, and tells by
its exit status whether certbot may renew now: 0 it may, 1 it is the turn of
another host (which is no failure), 75 another run is at work, 255 it could not
be found out. Made for ExecCondition= of systemd, which passes over the run at 1
to 254 and reports a failed unit at 255."""

DEPLOYED = """\
Takes a lineage that certbot has renewed into the store of this host, and pushes
it to the others. Run by certbot as a deploy hook."""
