# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate for each site, unless it says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
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
WISH = {
    "name": "a.test",
    "domains": ["a.test", "www.a.test"],
    "key_types": ["ecdsa"],
    "profile": None,
    "preferred_chain": None,
    "source": "acme",
}


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
    assert found.to_data() == WISH


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


@pytest.mark.parametrize("source", ["acme", "certbot"])
@pytest.mark.parametrize("domain", ["*.a.test", "intranet"], ids=["wildcard", "no dot"])
def test_what_a_ca_cannot_validate_names_the_sources_that_need_no_ca(
    domain: str, source: str
) -> None:
    """HTTP-01 does it; the remedy is said, and no certificate is no fault."""
    (fault,) = faults({"source": source}, (domain,))
    assert all(word in fault for word in ("provided", "selfsigned", "certificate: false"))
    assert wish(False, (domain,)) is None


@pytest.mark.parametrize("source", [Source.PROVIDED, Source.SELFSIGNED])
@pytest.mark.parametrize("domain", ["*.a.test", "intranet"], ids=["wildcard", "no dot"])
def test_where_no_ca_is_asked_any_name_goes(domain: str, source: Source) -> None:
    """And more of them than a CA takes."""
    domains = (domain, *(f"d{number}.test" for number in range(150)))
    found = wish({"source": source.value}, domains)
    assert found is not None
    assert (found.source, found.domains) == (source, domains)


def test_the_name_of_a_wildcard_is_a_file_name() -> None:
    """No shell expands it."""
    assert default_name("*.a.test") == "_.a.test"


@pytest.mark.parametrize("source", list(Source))
def test_the_source_is_one_line_for_all_or_for_one(source: Source) -> None:
    """In the defaults or in the certificate; the rest of the wish stays as it is."""
    defaults = read({"source": source.value}, read_defaults)
    for_all = read(None, lambda one: read_certificate(one, DOMAINS, defaults))
    for_one = wish({"source": source.value})
    assert for_all == for_one
    assert for_one is not None
    assert {**for_one.to_data(), "source": "acme"} == {**WISH, "source": "acme"}


@pytest.mark.parametrize("source", ["provided", "selfsigned"])
@pytest.mark.parametrize("option", ["profile", "preferred_chain"])
def test_what_only_a_ca_does_is_a_fault_elsewhere(source: str, option: str) -> None:
    """A wish that nobody would fulfil; what the defaults say is for those that come from a CA."""
    (fault,) = faults({"source": source, option: "x"})
    assert f"x.{option}: no CA is asked" in fault
    defaults = read({"profile": "x", "preferred_chain": "y"}, read_defaults)
    found = read({"source": source}, lambda one: read_certificate(one, DOMAINS, defaults))
    assert (found.profile, found.preferred_chain) == (None, None)


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
