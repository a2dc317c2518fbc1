# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to hosts on bad days: cut off, a CA out of reach, a disk that is full or read-only.

By means that every host has (iproute2, mount), and that leave the way in from here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from fleet_view import Balancer, Fleet
from testinfra.host import Host

CA_PORT = 14000
TCP = 6  # by number: a bare Debian has no /etc/protocols


@contextmanager
def applied(host: Host, do: str, undo: str) -> Iterator[None]:
    """Something is so on a host, to the end of the block."""
    host.check_output(do)
    try:
        yield
    finally:
        host.check_output(undo)


@contextmanager
def cut_off(balancer: Balancer, others: Iterable[Balancer]) -> Iterator[None]:
    """No packet of this balancer reaches the others: they wait, and get no answer."""
    with ExitStack() as stack:
        for other in others:
            route = f"blackhole {other.address}/32"
            undo = f"ip route del {route}"
            stack.enter_context(applied(balancer.host, f"ip route add {route}", undo))
        yield


@contextmanager
def ca_out_of_reach(fleet: Fleet) -> Iterator[None]:
    """Nobody gets a connection to the CA; it still reaches the balancers, as validations do."""
    address = fleet.variables("edge-ca")["edge_address"]
    rule = f"to {address} ipproto {TCP} dport {CA_PORT} unreachable"
    with ExitStack() as stack:
        for balancer in fleet.balancers:
            do, undo = f"ip rule add {rule}", f"ip rule del {rule}"
            stack.enter_context(applied(balancer.host, do, undo))
        yield


@contextmanager
def full(host: Host, folder: str) -> Iterator[None]:
    """A folder on a file system of its own, with the same content and not one byte left.

    What was there before is there again afterwards.
    """
    do = f"""
        set -e
        copy=$(mktemp -d)
        cp -a {folder}/. $copy/
        mount -t tmpfs -o size=1m,mode=$(stat -c %a {folder}) tmpfs {folder}
        chown --reference=$copy {folder}
        cp -a $copy/. {folder}/
        rm -r $copy
        ! head -c 4M /dev/zero > {folder}/.filler 2> /dev/null
    """
    with applied(host, do, f"umount {folder}"):
        yield


@contextmanager
def read_only(host: Host, folder: str) -> Iterator[None]:
    """A folder in which nothing can be changed, not even by root."""
    do = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    with applied(host, do, f"umount {folder}"):
        yield


@contextmanager
def names_without(fleet: Fleet, balancer: Balancer) -> Iterator[None]:
    """Whoever watches over the DNS has taken a balancer out of all names."""
    domains = [domain for site in fleet.wish()["haproxy_sites"] for domain in site["domains"]]
    others = [other.address for other in fleet.balancers if other != balancer]
    for domain in domains:
        fleet.resolve("point", domain, *others)
    try:
        yield
    finally:
        for domain in domains:
            fleet.resolve("restore", domain)
