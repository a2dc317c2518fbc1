# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate for each site, unless it says otherwise."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.reader import Reader
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.certificate import (
    CertificateWish,
    Defaults,
    KeyType,
    Source,
    default_name,
    read_certificate,
    read_defaults,
    read_extra,
)
from wishes import read, read_faults

DOMAINS = ("a.test", "www.a.test")


def wish(value: Any, domains: tuple[str, ...] = DOMAINS) -> CertificateWish | None:
    """What a site's `certificate` asks for."""
    return read(value, lambda reader: read_certificate(reader, domains, Defaults()))


def faults(value: Any, domains: tuple[str, ...] = DOMAINS) -> list[str]:
    """What is wrong with it."""
    found = read_faults(value, lambda reader: read_certificate(reader, domains, Defaults()))
    return [str(fault) for fault in found]


def test_nothing_said_is_one_over_all_domains() -> None:
    """ECDSA, by our own client."""
    found = wish(None)
    assert found is not None
    assert found.to_data() == {
        "name": "a.test",
        "domains": ["a.test", "www.a.test"],
        "key_types": ["ecdsa"],
        "profile": None,
        "preferred_chain": None,
        "source": "acme",
    }


def test_false_is_none() -> None:
    """The site brings its own."""
    assert wish(False) is None


def test_what_is_said_comes_before_the_defaults() -> None:
    """Option by option."""
    defaults = read({"key_types": ["rsa"], "profile": "short", "source": "acme"}, read_defaults)
    found = read(
        {"profile": "classic", "name": "x"}, lambda one: read_certificate(one, DOMAINS, defaults)
    )
    assert found == CertificateWish("x", DOMAINS, (KeyType.RSA,), "classic", None, Source.ACME)


def test_a_wildcard_is_brought_by_its_owner() -> None:
    """HTTP-01 does not validate one; the remedy is said, and it is none for the CA then."""
    assert ["certificate: false" in fault for fault in faults(None, ("*.a.test",))] == [True]
    assert wish(False, ("*.a.test",)) is None
    assert default_name("*.a.test") == "_.a.test"


@pytest.mark.parametrize("source", ["certbot", "provided", "selfsigned"])
@pytest.mark.parametrize(
    ("function", "rest"),
    [
        (lambda one: read_certificate(one, DOMAINS, Defaults()), {}),
        (lambda one: read_extra(one, Defaults()), {"domains": ["a.test"]}),
        (read_defaults, {}),
    ],
    ids=["site", "extra", "defaults"],
)
def test_a_source_that_provides_nothing_is_a_fault(
    function: Callable[[Reader], Any], rest: dict[str, Any], source: str
) -> None:
    """A green run would leave the site without a certificate; what to do instead is said."""
    (fault,) = read_faults({"source": source, **rest}, function)
    assert (fault.path, source in fault.cause) == ("x.source", True)
    assert ".crt-list.txt" in fault.remedy


@pytest.mark.parametrize(
    ("value", "domains", "cause"),
    [
        ({"source": "acm"}, DOMAINS, 'did you mean "acme"?'),
        ({"key_types": ["ecdsa", "ecdsa"]}, DOMAINS, "at most once"),
        ({"key_types": []}, DOMAINS, "at least one"),
        ({"name": "../x"}, DOMAINS, "name of a file"),
        ({"name": "a/b"}, DOMAINS, "name of a file"),
        ({"domains": ["b.test"]}, DOMAINS, "not an option"),
        (True, DOMAINS, "not a mapping"),
        (None, ("localhost",), "certificate: false"),
        (None, tuple(f"d{n}.test" for n in range(101)), "101 domains"),
    ],
)
def test_what_no_ca_would_do_is_a_fault(value: Any, domains: tuple[str, ...], cause: str) -> None:
    """Before a CA is asked."""
    assert [cause in fault for fault in faults(value, domains)] == [True]


def test_a_certificate_of_no_site_names_its_domains() -> None:
    """In A-labels, none twice."""
    found = read({"domains": ["Ä.test"]}, lambda one: read_extra(one, Defaults()))
    assert (found.name, found.domains) == ("xn--4ca.test", ("xn--4ca.test",))
    twice = read_faults({"domains": ["a.b", "A.b"]}, lambda one: read_extra(one, Defaults()))
    assert [fault.path for fault in twice] == ["x.domains[1]"]
    assert read_faults({}, lambda one: read_extra(one, Defaults()))
