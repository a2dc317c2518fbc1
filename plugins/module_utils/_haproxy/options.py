# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the model, as the argument specs of modules have them.

Types only: what the values must be, and the faults of all of them, is `model/wish.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Options = Mapping[str, Mapping[str, Any]]

_TEXT: dict[str, Any] = {"type": "str"}
_NUMBER: dict[str, Any] = {"type": "int"}
_FLAG: dict[str, Any] = {"type": "bool"}
_RAW: dict[str, Any] = {"type": "raw"}
_REQUIRED: dict[str, Any] = {"type": "str", "required": True}
_TEXTS: dict[str, Any] = {"type": "list", "elements": "str"}
_LISTENER: dict[str, Any] = {
    "type": "dict",
    "options": {"binds": _TEXTS, "options": _TEXT, "lines": _RAW},
}

MODEL: Options = {
    "sites": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": _TEXT,
            "domains": {"type": "list", "elements": "str", "required": True},
            "backend": _TEXT,
            "routes": {
                "type": "list",
                "elements": "dict",
                "options": {"path": _TEXT, "host": _TEXT, "backend": _REQUIRED},
            },
            "redirects": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "path": _TEXT,
                    "host": _TEXT,
                    "to": _REQUIRED,
                    "code": _NUMBER,
                    "keep_path": _FLAG,
                },
            },
            "https_redirect": _FLAG,
            "hsts": _RAW,
            "headers": {
                "type": "dict",
                "options": {"request": {"type": "dict"}, "response": {"type": "dict"}},
            },
            "lines": _RAW,
            "certificate": _RAW,
        },
    },
    "backends": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": _REQUIRED,
            "servers": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": _TEXT,
                    "address": _REQUIRED,
                    "port": _NUMBER,
                    "weight": _NUMBER,
                    "backup": _FLAG,
                    "maxconn": _NUMBER,
                    "server_name": _TEXT,
                    "lines": _RAW,
                },
            },
            "servers_from_group": _TEXT,
            "port": _NUMBER,
            "origin": _TEXT,
            "check": _RAW,
            "balance": {
                "type": "str",
                "choices": ["roundrobin", "leastconn", "random", "source", "first", "uri"],
            },
            "stickiness": _RAW,
            "timeouts": {
                "type": "dict",
                "options": {
                    "check": _TEXT,
                    "connect": _TEXT,
                    "queue": _TEXT,
                    "server": _TEXT,
                    "server_fin": _TEXT,
                    "tunnel": _TEXT,
                },
            },
            "tls": _RAW,
            "ca_file": _TEXT,
            "server_name": _TEXT,
            "http2": _FLAG,
            "retries": _NUMBER,
            "host_header": _RAW,
            "lines": _RAW,
        },
    },
    "global": {
        "type": "dict",
        "options": {
            "maxconn": _NUMBER,
            "nbthread": _NUMBER,
            "hard_stop_after": _TEXT,
            "user": _TEXT,
            "group": _TEXT,
            "chroot": _RAW,
            "logs": _TEXTS,
            "tls_policy": {"type": "str", "choices": ["intermediate", "modern"]},
            "lines": _RAW,
        },
    },
    "defaults": {
        "type": "dict",
        "options": {
            "timeouts": {
                "type": "dict",
                "options": {
                    "check": _TEXT,
                    "client": _TEXT,
                    "client_fin": _TEXT,
                    "connect": _TEXT,
                    "http_keep_alive": _TEXT,
                    "http_request": _TEXT,
                    "queue": _TEXT,
                    "server": _TEXT,
                    "server_fin": _TEXT,
                    "tunnel": _TEXT,
                },
            },
            "retries": _NUMBER,
            "log_format": _TEXT,
            "lines": _RAW,
        },
    },
    "listeners": {
        "type": "dict",
        "options": {
            "http": _LISTENER,
            "https": _LISTENER,
            "ops": _LISTENER,
            "ipv6": _FLAG,
            "public_port": _NUMBER,
            "default_certificate": _TEXT,
            "unknown_host": {"type": "str", "choices": ["not_found", "misdirected"]},
            "default_site": _TEXT,
        },
    },
    "sections": {"type": "list", "elements": "raw"},
    "certificates_defaults": {
        "type": "dict",
        "options": {
            "key_types": {"type": "list", "elements": "str", "choices": ["ecdsa", "rsa"]},
            "profile": _TEXT,
            "preferred_chain": _TEXT,
            "source": {"type": "str", "choices": ["acme", "certbot", "provided", "selfsigned"]},
        },
    },
    "certificates_extra": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": _TEXT,
            "domains": {"type": "list", "elements": "str", "required": True},
            "key_types": {"type": "list", "elements": "str", "choices": ["ecdsa", "rsa"]},
            "profile": _TEXT,
            "preferred_chain": _TEXT,
            "source": {"type": "str", "choices": ["acme", "certbot", "provided", "selfsigned"]},
        },
    },
}

RENDERING: Options = {
    "template": {"type": "path"},
    "thumbprint": _TEXT,
    "certbot_thumbprint": _TEXT,
}
