# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A year of renewals in minutes: the real domain code on three hosts in memory, and bad luck.

    make simulate-year SEED=1 DAYS=365

What is simulated is only what lies outside of the domain: time, files, HAProxy's Runtime API,
connections, the name service, the CA (whose protocol, signatures and certificates are real, as is
the `openssl` that judges them). Processes of different hosts do not overlap; threads of one do.

    plan.py        what one run is to be
    fleet.py       what is wished: the certificates, the names, the settings of each host
    trouble.py     what goes wrong when, out of a seed; and what is never asked of the fleet
    disasters.py   ... as it begins and ends
    authority.py   the CA: profiles, renewal information, validation; mint.py, limits.py
    machine.py     a host and its processes; parts.py, told.py
    world.py       time, timers, connections
    checks.py      what must hold after every step
    run.py         all of it together, and the figures
"""
