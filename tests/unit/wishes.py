# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users write, for tests: a rich wish that is right, and short ways to parse and compile."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Fault, InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import Reader, parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.compile import (
    Compiled,
    compile_model,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.layout import Layout
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.certificate import Source
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.inventory import Inventory
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.wish import (
    Model,
    parse_model,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.text import Config
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.versions import FLOOR, Build

T = TypeVar("T")
TRIXIE = Build(version=(3, 0), openssl=(3, 5))
THUMBPRINT = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
INVENTORY = Inventory(
    {"webs": ["web1", "web2"], "nobody": []},
    {"web1": {"edge_address": "10.0.0.1", "ansible_host": "203.0.113.1"}, "web2": {}},
)
RICH: dict[str, Any] = {
    "haproxy_sites": [
        {
            "name": "shop",
            "domains": ["a.test", "www.a.test"],
            "backend": "web",
            "routes": [
                {"path": "/blog", "backend": "ghost"},
                {"host": "www.a.test", "path": "/api", "backend": "many"},
            ],
            "redirects": [
                {"host": "www.a.test", "to": "https://a.test"},
                {"path": "/old", "to": "/new", "code": 301},
            ],
            "hsts": {"include_subdomains": True, "preload": True},
            "headers": {
                "request": {"X-Tenant": "one", "X-Src": {"log_format": "%[src]"}, "Cookie": None},
                "response": {"X-Frame-Options": "DENY"},
            },
            "lines": [
                "acl admin path_beg /admin",
                "http-request deny if admin !{ src 10.0.0.0/8 } or { path /secret }",
                'http-response set-header X-B "a b" unless admin',
            ],
            "certificate": {"name": "shop", "profile": "tlsserver", "preferred_chain": "Root X2"},
        },
        {
            "domains": ["*.w.test", "b.test"],
            "backend": "web",
            "https_redirect": False,
            "hsts": False,
            "certificate": False,
        },
    ],
    "haproxy_backends": [
        {"name": "web", "servers_from_group": "webs", "port": 8081, "check": {"path": "/healthz"}},
        {"name": "ghost", "origin": "https://example.ghost.io", "http2": True},
        {
            "name": "many",
            "balance": "leastconn",
            "stickiness": {"cookie": "SRV", "secure": False},
            "timeouts": {"server": "5m", "tunnel": "1d"},
            "retries": 1,
            "tls": "verify",
            "server_name": "app.internal",
            "ca_file": "/etc/ssl/certs/ca.crt",
            "host_header": "app.internal",
            "check": {"path": "/x", "method": "HEAD", "host": "h.test", "interval": "2s"},
            "lines": ["option http-server-close"],
            "servers": [
                {"name": "s1", "address": "s1.internal", "port": 443, "lines": ["slowstart 30s"]},
                {"name": "s2", "address": "s2.internal", "port": 8443, "backup": True},
            ],
        },
    ],
    "haproxy_global": {
        "hard_stop_after": "10m",
        "user": "haproxy",
        "group": "haproxy",
        "chroot": "/var/lib/haproxy",
        "logs": ["/dev/log local0"],
        "tls_policy": "intermediate",
        "lines": ["tune.bufsize 16384"],
    },
    "haproxy_defaults": {
        "timeouts": {"server": "1m"},
        "log_format": "%ci %ST",
        "lines": ["option http-ignore-probes"],
    },
    "haproxy_listeners": {
        "http": {"binds": [":80"]},
        "https": {
            "binds": [":443"],
            "options": "accept-proxy",
            "lines": ["http-request deny if FALSE"],
        },
        "default_certificate": "/etc/haproxy/default.pem",
        "unknown_host": "misdirected",
        "default_site": "shop",
    },
    "haproxy_sections": [
        {"section": "listen mysql", "lines": ["mode tcp", "bind 127.0.0.1:3306"]},
    ],
    "certificates_defaults": {"key_types": ["ecdsa"], "source": "acme"},
    "certificates_extra": [{"name": "mail", "domains": ["mail.a.test"], "source": "acme"}],
}


def rich() -> dict[str, Any]:
    """A copy to change."""
    return copy.deepcopy(RICH)


def site(**options: Any) -> dict[str, Any]:
    """The variables of one site with one backend."""
    return {
        "haproxy_sites": [{"domains": ["a.test"], "backend": "web", **options}],
        "haproxy_backends": [{"name": "web", "servers": [{"address": "10.0.0.1", "port": 80}]}],
    }


def backend(**options: Any) -> dict[str, Any]:
    """The variables of one backend."""
    return {"haproxy_backends": [{"name": "web", **options}]}


def model_of(variables: dict[str, Any]) -> Model:
    """Parsed with the inventory above."""
    return parse_model(variables, INVENTORY)


def faults_of(variables: dict[str, Any]) -> dict[str, str]:
    """Path -> what is wrong there; empty if nothing is."""
    try:
        model_of(variables)
    except InvalidInput as error:
        return {fault.path: f"{fault.cause}; {fault.remedy}" for fault in error.faults}
    return {}


def compiled(variables: dict[str, Any], build: Build = FLOOR) -> Compiled:
    """Parsed and compiled."""
    return compile_model(
        model_of(variables), build, layout=Layout(), thumbprints={Source.ACME: THUMBPRINT}
    )


def section(config: Config, kind: str, name: str = "") -> list[str]:
    """The lines of a section, as text."""
    found = [one for one in config.sections if (one.kind, one.name) == (kind, name)]
    assert len(found) == 1, f"{len(found)} sections {kind} {name}"
    return [str(line) for line in found[0].lines]


def read(value: Any, function: Callable[[Reader], T]) -> T:
    """A value read at the path ``x``."""
    return parse(value, "x", function)


def read_faults(value: Any, function: Callable[[Reader], Any]) -> list[Fault]:
    """What reading a value at the path ``x`` finds wrong."""
    try:
        read(value, function)
    except InvalidInput as error:
        return list(error.faults)
    return []
