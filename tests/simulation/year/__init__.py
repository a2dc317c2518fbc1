# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A year of renewals in minutes: the real domain code on three hosts in memory, and bad luck.

`python -m year --seed 1 --days 365`; docs in the modules:

    fleet.py      what is wished: the certificates, the names, the settings of each host
    authority.py  the CA: profiles, renewal information, Let's Encrypt's limits, validation
    machine.py    a host: its files, its HAProxy, its processes that may be killed
    trouble.py    what goes wrong when, out of a seed; and what is never asked of the fleet
    world.py      time, timers, connections, name service
    checks.py     what must hold after every step
    figures.py    what is counted, and the last line
"""
