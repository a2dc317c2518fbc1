# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A delivery, carried out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    EdgeError,
    Refused,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.carry_out import (
    deliver,
    foresee,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.disk import (
    Manifest,
    digest_of,
    parse_manifest,
    render_manifest,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.plan import (
    DEFAULT_FILE,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.delivery.wish import (
    WantedBundle,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.master import Verdict
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from delivering import LAYOUT, Balancer, Killed, actions, path_of, wanted
from fakes import FakeFiles
from minted import Minted, mint

A, B, C = mint("a.test"), mint("b.test"), mint("c.test")
NEW = mint("a.test", serial=2)


def claimed(balancer: Balancer) -> list[str]:
    """Files in the manifest."""
    return sorted(parse_manifest(balancer.files.read(LAYOUT.manifest)).files)


def listed(balancer: Balancer) -> list[str]:
    """Lines of the crt-list."""
    return (balancer.files.read(LAYOUT.crt_list) or b"").decode().splitlines()


def test_an_empty_wish_makes_a_place() -> None:
    """Folder, empty crt-list, manifest: HAProxy can start."""
    balancer = Balancer(running=False)
    balancer.deliver()
    assert balancer.files.mode(LAYOUT.certificates) == 0o700
    assert balancer.files.read(LAYOUT.crt_list) == b""
    assert claimed(balancer) == []


def test_bundles_are_delivered_without_a_reload() -> None:
    """Files, list, process."""
    balancer = Balancer()
    result = balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    assert actions(result) == [("a.test", "added"), ("b.test", "added")]
    assert (result["hot"], result["reloaded"], result["changed"]) == (True, False, True)
    assert balancer.serves("a.test") == A.fingerprint
    assert balancer.files.read(path_of("b.test")) == B.pem.encode()
    assert balancer.files.mode(path_of("b.test")) == 0o600
    assert listed(balancer) == [path_of("a.test"), path_of("b.test")]
    assert balancer.reloads == 0


def test_a_restart_serves_the_same() -> None:
    """What the process has is on disk too."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    balancer.deliver(wanted("a.test", NEW))
    balancer.stop()
    balancer.start()
    assert balancer.serves("a.test") == NEW.fingerprint
    assert balancer.serves("b.test") == ""


def test_two_key_types_of_a_name_stand_side_by_side() -> None:
    """Two files, two lines, two stores."""
    balancer = Balancer()
    rsa = mint("a.test", kind=KeyType.RSA)
    balancer.deliver(wanted("a.test", A), wanted("a.test", rsa, key_type=KeyType.RSA))
    assert listed(balancer) == [path_of("a.test"), path_of("a.test", KeyType.RSA)]
    assert balancer.process.serves(path_of("a.test", KeyType.RSA)) == rsa.fingerprint


def test_files_are_written_before_the_process_is_touched() -> None:
    """The manifest first: a kill leaves nothing that nobody owns."""
    balancer = Balancer()
    before = len(balancer.files.writes)
    seen: list[list[str]] = []
    honest = balancer.process

    def watching(request: str) -> str:
        if request.startswith("set ssl cert"):
            seen.append(balancer.files.writes[before:])
        return honest(request)

    balancer.host.socket.servers[LAYOUT.runtime_socket] = watching
    balancer.deliver(wanted("a.test", A))
    assert seen == [[LAYOUT.manifest, path_of("a.test"), LAYOUT.crt_list]]


def test_a_run_that_was_killed_before_the_process_is_finished_by_the_next() -> None:
    """Files right, process stale: no PEM is needed to repair that."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    balancer.stop()
    balancer.deliver(wanted("a.test", NEW))
    balancer.host.socket.servers[LAYOUT.runtime_socket] = balancer.process
    assert balancer.serves("a.test") == A.fingerprint
    result = balancer.deliver(wanted("a.test", NEW, pem=False))
    assert actions(result) == [("a.test", "swapped")]
    assert balancer.serves("a.test") == NEW.fingerprint


def half_done(balancer: Balancer) -> None:
    """A run that adds, renews and removes; killed somewhere, then done by the next."""
    wish = (wanted("a.test", NEW), wanted("c.test", C))
    with pytest.raises(Killed):
        balancer.deliver(*wish)
    balancer.revive()
    balancer.deliver(*wish)
    for name, made in [("a.test", NEW), ("c.test", C)]:
        assert balancer.serves(name) == made.fingerprint
    assert (
        list(balancer.process.stores) == listed(balancer) == [path_of("a.test"), path_of("c.test")]
    )
    assert claimed(balancer) == ["a.test.ecdsa.pem", "c.test.ecdsa.pem"]
    assert balancer.files.read(path_of("b.test")) is None
    assert balancer.deliver(*wish)["changed"] is False


@pytest.mark.parametrize("writes", range(6))
def test_a_kill_between_any_two_writes_is_finished_by_the_next_run(writes: int) -> None:
    """Manifest, two bundles, crt-list, removal, manifest."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    balancer.files.left = writes
    half_done(balancer)


@pytest.mark.parametrize("commands", range(15))
def test_a_kill_between_any_two_commands_is_finished_by_the_next_run(commands: int) -> None:
    """Also with a transaction left open, and with an empty store."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    balancer.kill_at_command(commands)
    half_done(balancer)


def test_a_haproxy_that_is_down_is_no_failure() -> None:
    """It is told, and the files are ready."""
    balancer = Balancer(running=False)
    result = balancer.deliver(wanted("a.test", A))
    assert actions(result) == [("a.test", "written")]
    assert (result["hot"], result["reloaded"]) == (False, False)
    assert result["reasons"] == ["HAProxy does not run"]
    balancer.start()
    assert balancer.serves("a.test") == A.fingerprint


def test_a_faulty_bundle_is_refused_and_the_others_are_delivered() -> None:
    """The old one stays; the failure names the place."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    faulty = wanted("a.test", Minted(A.key, NEW.chain), where="bundles[3] (a.test)")
    with pytest.raises(EdgeError) as caught:
        balancer.deliver(faulty, wanted("b.test", B))
    words = "bundles[3] (a.test): the key does not match the leaf certificate"
    assert words in caught.value.message
    assert caught.value.details["changed"] is True
    assert actions(dict(caught.value.details)) == [("a.test", "refused"), ("b.test", "added")]
    assert balancer.serves("a.test") == A.fingerprint
    assert balancer.serves("b.test") == B.fingerprint
    assert balancer.files.read(path_of("a.test")) == A.pem.encode()


@pytest.mark.parametrize("known", [True, False], ids=["a renewal", "a new one"])
def test_what_haproxy_refuses_leaves_no_trace(known: bool) -> None:
    """Else its next start would fail on the file."""
    balancer = Balancer()
    if known:
        balancer.deliver(wanted("a.test", A))
    before = (dict(balancer.process.stores), listed(balancer), claimed(balancer))
    content = balancer.files.read(path_of("a.test"))
    balancer.process.refuses = lambda pem: "ee key too small" if pem.startswith(NEW.key) else ""
    with pytest.raises(EdgeError, match=r"bundles\[0\] \(a.test\): HAProxy refuses it: ee key"):
        balancer.deliver(wanted("a.test", NEW))
    assert (balancer.process.stores, listed(balancer), claimed(balancer)) == before
    assert balancer.files.read(path_of("a.test")) == content


def test_purge_takes_only_ours() -> None:
    """Foreign files and foreign lines stay."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    balancer.files.write(path_of("foreign"), C.pem.encode())
    lines = [*listed(balancer), "# by hand", f"{path_of('foreign')} [alpn h2] c.test"]
    balancer.files.write(LAYOUT.crt_list, "".join(f"{line}\n" for line in lines).encode())
    result = balancer.deliver(wanted("b.test"))
    assert actions(result) == [("b.test", "unchanged"), ("a.test", "removed")]
    assert listed(balancer) == lines[1:]
    assert balancer.files.read(path_of("a.test")) is None
    assert balancer.files.read(path_of("foreign")) == C.pem.encode()
    assert list(balancer.process.stores) == [path_of("b.test")]


def test_what_leaves_goes_off_the_list_before_its_file() -> None:
    """A start in between must not find a line without a file."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    balancer.files.left = 1  # the list is written, the file is not removed yet
    with pytest.raises(Killed):
        balancer.deliver(purge_everything=True)
    assert listed(balancer) == []
    assert balancer.process.stores == {}
    assert balancer.files.read(path_of("a.test")) is not None


def test_what_the_process_cannot_take_is_done_by_one_reload() -> None:
    """Two bundles over the buffer, one reload; the reason is told."""
    balancer = Balancer()
    bundles = [
        wanted(name, Minted(made.key, (made.chain[0], *[made.chain[1]] * 20)), domains=(name,))
        for name, made in [("a.test", A), ("b.test", B)]
    ]
    # The same issuer twice is no order of a chain, so these come as what is on disk already.
    for bundle in bundles:
        balancer.files.make_directory(LAYOUT.certificates)
        balancer.files.write(path_of(bundle.name), bundle.pem.encode())
    seed_manifest(balancer.files, bundles)
    wish = [wanted(bundle.name, made, pem=False) for bundle, made in zip(bundles, [A, B])]
    assert foresee(balancer.plan(*wish))["reloaded"] is True
    result = balancer.deliver(*wish)
    assert (result["hot"], result["reloaded"]) == (False, True)
    assert all("larger than" in reason for reason in result["reasons"])
    assert balancer.reloads == 1
    assert balancer.serves("b.test") == B.fingerprint


def seed_manifest(files: FakeFiles, bundles: list[WantedBundle]) -> None:
    """Claim files as an earlier run would have."""
    manifest = Manifest({one.file_name: digest_of(one.pem) for one in bundles})
    files.write(LAYOUT.manifest, render_manifest(manifest).encode())


def test_a_reload_that_fails_is_told_in_haproxys_words() -> None:
    """The old process serves on, its next start loads what it served, the next run does it all."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    balancer.process.stores["/else/x.pem"] = B.pem
    balancer.process.transaction = ("/else/x.pem", B.pem)
    balancer.reload_words = "[ALERT] cannot bind"
    with pytest.raises(Refused, match="cannot bind"):
        balancer.deliver(wanted("a.test", NEW), wanted("c.test", C))
    assert balancer.serves("a.test") == A.fingerprint
    balancer.stop()
    balancer.start()
    assert balancer.serves("a.test") == A.fingerprint
    balancer.reload_words = ""
    assert balancer.deliver(wanted("a.test", NEW), wanted("c.test", C))["changed"] is True
    assert balancer.serves("a.test") == NEW.fingerprint
    assert balancer.serves("c.test") == C.fingerprint


@pytest.mark.parametrize("dies", [False, True], ids=["old worker serves on", "service died"])
def test_haproxy_is_recovered_after_a_reload_that_failed(dies: bool) -> None:
    """With the earlier file: by a second reload, or a start where nothing is left to reload."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    balancer.process.transaction = ("/else/x.pem", B.pem)
    balancer.process.stores["/else/x.pem"] = B.pem
    balancer.files.write("/proc/7/stat", b"7 (haproxy) S 1 1")
    recovered: list[tuple[str, bytes | None]] = []

    def master(request: str) -> str:
        if request == "reload\n":
            recovered.append(("reload", balancer.files.read(path_of("a.test"))))
            return "Success=1\n"
        return f"7  master  {balancer.reloads} [failed: {balancer.reloads}]  1s  x\n8  worker\n"

    def runner(argv: Sequence[str]) -> Completed:
        if argv[1] == "restart":
            recovered.append(("start", balancer.files.read(path_of("a.test"))))
        return Completed(0, "active\n", "")

    def reload() -> Verdict:
        if dies:
            balancer.files.remove("/proc/7")
        balancer.reloads += 1
        return Verdict(False, "[ALERT] cannot bind")

    balancer.host.socket.servers[LAYOUT.master_socket] = master
    balancer.host.runner.answer = runner
    with pytest.raises(Refused, match="cannot bind"):
        deliver(balancer.host.ports, balancer.wish(wanted("a.test", NEW)), reload)
    assert recovered == [("start" if dies else "reload", A.pem.encode())]


def test_a_reload_that_does_not_help_is_a_failure() -> None:
    """The process is asked again afterwards."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    balancer.process.stores["/else/x.pem"] = B.pem
    balancer.process.transaction = ("/else/x.pem", B.pem)
    balancer.keeps_process = True
    with pytest.raises(EdgeError, match=r"still does not serve as wished: .*a\.test"):
        balancer.deliver(wanted("a.test", NEW))


def test_who_may_not_reload_leaves_that_to_somebody_else() -> None:
    """Files and crt-list are as they shall be, what can be served is, and the rest is told."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))
    balancer.process.transaction = ("/else/x.pem", "")
    wish = balancer.wish(wanted("a.test", NEW), wanted("b.test", B))
    result = deliver(balancer.host.ports, wish, None)
    assert actions(result) == [("a.test", "written"), ("b.test", "written")]
    assert "needs a reload for it: somebody has a transaction" in result["bundles"][0]["reason"]
    assert (result["changed"], result["hot"], result["reloaded"]) == (True, False, False)
    assert (balancer.serves("a.test"), balancer.reloads) == (A.fingerprint, 0)
    balancer.deliver(*wish.bundles)
    assert (balancer.serves("a.test"), balancer.serves("b.test")) == (
        NEW.fingerprint,
        B.fingerprint,
    )


def test_a_process_that_goes_away_is_left_to_who_may_reload() -> None:
    """And fails the delivery of who may."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A))

    def answer(request: str) -> str:
        if request.startswith("set ssl cert"):
            raise Unavailable("connection reset")
        return balancer.process(request)

    balancer.host.socket.servers[LAYOUT.runtime_socket] = answer
    result = deliver(balancer.host.ports, balancer.wish(wanted("a.test", NEW)), None)
    assert result["reasons"] == [f"{path_of('a.test')}: connection reset"]
    with pytest.raises(Unavailable):
        balancer.deliver(wanted("a.test", NEW))


def test_a_default_certificate_is_made_and_loaded_first() -> None:
    """By one reload; afterwards nothing is to do."""
    balancer = Balancer()
    result = balancer.deliver(wanted("a.test", A), default_certificate=True)
    assert actions(result) == [("a.test", "added"), ("_default", "added")]
    assert listed(balancer)[0].endswith(DEFAULT_FILE)
    assert (balancer.reloads, result["reloaded"]) == (1, True)
    again = balancer.deliver(wanted("a.test", A), default_certificate=True)
    assert (again["changed"], balancer.reloads) == (False, 1)


def test_a_delivery_holds_the_lock() -> None:
    """Another change of HAProxy waits, or this one."""
    balancer = Balancer()
    with balancer.files.lock(LAYOUT.lock, timeout_seconds=1), pytest.raises(Busy):
        balancer.deliver(wanted("a.test", A))
    assert balancer.files.read(path_of("a.test")) is None


def test_the_forecast_is_what_happens() -> None:
    """Check mode tells the same actions as the run."""
    balancer = Balancer()
    balancer.deliver(wanted("a.test", A), wanted("b.test", B))
    wish = (wanted("a.test", NEW), wanted("c.test", C), wanted("d.test", C, pem=False))
    foretold = foresee(balancer.plan(*wish))
    result = balancer.deliver(*wish)
    assert {key: result[key] for key in foretold} == foretold
    assert result["lacking"] == [["d.test", "ecdsa"]]
