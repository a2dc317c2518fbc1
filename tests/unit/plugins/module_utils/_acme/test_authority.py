# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAs out of what users write."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.authority import (
    Authority,
    ExternalAccount,
    HmacAlgorithm,
    parse_authorities,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse


def test_an_authority_is_read() -> None:
    """All of its fields."""
    value = {
        "name": "ca",
        "directory": "https://ca.test/directory",
        "eab": {"kid": "k", "hmac_key": "secret", "algorithm": "HS384"},
        "ca_bundle": "/ca.pem",
        "weekly_limit": 0,
        "staging": "https://staging.ca.test/directory",
        "roots": "/roots.pem",
    }
    (found,) = parse([value], "authorities", parse_authorities)
    external = ExternalAccount("k", "secret", HmacAlgorithm.HS384)
    assert found == Authority(
        "ca", value["directory"], external, "/ca.pem", 0, value["staging"], "/roots.pem"
    )
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("directory", "fault"),
    [
        ("http://ca.test/", "is not encrypted"),
        ("ca.test", "is not a URL of HTTPS"),
        ("ftp://ca.test/", "is not a URL of HTTPS"),
        ("https://", "is not a URL of HTTPS"),
        ("https://[::1", "is not a URL of HTTPS"),
        ("https://a:99999/", "is not a URL of HTTPS"),
    ],
)
def test_a_directory_is_a_url_of_https(directory: str, fault: str) -> None:
    """Anything else is a fault with its path."""
    with pytest.raises(InvalidInput, match=r"authorities\[0\]\.directory: ") as caught:
        parse([{"name": "x", "directory": directory}], "authorities", parse_authorities)
    assert fault in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:14000", "localhost", "[::1]:99"])
def test_loopback_needs_no_encryption(host: str) -> None:
    """What never leaves the host."""
    directory = f"http://{host}/dir"
    (found,) = parse([{"name": "x", "directory": directory}], "", parse_authorities)
    assert found.directory == directory


def test_a_ca_is_listed_once() -> None:
    """Neither its name nor its directory twice."""
    value = {"name": "x", "directory": "https://ca.test/"}
    with pytest.raises(InvalidInput, match="2 faults"):
        parse([value, value], "authorities", parse_authorities)
