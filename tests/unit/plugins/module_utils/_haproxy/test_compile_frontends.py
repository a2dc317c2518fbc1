# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frontends: in the order in which HAProxy runs them, whatever users add."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.compile_frontends import (
    in_order,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.text import Line
from wishes import compiled, rich, section, site


def frontend(name: str, variables: dict[str, Any]) -> list[str]:
    """The lines of a frontend."""
    return section(compiled(variables).config, "frontend", name)


def test_challenges_are_answered_by_three_rules() -> None:
    """Without state, for our hosts, tokens of the alphabet, GET; all else is not found."""
    look_up = "var(txn.host),map(/etc/haproxy/maps/acme.map)"
    answer = "content-type text/plain hdr X-Content-Type-Options nosniff"
    text = "lf-string %[path,field(-1,/)].%[var(txn.thumb)]"
    is_asked = "acme_prefix acme_token METH_GET { var(txn.thumb) -m found }"
    assert [
        line for line in frontend("edge_http", site()) if "acme" in line or "thumb" in line
    ] == [
        "acl acme_prefix path_beg /.well-known/acme-challenge/",
        r"acl acme_token path_reg '^/\.well-known/acme-challenge/[A-Za-z0-9_-]{16,256}$'",
        f"http-request set-var(txn.thumb) {look_up} if acme_prefix",
        f"http-request return status 200 {answer} {text} if {is_asked}",
        "http-request return status 404 if acme_prefix",
    ]


@pytest.mark.parametrize(
    ("listeners", "location"),
    [
        ({}, "https://%[var(txn.host)]%[pathq]"),
        ({"public_port": 8443}, "https://%[var(txn.host)]:8443%[pathq]"),
    ],
)
def test_http_is_sent_to_https(listeners: dict[str, Any], location: str) -> None:
    """To the known host, not to what the client wrote as port."""
    wish = {**site(), "haproxy_listeners": listeners}
    assert (
        f"http-request redirect code 308 location {location}"
        " unless { var(txn.site),map(/etc/haproxy/maps/plain.map) -m found }"
    ) in frontend("edge_http", wish)


def words(name: str, *start: str) -> list[tuple[str, ...]]:
    """The rules of a frontend that begin so, as HAProxy reads them."""
    found = [Line.parse(text).words for text in frontend(name, site())]
    return [line for line in found if line[: len(start)] == start]


PROXIES = pytest.mark.parametrize("name", ["edge_http", "edge_https"])


def claim(name: str) -> str:
    """The pattern of the headers that no client may send."""
    ((_set, _action, pattern, *method),) = [
        rule for rule in words(name, "http-request", "del-header") if "reg" in rule
    ]
    assert method == ["-m", "reg"]
    return pattern


@PROXIES
@pytest.mark.parametrize(
    "header",
    [
        "x-forwarded-for", "x_forwarded_for", "x.forwarded.proto", "x-forwarded",
        "x-forwarded-user", "forwarded", "front-end-https", "front_end_https",
        "true-client-ip", "x-client-ip", "x_client_ip", "x-real-ip", "x_real_ip",
    ],
)  # fmt: skip
def test_what_clients_claim_is_dropped_however_they_spell_it(name: str, header: str) -> None:
    """A server that reads `_` as `-` would believe them."""
    assert re.search(claim(name), header)


@PROXIES
@pytest.mark.parametrize("header", ["x-other", "forwarded-by", "host", "x-client-ip-hash"])
def test_other_headers_are_let_through(name: str, header: str) -> None:
    """They are the business of the application."""
    assert not re.search(claim(name), header)


@PROXIES
def test_servers_are_told_of_the_client_by_us(name: str) -> None:
    """After all that it claimed is dropped; and no next hop is told to drop it."""
    lines = frontend(name, site())
    dropped = next(index for index, line in enumerate(lines) if line.endswith("-m reg"))
    ours = [
        "http-request set-header X-Forwarded-For %[src]",
        f"http-request set-header X-Forwarded-Proto {name.removeprefix('edge_')}",
        "http-request set-header X-Forwarded-Port %[dst_port]",
        "http-request set-header X-Forwarded-Host %[req.fhdr(host)]",
    ]
    upgrade = "{ req.hdr(connection) -m str -i upgrade }"
    assert lines[dropped + 1 : dropped + 7] == [
        f"http-request set-header Connection Upgrade if {upgrade}",
        f"http-request del-header Connection unless {upgrade}",
        *ours,
    ]


@PROXIES
@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("a.test", True),
        ("A.test.:80", True),
        ("a_b.w.test", True),
        ("192.0.2.1:8443", True),
        ("[2001:db8::1]:443", True),
        ("evil.test,a.test", False),
        ("localhost#.w.test", False),
        ("evil.test/.w.test", False),
        ("user@a.test", False),
        ("a.test:x", False),
        ("a b.w.test", False),
        ("", False),
    ],
)
def test_a_host_is_one_before_anything_is_built_from_it(name: str, host: str, is_one: bool) -> None:
    """The first rule of all; the header is taken whole everywhere."""
    first, second = words(name, "http-request")[:2]
    assert first[:8] == (
        "http-request", "deny", "deny_status", "400", "unless", "{", "req.fhdr(host)", "-m",
    )  # fmt: skip
    assert (re.search(first[9], host) is not None) is is_one
    assert second[1:] == ("set-var(txn.host)", "req.fhdr(host),host_only,lower,rtrim(.)")
    assert not [line for line in frontend(name, site()) if "req.hdr(host)" in line]


@pytest.mark.parametrize(
    ("listeners", "status"), [({}, "404"), ({"unknown_host": "misdirected"}, "421")]
)
def test_unknown_hosts_get_an_answer_and_no_site(listeners: dict[str, Any], status: str) -> None:
    """Before anything is routed."""
    lines = frontend("edge_https", {**site(), "haproxy_listeners": listeners})
    answer = f"http-request return status {status} unless {{ var(txn.key) -m found }}"
    assert lines.index(answer) < lines.index("use_backend %[var(txn.target)]")
    assert not [line for line in lines if "default_backend" in line]


def test_a_default_site_is_one_that_is_named() -> None:
    """It serves the hosts that no site has."""
    wish = {**site(), "haproxy_listeners": {"default_site": "a.test"}}
    assert "http-request set-var(txn.key) str(a.test) unless { var(txn.key) -m found }" in frontend(
        "edge_https", wish
    )


def test_hsts_is_for_https_and_for_every_response() -> None:
    """Redirects and errors of HAProxy itself carry it, too."""
    assert not [line for line in frontend("edge_http", site()) if "Strict-Transport" in line]
    found = [line for line in frontend("edge_https", site()) if "Strict-Transport" in line]
    assert len(found) == 3
    assert all(line.startswith("http-after-response ") for line in found)
    lines = frontend("edge_https", site())
    known = next(index for index, line in enumerate(lines) if "set-var(txn.hsts)" in line)
    assert known < next(index for index, line in enumerate(lines) if " redirect code " in line)


LIST = "crt-list /etc/haproxy/ssl/.crt-list.txt alpn h2,http/1.1"


@pytest.mark.parametrize(
    ("listeners", "bind"),
    [
        ({}, f"bind :443 ssl strict-sni {LIST}"),
        (
            {"default_certificate": "/d.pem", "https": {"options": "accept-proxy tfo"}},
            f"bind :443 ssl crt /d.pem {LIST} accept-proxy tfo",
        ),
        ({"https": {"binds": ["[::]:443"]}}, f"bind [::]:443 ssl strict-sni {LIST} v6only"),
    ],
)
def test_tls_is_strict_unless_a_default_certificate_is_wished(
    listeners: dict[str, Any], bind: str
) -> None:
    """An empty crt-list starts with strict-sni."""
    lines = frontend("edge_https", {"haproxy_listeners": listeners})
    assert [line for line in lines if line.startswith("bind")] == [bind]


def test_headers_are_values_unless_said_otherwise() -> None:
    """A % of a value is a percent sign."""
    headers = {
        "request": {"A": "%[src] 'x' \"y\" $Z #", "B": {"log_format": "%[src]"}, "C": None},
        "response": {"D": "e"},
    }
    config = compiled(site(headers=headers)).config
    https = next(one for one in config.sections if one.name == "edge_https")
    found = {line.words[2]: line for line in https.lines if "header" in line.words[1]}
    test = ("if", "{", "var(txn.site)", "-m", "str", "a.test", "}")
    assert found["A"].words[1:] == ("set-header", "A", "%%[src] 'x' \"y\" $Z #", *test)
    assert found["B"].words[1:] == ("set-header", "B", "%[src]", *test)
    assert found["C"].words[1:] == ("del-header", "C", *test)
    assert found["D"].words == ("http-response", "set-header", "D", "e", *test)
    assert found["A"].origin == "haproxy_sites[0].headers.request.A"


def test_rules_of_a_site_are_where_the_site_is_served() -> None:
    """By http only if it is not sent to https."""
    lines = ["http-request deny if { path /x }"]
    held = "http-request deny if { var(txn.site) -m str a.test } { path /x }"
    assert held in frontend("edge_https", site(lines=lines))
    assert held not in frontend("edge_http", site(lines=lines))
    assert held in frontend("edge_http", site(lines=lines, https_redirect=False))


def test_lines_are_in_the_order_of_haproxys_phases() -> None:
    """It warns of any other, since it runs them in that order anyway."""
    given = [
        "use_backend a", "http-response x", "http-request b", "acl c", "tcp-request content d",
        "tcp-request connection e", "http-after-response f", "redirect g", "http-request h",
        "bind i",
    ]  # fmt: skip
    assert [str(line) for line in in_order([Line.parse(text) for text in given])] == [
        "acl c", "bind i", "tcp-request connection e", "tcp-request content d", "http-request b",
        "http-request h", "http-response x", "http-after-response f", "redirect g", "use_backend a",
    ]  # fmt: skip


def test_operators_see_health_statistics_and_metrics() -> None:
    """On loopback."""
    lines = section(compiled(rich()).config, "listen", "edge_ops")
    assert lines[0] == "bind 127.0.0.1:8404"
    assert {"monitor-uri /healthz", "stats uri /stats"} < set(lines)
    assert "http-request use-service prometheus-exporter if { path /metrics }" in lines
