# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of HAProxy, from its own answers."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.inspection import (
    Inspection,
    parse_build,
    parse_certificate,
    parse_certificate_list,
    parse_stat,
)
from fake_haproxy import LAYOUT, FakeHaproxy, config, digest_of

VV = """\
HAProxy version 3.0.11-1+deb13u5 2026/11/18 - https://haproxy.org/
Feature list : -51DEGREES +ACCEPT4 +QUIC -WURFL
Built with OpenSSL version : OpenSSL 3.5.6 7 Apr 2026
Running on OpenSSL version : OpenSSL 3.5.7 9 Jun 2026
"""
STAT = """\
# pxname,svname,qcur,scur,smax,stot,status,weight,
http,FRONTEND,,3,5,17,OPEN,,
app,s1,0,1,2,9,UP,100,
app,BACKEND,0,1,2,9,UP,100,
"""
CERTIFICATES = "# transaction\n*/c/b.pem\n# filename\n/c/a.pem\n/c/b.pem\n"
CERTIFICATE = """\
Filename: /c/a.pem
Status: Used
Serial: 04F1
notBefore: Nov 22 08:00:00 2026 GMT
notAfter: Feb 20 08:00:00 2027 GMT
Subject Alternative Name: DNS:a.test, DNS:b.test
Algorithm: EC256
SHA1 FingerPrint: 2FD4
Subject: /CN=a.test
Issuer: /CN=Test CA: one
Chain Subject: /CN=Test CA: one
"""


def test_a_build_is_read() -> None:
    """The OpenSSL that runs, not the one it was built with."""
    build = parse_build(VV)
    assert build["version"] == "3.0.11-1+deb13u5"
    assert build["openssl_version"] == "OpenSSL 3.5.7 9 Jun 2026"
    assert build["features"] == ["ACCEPT4", "QUIC"]


def test_another_program_has_no_version() -> None:
    """It is said, not guessed."""
    assert parse_build("hello\n") == {"version": "", "openssl_version": "", "features": []}


def test_proxies_and_servers_are_told_apart() -> None:
    """With what they do."""
    told = parse_stat(STAT)
    assert [(one["proxy"], one["side"]) for one in told["proxies"]] == [
        ("http", "frontend"),
        ("app", "backend"),
    ]
    assert told["servers"] == [
        {"proxy": "app", "server": "s1", "status": "UP", "sessions": 1, "sessions_total": 9,
         "weight": 100},
    ]  # fmt: skip


def test_loaded_certificates_are_listed() -> None:
    """Without those of an open transaction."""
    assert parse_certificate_list(CERTIFICATES) == ("/c/a.pem", "/c/b.pem")


def test_a_certificate_is_its_leaf() -> None:
    """A colon in a value is kept."""
    certificate = parse_certificate(CERTIFICATE)
    assert certificate["names"] == "DNS:a.test, DNS:b.test"
    assert certificate["issuer"] == "/CN=Test CA: one"
    assert certificate["subject"] == "/CN=a.test"


def running() -> FakeHaproxy:
    """A service with two certificates."""
    haproxy = FakeHaproxy()
    haproxy.write(config(), {})
    haproxy.start()
    haproxy.host.runner.answer = lambda _argv: Completed(0, VV, "")
    honest = haproxy.host.socket.servers[LAYOUT.runtime_socket]
    answers = {
        "show stat\n": STAT,
        "show ssl cert\n": CERTIFICATES,
        "show ssl cert /c/a.pem\n": CERTIFICATE,
        "show ssl cert /c/b.pem\n": CERTIFICATE.replace("a.test", "b.test"),
    }
    haproxy.host.socket.servers[LAYOUT.runtime_socket] = lambda request: (
        answers[request] if request in answers else honest(request)
    )
    return haproxy


def test_a_running_service_is_told_whole() -> None:
    """Details only where asked for."""
    haproxy = running()
    facts = Inspection(haproxy.host.ports).facts()
    assert (facts["installed"], facts["running"]) == (True, True)
    assert facts["digest"] == digest_of(config())
    assert facts["certificates"] == [{"file": "/c/a.pem"}, {"file": "/c/b.pem"}]
    detailed = Inspection(haproxy.host.ports, details=True).facts()["certificates"]
    assert [one["file"] for one in detailed] == ["/c/a.pem", "/c/b.pem"]
    assert detailed[1]["subject"] == "/CN=b.test"


def test_only_what_is_wanted_is_asked() -> None:
    """The version costs no question about ten thousand certificates."""
    haproxy = running()
    params = {"gather": [], "certificate_details": True}
    facts = Inspection.from_params(haproxy.host.ports, params).facts()
    assert (facts["running"], facts["certificates"], facts["servers"]) == (True, [], [])
    assert [request for _unused, request in haproxy.host.socket.requests] == ["show info\n"]


def test_a_host_without_haproxy_is_told() -> None:
    """It is no failure."""
    facts = Inspection(FakeHaproxy(installed=False).host.ports).facts()
    assert (facts["installed"], facts["running"], facts["version"]) == (False, False, "")


def test_a_service_that_does_not_answer_is_told_as_not_running() -> None:
    """It runs without a socket of ours: nothing can be told of it."""
    haproxy = running()
    haproxy.host.socket.servers.clear()
    haproxy.host.runner.answer = lambda argv: Completed(
        0, VV if argv[0] == "haproxy" else "active\n", ""
    )
    assert Inspection(haproxy.host.ports).facts()["running"] is False
