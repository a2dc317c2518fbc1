# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host knows of the fleet."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.account import Registration
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage, Source, Wished
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import (
    SETTINGS,
    Balancer,
    Certbot,
    Host,
    Settings,
    load,
)
from fakes import FakeHost
from hypothesis import given
from hypothesis import strategies as st

THUMBPRINT = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
DIRECTORY = "https://ca.test/directory"
ACCOUNT = {"url": "https://ca.test/1", "contact": ["a@b.test"], "thumbprint": THUMBPRINT}
GOOD: dict[str, Any] = {
    "format": 1,
    "host": "lb2",
    "home": "/var/lib/hitless-edge",
    "certificates": [
        {"name": "a.test", "domains": ["a.test"], "key_types": ["ecdsa", "rsa"]},
        {"name": "own", "domains": ["own.test"], "source": "provided"},
    ],
    "authorities": [
        {"name": "ca", "directory": DIRECTORY, "roots": "/etc/roots.pem"},
        {"name": "other", "directory": "https://other.test/"},
    ],
    "account": {"thumbprint": THUMBPRINT, "registrations": {DIRECTORY: ACCOUNT}},
    "certbot": {
        "thumbprint": THUMBPRINT,
        "account": "https://ca.test/2",
        "directory": DIRECTORY,
        "config": "/etc/letsencrypt",
        "command": "/opt/certbot/bin/certbot",
    },
    "issuers": ["lb1", "lb2"],
    "balancers": [{"name": "lb2", "addresses": ["192.0.2.2"]}, {"name": "lb3", "addresses": []}],
    "hosts": {
        "lb1": {"address": "192.0.2.1", "port": 22},
        "lb2": {"address": "2001:db8::2"},
        "lb3": {"address": "lb3.test", "port": 2222},
    },
    "preflight": False,
    "standby_delay_seconds": 60,
    "workers": 2,
    "budget_seconds": 30,
}


def read(document: object) -> Settings:
    """As the command does."""
    host = FakeHost()
    host.files.write(SETTINGS, json.dumps(document).encode())
    return load(host.files)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good document with something else at a path of keys and indices."""
    document = copy.deepcopy(GOOD)
    *way, last = [int(word) if word.isdigit() else word for word in path.split("/")]
    inner: Any = document
    for word in way:
        inner = inner[word]
    inner[last] = value
    return document


def test_the_document_becomes_a_value() -> None:
    """Every field."""
    settings = read(GOOD)
    assert (settings.host, settings.home) == ("lb2", "/var/lib/hitless-edge")
    assert settings.wished == (
        Wished(Source.ACME, Lineage("a.test", KeyType.ECDSA, ("a.test",))),
        Wished(Source.ACME, Lineage("a.test", KeyType.RSA, ("a.test",))),
        Wished(Source.PROVIDED, Lineage("own", KeyType.ECDSA, ("own.test",))),
    )
    assert settings.account is not None
    registration = Registration("https://ca.test/1", ("a@b.test",), THUMBPRINT)
    assert settings.account.registrations == {DIRECTORY: registration}
    assert settings.certbot == Certbot(**GOOD["certbot"])
    assert settings.balancers == (Balancer("lb2", ("192.0.2.2",)), Balancer("lb3", ()))
    assert settings.hosts["lb3"] == Host("lb3.test", 2222)
    assert (settings.preflight, settings.standby_delay_seconds) == (False, 60)
    assert (settings.workers, settings.budget_seconds) == (2, 30)


def test_a_host_knows_its_part() -> None:
    """Rank, roles, the others: issuers first, each once."""
    settings = read(GOOD)
    assert (settings.rank(), settings.rank("lb1"), settings.rank("lb3")) == (1, 0, None)
    assert (settings.is_issuer, settings.is_balancer) == (True, True)
    assert settings.others == ("lb1", "lb3")
    first, third = read({**GOOD, "host": "lb1"}), read({**GOOD, "host": "lb3"})
    assert (first.is_issuer, first.is_balancer) == (True, False)
    assert (third.is_issuer, third.is_balancer, third.others) == (False, True, ("lb1", "lb2"))


def test_lookups_know_only_what_is_listed() -> None:
    """Lineages, CAs."""
    settings = read(GOOD)
    found = settings.find("a.test", KeyType.RSA)
    assert found is not None
    assert found.lineage.key_type is KeyType.RSA
    assert settings.find("own", KeyType.RSA) is None
    assert settings.authority(DIRECTORY) == settings.authorities[0]
    assert settings.authority("https://evil.test/") is None


def test_roots_are_those_of_the_listed_cas() -> None:
    """A file, or those that the host trusts; certbot's CA counts as listed."""
    assert read(GOOD).roots == ("/etc/roots.pem", None)
    only = {**GOOD, "authorities": GOOD["authorities"][:1]}
    assert read(only).roots == ("/etc/roots.pem",)
    elsewhere = {**GOOD["certbot"], "directory": "https://third.test/"}
    settings = read({**only, "certbot": elsewhere})
    assert settings.roots == ("/etc/roots.pem", None)
    assert settings.directories == (DIRECTORY, "https://third.test/")
    assert read({**GOOD, "authorities": [], "certbot": None}).roots == ()


def test_what_is_null_has_its_default() -> None:
    """No account, no certbot, the rule for the delay."""
    optional = ("account", "certbot", "standby_delay_seconds", "preflight", "workers")
    settings = read({**GOOD, **dict.fromkeys(optional)})
    assert (settings.account, settings.certbot, settings.standby_delay_seconds) == (None,) * 3
    assert (settings.preflight, settings.workers) == (True, 8)


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("format", 2, "format: is not 1"),
        ("issuer", [], 'did you mean "issuers"?'),
        ("host", "lb9", 'host: "lb9" is not among hosts'),
        ("home", "relative", "home: 'relative' is not an absolute path"),
        ("certificates/0/name", "../x", "certificates[0].name: '../x' cannot name a file"),
        ("certificates/1/source", "magic", "certificates[1].source: 'magic' is not a choice"),
        ("authorities/0/directory", "http://ca.test/", "authorities[0].directory:"),
        ("account/thumbprint", "short", "account.thumbprint: 'short' is not a thumbprint"),
        ("account/registrations", [], "account.registrations: a list is not a mapping"),
        ("certbot/command", "rm -rf /", "certbot.command: 'rm -rf /' is not an absolute path"),
        ("issuers/0", "lb9", 'issuers: "lb9" is not among hosts'),
        ("issuers/0", "lb2", "issuers: a host is listed twice"),
        ("balancers/0/name", "-oProxyCommand=x", "balancers[0].name: '-oProxyCommand=x' is not"),
        ("hosts/lb1/address", "-oProxyCommand=x", "hosts.lb1.address: '-oProxyCommand=x' is not"),
        ("hosts/lb1/port", 0, "hosts.lb1.port: 0 is out of range"),
        ("hosts/*", {"address": "x"}, "'*' is not the name of a host"),
        ("standby_delay_seconds", -1, "standby_delay_seconds: -1 is out of range"),
    ],
)
def test_a_fault_names_its_path(path: str, value: Any, fault: str) -> None:
    """In the file, whose name stands before it."""
    with pytest.raises(InvalidInput) as caught:
        read(changed(path, value))
    assert fault in str(caught.value)
    assert all(one.path.startswith(f"{SETTINGS}: ") for one in caught.value.faults)


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "is not there"), (b"\xff", "is not UTF-8"), (b"{", "is not the JSON")],
)
def test_a_file_that_cannot_be_read_is_a_fault(content: bytes | None, fault: str) -> None:
    """With its name, and what to do."""
    host = FakeHost()
    if content is not None:
        host.files.write(SETTINGS, content)
    with pytest.raises(InvalidInput, match=f"{SETTINGS}: {fault}"):
        load(host.files)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(GOOD)), JUNK)
def test_no_junk_is_another_exception(name: str, value: object) -> None:
    """Wrong types everywhere are faults, or what they say."""
    try:
        read({**GOOD, name: value})
    except InvalidInput as error:
        assert error.faults
