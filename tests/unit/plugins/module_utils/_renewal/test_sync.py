# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process in line with the disk."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import Busy
from ansible_collections.hitless.edge.plugins.module_utils._renewal.records import load_record
from ansible_collections.hitless.edge.plugins.module_utils._renewal.sync import Synced, sync
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import Action
from delivering import LAYOUT, full_disk, path_of
from receiving import HOME, Receiver, issue, leaf_of, offer

NAMES = ("a.test", "www.a.test")
OLD, NEW = issue(*NAMES, age=timedelta(days=9)), issue(*NAMES)
ONE = [{"name": "a.test", "domains": list(NAMES)}]


def run(host: Receiver) -> Synced:
    """As root; it is told as well."""
    synced = sync(host.host.ports, host.settings)
    told = load_record(host.files, HOME, "sync")
    if host.settings.is_balancer:
        assert {**synced.to_json(), "format": 1, "finished": "2026-11-22T12:00:00+00:00"} == told
    assert json.dumps(synced.to_json())
    return synced


def actions(synced: Synced) -> list[tuple[str, str]]:
    """What was done to each."""
    return [(bundle.name, bundle.action) for bundle in synced.bundles]


def test_what_is_in_line_stays() -> None:
    """Nothing is written but how it went."""
    host = Receiver(certificates=ONE)
    host.tell(offer("a.test", NEW))
    before = list(host.files.writes)
    synced = run(host)
    assert (synced.is_well, synced.changed, synced.hot) == (True, False, True)
    assert actions(synced) == [("a.test", "unchanged")]
    assert host.files.writes == [*before, f"{HOME}/status/sync.json"]


def test_a_stale_process_is_brought_in_line() -> None:
    """A push was killed between the file and the process."""
    host = Receiver(certificates=ONE)
    host.tell(offer("a.test", OLD))
    host.stop()
    host.tell(offer("a.test", NEW))
    host.revive()
    assert host.serves("a.test") == leaf_of(OLD).fingerprint
    synced = run(host)
    assert (actions(synced), synced.is_well) == ([("a.test", "swapped")], True)
    assert host.serves("a.test") == leaf_of(NEW).fingerprint


def give_master(host: Receiver, *, succeeds: bool = True) -> None:
    """The sockets that only root may use, and a config of which nothing is known."""

    def master(request: str) -> str:
        if request == "reload\n" and succeeds:
            host.reload()
        table = f"7 master {host.reloads} 0d 3.0.11\n# workers\n8 worker 0 0d x\n"
        return f"Success={succeeds:d}\n--\n{table}"

    def worker(request: str) -> str:
        return "1\n" if request == "show servers state\n" else host.process(request)

    host.host.socket.servers[LAYOUT.master_socket] = master
    host.host.socket.servers[LAYOUT.runtime_socket] = worker


def test_what_a_push_could_not_serve_is_reloaded() -> None:
    """By root; the push left it written, as somebody else had a transaction open."""
    host = Receiver(certificates=ONE)
    host.tell(offer("a.test", OLD))
    host.process.transaction = ("/elsewhere/x.pem", "")
    (answer,) = host.tell(offer("a.test", NEW))
    assert (answer.action, "needs a reload" in answer.reason) == (Action.WRITTEN, True)
    assert host.serves("a.test") == leaf_of(OLD).fingerprint
    give_master(host)
    synced = run(host)
    assert (synced.reloaded, synced.hot, synced.is_well) == (True, False, True)
    assert (host.serves("a.test"), host.reloads) == (leaf_of(NEW).fingerprint, 1)


def test_haproxy_that_is_down_is_told() -> None:
    """The files are as they shall be."""
    host = Receiver(running=False, certificates=ONE)
    host.tell(offer("a.test", NEW))
    synced = run(host)
    assert (synced.is_well, synced.reasons) == (False, ("HAProxy does not run",))


def test_what_is_absent_or_damaged_is_told() -> None:
    """And the others are served."""
    certificates = [*ONE, *({"name": f"{n}.test", "domains": [f"{n}.test"]} for n in "bc")]
    host = Receiver(certificates=certificates)
    host.tell(offer("a.test", NEW), offer("b.test", issue("b.test")))
    host.files.write(path_of("b.test"), b"broken")
    synced = run(host)
    assert actions(synced) == [("a.test", "unchanged"), ("b.test", "lacking"), ("c.test", "absent")]
    assert not synced.is_well


def test_what_is_not_for_the_wished_names_is_told_and_not_served() -> None:
    """Somebody who may write the folder put another service's certificate there."""
    host = Receiver(certificates=ONE)
    host.tell(offer("a.test", NEW))
    host.files.write(path_of("a.test"), issue("secret.service").encode())
    synced = run(host)
    assert (actions(synced), synced.is_well) == ([("a.test", "lacking")], False)
    assert host.serves("a.test") == leaf_of(NEW).fingerprint


def test_a_file_that_nobody_delivered_stays_as_it_is() -> None:
    """It is neither rewritten as ours nor brought into the process."""
    host = Receiver(certificates=ONE)
    host.files.write(path_of("a.test"), NEW.encode(), mode=0o640)
    synced = run(host)
    assert (actions(synced), synced.is_well) == ([("a.test", "lacking")], False)
    assert host.files.mode(path_of("a.test")) == 0o640
    assert "a.test" not in str(host.process.stores)


def test_nothing_is_purged() -> None:
    """What is not wished any more is for the play to remove."""
    host = Receiver()
    host.tell(offer("a.test", NEW))
    later = Receiver(certificates=[])
    sync(host.host.ports, later.settings)
    assert host.serves("a.test") == leaf_of(NEW).fingerprint


def test_another_run_at_work_is_no_result() -> None:
    """It is not noted as a failure: the next one finds out."""
    host = Receiver(certificates=ONE)
    host.files.locked.add(LAYOUT.lock)
    with pytest.raises(Busy, match="is held"):
        run(host)


def test_a_full_disk_is_told() -> None:
    """Without a traceback, and though the record of it cannot be written either."""
    host = Receiver(certificates=ONE)
    host.files.left, host.files.ending = 0, full_disk
    synced = sync(host.host.ports, host.settings)
    assert "no space left on device" in (synced.error or "")


def test_a_host_that_does_not_serve_has_nothing_to_do() -> None:
    """An issuer elsewhere."""
    host = Receiver(host="issuer")
    before = list(host.files.writes)
    assert (run(host), host.files.writes) == (Synced("issuer"), before)
