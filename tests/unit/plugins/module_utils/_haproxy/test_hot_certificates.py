# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bundles into the running process, against answers of real ones."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.hot_certificates import (
    Action,
    Outcome,
    Verdict,
    Wanted,
    apply,
    identities_of,
    look,
    plan,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.runtime import Runtime
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import parse_chain
from fake_certificates import FakeCertificates
from fakes import FakeHost
from minted import Minted, mint

LIST = "/ssl/.crt-list.txt"
A, B, C = "/ssl/a.ecdsa.pem", "/ssl/b.ecdsa.pem", "/ssl/c.ecdsa.pem"
OLD, NEW, OTHER = mint("a.test"), mint("a.test", serial=2), mint("b.test")
SOCKET = "/run/admin.sock"


class Balancer:
    """A worker with these bundles on its crt-list, and its socket."""

    def __init__(self, **bundles: Minted) -> None:
        self.host = FakeHost()
        paths = {f"/ssl/{name}.ecdsa.pem": made for name, made in bundles.items()}
        for path, made in paths.items():
            self.host.files.write(path, made.pem.encode())
        self.host.files.write(LIST, "".join(f"{path}\n" for path in paths).encode())
        self.process = FakeCertificates(LIST, self.host.files)
        self.process.start()
        self.host.socket.servers[SOCKET] = self.process
        self.runtime = Runtime(self.host.socket, SOCKET)

    def bring(self, wanted: dict[str, Minted], *unwanted: str) -> tuple[Outcome, ...]:
        """Look, plan, apply."""
        loaded = look(self.runtime, LIST)
        assert loaded is not None
        bundles = [bundle(path, made) for path, made in wanted.items()]
        return apply(self.runtime, LIST, loaded, plan(loaded, bundles, unwanted))


def bundle(path: str, made: Minted) -> Wanted:
    """A wanted bundle at a path."""
    return Wanted(path, made.pem, identities_of(parse_chain(made.pem, path)[0]))


def verdicts(outcomes: tuple[Outcome, ...]) -> list[tuple[Action, Verdict]]:
    """What was done and how it ended."""
    return [(one.step.action, one.verdict) for one in outcomes]


@pytest.fixture(params=[True, False], ids=["2.6", "3.0"])
def mixes(request: pytest.FixtureRequest) -> bool:
    """Whether the worker puts any payload into the one open transaction."""
    return bool(request.param)


def test_the_first_bundle_of_an_empty_list_is_served() -> None:
    """Made, uploaded, committed, listed."""
    balancer = Balancer()
    outcomes = balancer.bring({A: OLD})
    assert verdicts(outcomes) == [(Action.ADD, Verdict.DONE)]
    assert balancer.process.serves(A) == OLD.fingerprint


def test_a_renewal_is_swapped() -> None:
    """One transaction; the list is left alone."""
    balancer = Balancer(a=OLD, b=OTHER)
    assert verdicts(balancer.bring({A: NEW, B: OTHER})) == [(Action.SWAP, Verdict.DONE)]
    assert balancer.process.serves(A) == NEW.fingerprint
    assert balancer.process.serves(B) == OTHER.fingerprint
    assert [
        line for line in balancer.process.commands if "crt-list" in line and "show" not in line
    ] == []


def test_what_is_served_is_not_touched() -> None:
    """Nothing to do is nothing done."""
    balancer = Balancer(a=OLD)
    assert balancer.bring({A: OLD}) == ()
    assert all(command.startswith("show") for command in balancer.process.commands)


def test_a_thousand_are_asked_for_in_few_requests() -> None:
    """Each line of commands fits into HAProxy's buffer."""
    balancer = Balancer(**{f"{'x' * 40}{number}": OLD for number in range(1000)})
    loaded = look(balancer.runtime, LIST)
    assert loaded is not None
    assert set(loaded.stores.values()) == {bundle(A, OLD).identities[0]}
    requests = [request for _path, request in balancer.host.socket.requests]
    assert len(requests) < 20
    assert max(len(request.encode()) for request in requests) < 16384 - 1024


def test_a_leaf_is_known_by_its_serial_where_the_answer_is_cut() -> None:
    """With hundreds of names the SHA-1 is behind the cut."""
    balancer = Balancer(a=OLD)
    balancer.process.shows_sha1 = False
    assert balancer.bring({A: OLD}) == ()
    assert verdicts(balancer.bring({A: NEW})) == [(Action.SWAP, Verdict.DONE)]


def test_a_rewritten_file_is_uploaded_though_its_leaf_stays() -> None:
    """Its chain may be another."""
    balancer = Balancer(a=OLD)
    loaded = look(balancer.runtime, LIST)
    assert loaded is not None
    wanted = bundle(A, OLD)
    rewritten = Wanted(A, wanted.content, wanted.identities, is_rewritten=True)
    assert [step.action for step in plan(loaded, [rewritten], ())] == [Action.SWAP]


def test_what_is_unwanted_leaves() -> None:
    """Off every line of the list, then out of the process."""
    balancer = Balancer(a=OLD, b=OTHER)
    balancer.process.entries.append((B, 9))
    assert verdicts(balancer.bring({A: OLD}, B)) == [(Action.REMOVE, Verdict.DONE)]
    assert list(balancer.process.stores) == [A]
    assert balancer.process.entries == [(A, 1)]


def test_what_never_was_needs_no_removal() -> None:
    """Nothing to do."""
    assert Balancer(a=OLD).bring({A: OLD}, B) == ()


def test_a_default_certificate_leaves_by_a_reload() -> None:
    """HAProxy's words are kept."""
    balancer = Balancer(a=OLD, b=OTHER)
    balancer.process.default = A
    (outcome,) = balancer.bring({B: OTHER}, A)
    assert outcome.verdict is Verdict.NEEDS_RELOAD
    assert "used as default certificate" in outcome.words


def test_an_open_transaction_of_a_killed_run_is_aborted(mixes: bool) -> None:
    """It is about a file of ours, and nobody else is at it, since the lock is ours."""
    balancer = Balancer(a=OLD, b=OTHER)
    balancer.process.mixes_transactions = mixes
    balancer.runtime.ask(f"set ssl cert {B}", NEW.pem)
    assert verdicts(balancer.bring({A: NEW, B: OTHER})) == [(Action.SWAP, Verdict.DONE)]
    assert balancer.process.serves(A) == NEW.fingerprint
    assert balancer.process.serves(B) == OTHER.fingerprint


def test_a_transaction_of_others_is_left_alone(mixes: bool) -> None:
    """A reload is needed, and their payload stays as it is."""
    balancer = Balancer(a=OLD)
    balancer.process.mixes_transactions = mixes
    balancer.process.stores["/else/x.pem"] = OTHER.pem
    balancer.runtime.ask("set ssl cert /else/x.pem", OTHER.pem)
    (outcome,) = balancer.bring({A: NEW})
    assert outcome.verdict is Verdict.NEEDS_RELOAD
    assert "/else/x.pem" in outcome.words
    assert balancer.process.transaction == ("/else/x.pem", f"{OTHER.pem}\n")
    assert balancer.process.serves(A) == OLD.fingerprint


def test_a_transaction_that_opens_meanwhile_never_gets_our_certificate(mixes: bool) -> None:
    """On 2.6 our payload landed on B: it is aborted, and nobody can commit it."""
    balancer = Balancer(a=OLD, b=OTHER)
    balancer.process.mixes_transactions = mixes
    loaded = look(balancer.runtime, LIST)
    assert loaded is not None
    steps = plan(loaded, [bundle(A, NEW)], ())
    balancer.runtime.ask(f"set ssl cert {B}", OTHER.pem)
    (outcome,) = apply(balancer.runtime, LIST, loaded, steps)
    assert outcome.verdict is Verdict.NEEDS_RELOAD
    balancer.runtime.ask(f"commit ssl cert {B}")
    assert balancer.process.serves(B) == OTHER.fingerprint
    assert balancer.process.serves(A) == OLD.fingerprint


@pytest.mark.parametrize("path", [A, C], ids=["known", "new"])
def test_a_payload_that_is_refused_changes_nothing(path: str) -> None:
    """The transaction is aborted, the old one served, an empty store of ours removed."""
    balancer = Balancer(a=OLD)
    balancer.process.refuses = lambda _pem: "ee key too small"
    (outcome,) = balancer.bring({path: NEW})
    assert outcome.verdict is Verdict.REFUSED
    assert "ee key too small" in outcome.words
    assert balancer.process.transaction is None
    assert list(balancer.process.stores) == [A]
    assert balancer.process.serves(A) == OLD.fingerprint


def test_what_no_tls_context_takes_leaves_no_store() -> None:
    """Set and commit of a new store look at no policy; the crt-list does."""
    balancer = Balancer(a=OLD)
    balancer.process.refuses_context = lambda _pem: "ee key too small"
    (outcome,) = balancer.bring({C: NEW})
    assert outcome.verdict is Verdict.REFUSED
    assert "ee key too small" in outcome.words
    assert list(balancer.process.stores) == [A]


def test_one_that_is_refused_does_not_stop_the_others() -> None:
    """Each step for itself."""
    balancer = Balancer(a=OLD)
    balancer.process.refuses = lambda pem: "no" if pem.startswith(NEW.pem) else ""
    outcomes = balancer.bring({A: NEW, B: OTHER})
    assert [one.verdict for one in outcomes] == [Verdict.REFUSED, Verdict.DONE]
    assert balancer.process.serves(B) == OTHER.fingerprint


def test_a_commit_that_lies_is_found_by_asking() -> None:
    """`Success!` is not believed: the store is asked afterwards."""
    balancer = Balancer(a=OLD)
    honest = balancer.process

    def liar(request: str) -> str:
        return "Success!\n\n" if request.startswith("commit") else honest(request)

    balancer.host.socket.servers[SOCKET] = liar
    (outcome,) = balancer.bring({A: NEW})
    assert outcome.verdict is Verdict.NEEDS_RELOAD
    assert "after the commit HAProxy holds" in outcome.words


def test_a_bundle_over_the_buffer_waits_for_a_reload() -> None:
    """Known before anything is sent."""
    balancer = Balancer(a=OLD)
    big = Minted(NEW.key, (NEW.chain[0], *([NEW.chain[1]] * 20)))
    (outcome,) = balancer.bring({A: big})
    assert outcome.verdict is Verdict.NEEDS_RELOAD
    assert "larger than" in outcome.words
    assert all(command.startswith("show") for command in balancer.process.commands)


def test_a_process_that_loads_no_list_of_ours_is_not_looked_at() -> None:
    """Its config is another."""
    balancer = Balancer(a=OLD)
    balancer.process.loads_list = False
    assert look(balancer.runtime, LIST) is None
