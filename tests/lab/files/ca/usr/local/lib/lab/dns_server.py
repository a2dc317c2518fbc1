# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's DNS: every name below its zones is all balancers in turn, unless a file says otherwise.

`/etc/lab/dns.json` holds `zones` (names), `pool` (addresses of the balancers) and `hosts` (name:
address). A file `/etc/lab/dns.d/NAME` overrides one name: addresses, or `nxdomain`, or `servfail`.
Both are read at each query, so a change counts from the next one on. All other names are asked of
the resolver in `/etc/lab/upstream`.
"""

from __future__ import annotations

import collections
import ipaddress
import itertools
import json
import pathlib
import socketserver
import struct
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

LAB = pathlib.Path("/etc/lab")
TURNS: collections.defaultdict[tuple[str, int], itertools.count[int]] = collections.defaultdict(
    itertools.count
)


def name_of(query: dns.message.Message) -> str:
    """The question's name in lower case, without the last dot."""
    return query.question[0].name.to_text(omit_final_dot=True).lower()


def override(name: str) -> list[str] | None:
    """What the file of this name says, if there is one."""
    try:
        return (LAB / "dns.d" / name.replace("/", "_")).read_text().split()
    except OSError:
        return None


def local_words(name: str, settings: dict[str, Any]) -> list[str] | None:
    """Addresses or a verdict for a name of the lab; None for a name of the outside world."""
    said = override(name)
    if said is not None:
        return said
    if name in settings["hosts"]:
        return [settings["hosts"][name]]
    if any(name == zone or name.endswith("." + zone) for zone in settings["zones"]):
        return list(settings["pool"])
    return None


def in_turn(name: str, kind: int, addresses: list[str]) -> list[str]:
    """The addresses of the asked family, beginning with another one at each query."""
    version = 4 if kind == dns.rdatatype.A else 6
    own = [text for text in addresses if ipaddress.ip_address(text).version == version]
    if not own:
        return []
    turn = next(TURNS[name, kind]) % len(own)
    return own[turn:] + own[:turn]


def local_answer(query: dns.message.Message, words: list[str]) -> dns.message.Message:
    """An answer from the lab's own data, never to be cached."""
    answer = dns.message.make_response(query, recursion_available=True)
    answer.flags |= dns.flags.AA
    question = query.question[0]
    if words in (["nxdomain"], ["servfail"]):
        answer.set_rcode(dns.rcode.from_text(words[0]))
    elif question.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
        for address in in_turn(name_of(query), question.rdtype, words):
            # A set of its own for each record: dnspython shuffles the records of one set.
            answer.answer.append(
                dns.rrset.from_text(question.name, 0, "IN", question.rdtype, address)
            )
    return answer


def answer_of(query: dns.message.Message, *, stream: bool) -> dns.message.Message:
    """The answer to a query, from here or from upstream."""
    settings = json.loads((LAB / "dns.json").read_text())
    words = local_words(name_of(query), settings)
    if words is not None:
        return local_answer(query, words)
    ask = dns.query.tcp if stream else dns.query.udp
    try:
        return ask(query, (LAB / "upstream").read_text().strip(), timeout=4)
    except (dns.exception.DNSException, OSError):
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer


class Datagram(socketserver.BaseRequestHandler):
    """One query over UDP."""

    def handle(self) -> None:
        """Answer it; a packet that is no query gets no answer."""
        packet, server = self.request
        try:
            query = dns.message.from_wire(packet)
        except dns.exception.DNSException:
            return
        if query.question:
            server.sendto(answer_of(query, stream=False).to_wire(), self.client_address)


class Stream(socketserver.StreamRequestHandler):
    """Queries over one TCP connection."""

    timeout = 10

    def handle(self) -> None:
        """Answer until the client goes."""
        while len(size := self.rfile.read(2)) == 2:
            query = dns.message.from_wire(self.rfile.read(struct.unpack("!H", size)[0]))
            wire = answer_of(query, stream=True).to_wire()
            self.wfile.write(struct.pack("!H", len(wire)) + wire)


class DatagramServer(socketserver.ThreadingUDPServer):
    """DNS over UDP."""

    daemon_threads = True


class StreamServer(socketserver.ThreadingTCPServer):
    """DNS over TCP."""

    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    import threading

    tcp = StreamServer(("", 53), Stream)
    threading.Thread(target=tcp.serve_forever, daemon=True).start()
    DatagramServer(("", 53), Datagram).serve_forever()
