# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that modules of the issuer share; their documentation is the fragment ``acme``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXTERNAL_ACCOUNT: Mapping[str, Any] = {
    "kid": {"type": "str", "required": True},
    "hmac_key": {"type": "str", "required": True, "no_log": True},
    "algorithm": {"type": "str", "choices": ["HS256", "HS384", "HS512"], "default": "HS256"},
}

AUTHORITY: Mapping[str, Any] = {
    "name": {"type": "str", "required": True},
    "directory": {"type": "str", "required": True},
    "eab": {"type": "dict", "options": EXTERNAL_ACCOUNT},
    "ca_bundle": {"type": "path"},
    "weekly_limit": {"type": "int", "default": 5},
    "staging": {"type": "str"},
    "roots": {"type": "path"},
}


def acme_options(*, authorities: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The options; ``authorities``: what a module says of that list beside its shape."""
    shape = {"type": "list", "elements": "dict", "options": AUTHORITY}
    return {
        "home": {"type": "path", "default": "/var/lib/hitless-edge"},
        "authorities": {**shape, **authorities},
    }


CERTIFICATE: Mapping[str, Any] = {
    "name": {"type": "str", "required": True},
    "domains": {"type": "list", "elements": "str", "required": True},
    "key_types": {
        "type": "list",
        "elements": "str",
        "choices": ["ecdsa", "rsa"],
        "default": ["ecdsa"],
    },
    "profile": {"type": "str"},
    "preferred_chain": {"type": "str"},
    "source": {
        "type": "str",
        "choices": ["acme", "certbot", "provided", "selfsigned"],
        "default": "acme",
    },
}

CERTIFICATES: Mapping[str, Any] = {
    "certificates": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": CERTIFICATE,
    },
    "force": {"type": "bool", "default": False},
    "failures": {"type": "str", "choices": ["fatal", "reported"], "default": "fatal"},
}
"""What every module takes that has certificates; variant ``certificates`` of the fragment."""
