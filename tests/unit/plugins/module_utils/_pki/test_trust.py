# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains and roots, judged by the real tool."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki.trust import (
    HOST_ROOTS,
    Roots,
    judge_self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    Certificate,
    parse_chain,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from fakes import FakeHost
from forged import Recipe, forge, intermediate, leaf_as_signer
from receiving import DAY, OpenSsl, issue, leaf_of, own, roots


def chain_of(pem: str) -> tuple[Certificate, ...]:
    """Leaf first."""
    return parse_chain(pem, "pem")


def judged(
    chain: Sequence[Certificate], files: dict[str, str], paths: tuple[str | None, ...]
) -> list[str]:
    """What is wrong with a chain on a host with these files."""
    host = FakeHost()
    host.runner.answer = OpenSsl(host.files)
    for path, content in files.items():
        host.files.write(path, content.encode())
    found = Roots(host.ports, paths).judge(chain, "pem")
    assert [path for path in host.files.content if path.startswith("/scratch")] == []
    return [str(fault) for fault in found]


GOOD = chain_of(issue("a.test"))


def test_a_chain_to_a_listed_root_is_trusted() -> None:
    """By an intermediate that comes with it."""
    assert judged(GOOD, {"/r.pem": roots()}, ("/r.pem",)) == []


def test_any_of_several_roots_will_do() -> None:
    """Each in its own file, or in one."""
    files = {"/r.pem": roots("other"), "/s.pem": roots()}
    assert judged(GOOD, files, ("/r.pem", "/s.pem")) == []
    assert judged(GOOD, {"/r.pem": roots("other", "")}, ("/r.pem",)) == []


@pytest.mark.parametrize("path", HOST_ROOTS)
def test_the_roots_of_the_host_are_where_its_family_has_them(path: str) -> None:
    """Debian's or Red Hat's."""
    assert judged(GOOD, {path: roots()}, (None,)) == []


def test_another_root_is_not_trusted() -> None:
    """Whatever the host itself trusts: only the listed file counts."""
    (fault,) = judged(GOOD, {"/r.pem": roots("other"), HOST_ROOTS[0]: roots()}, ("/r.pem",))
    assert fault.startswith("pem: the chain is not trusted: unable to get local issuer certificate")


def test_a_chain_without_its_intermediate_is_not_trusted() -> None:
    """A client could not complete it either."""
    (fault,) = judged(GOOD[:1], {"/r.pem": roots()}, ("/r.pem",))
    assert "unable to get local issuer certificate" in fault


@pytest.mark.parametrize(
    ("paths", "words"), [((), "no CA is listed"), (("/r.pem",), "/r.pem is not there")]
)
def test_without_roots_nothing_is_trusted(paths: tuple[str, ...], words: str) -> None:
    """And the reason is told."""
    (fault,) = judged(GOOD, {}, paths)
    assert f"no root to trust: {words}" in fault


def test_a_leaf_is_no_ca() -> None:
    """Whoever has a certificate cannot make others."""
    made = forge(Recipe(("a.test",)), leaf_as_signer("evil.test"))
    faults = judged(chain_of(made.pem), {"/r.pem": roots()}, ("/r.pem",))
    assert any("invalid CA certificate" in fault for fault in faults)


def test_a_certificate_for_clients_does_not_serve() -> None:
    """Its CA gave it for something else."""
    recipe = Recipe(("a.test",), usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    made = forge(recipe, intermediate())
    (fault,) = judged(chain_of(made.pem), {"/r.pem": roots()}, ("/r.pem",))
    assert "unsuitable certificate purpose" in fault or "unsupported certificate purpose" in fault


def test_the_moment_is_that_of_the_clock() -> None:
    """Not that of the machine."""
    late = chain_of(issue("a.test", lifetime=DAY, age=2 * DAY))
    (fault,) = judged(late, {"/r.pem": roots()}, ("/r.pem",))
    assert "certificate has expired (certificate 1 of the way up)" in fault


def test_a_certificate_is_its_own_root_only_if_asked() -> None:
    """For the source selfsigned."""
    host = FakeHost()
    host.runner.answer = OpenSsl(host.files)
    leaf = leaf_of(own("a.test"))
    assert judge_self_signed(host.ports, leaf, "pem") == ()
    (fault,) = judged((leaf,), {"/r.pem": roots()}, ("/r.pem",))
    assert "self-signed certificate" in fault or "self signed certificate" in fault


def test_a_tool_that_fails_otherwise_is_no_trust() -> None:
    """Its first words are told, and the file is gone."""
    host = FakeHost()
    host.runner.answer = lambda _argv: Completed(1, "", "cannot open\nmore")
    host.files.write("/r.pem", roots().encode())
    (fault,) = Roots(host.ports, ("/r.pem",)).judge(GOOD, "pem")
    assert "openssl verify ended with 1: cannot open" in str(fault)
    assert [path for path in host.files.content if path.startswith("/scratch")] == []
