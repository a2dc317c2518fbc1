# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs leave behind for people: how the last one went, and how each host stands.

Nothing but `status` and the pause that a CA asked for depends on these files, so one that is lost
or broken costs no certificate, and a disk that is full stops no push.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._acme.ari import parse_time
from .._core.errors import EdgeError
from .._core.ports import Files, Ports

FORMAT = 1
MODE = 0o640
RENEW, PUSH, SYNC = "renew", "push", "sync"


@dataclass(frozen=True)
class HostRecord:
    """How a host stood after the last push.

    ``failing_since``: the first of the pushes that failed, with none in between that did not.
    """

    at: datetime
    error: str | None = None
    failing_since: datetime | None = None
    last_ok: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "ok": self.error is None,
            "at": self.at.isoformat(),
            "error": self.error,
            "failing_since": _text(self.failing_since),
            "last_ok": _text(self.last_ok),
        }


def record_path(home: str, name: str) -> str:
    """Where what a verb did is told."""
    return f"{home}/status/{name}.json"


def load_record(files: Files, home: str, name: str) -> Mapping[str, Any]:
    """What a verb told last; empty if it did not, or it cannot be read any more."""
    try:
        found = json.loads(files.read(record_path(home, name)) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def remembered(files: Files, home: str, name: str) -> Mapping[str, Any]:
    """As `load_record`; empty also if this user may not read it."""
    try:
        return load_record(files, home, name)
    except OSError:
        return {}


def save_record(files: Files, home: str, name: str, document: Mapping[str, Any]) -> None:
    """Tell what a verb did, unless the disk does not take it: that is told otherwise."""
    with contextlib.suppress(OSError):
        if files.mode(f"{home}/status") is None:
            files.make_directory(f"{home}/status", mode=0o750)
        text = json.dumps({"format": FORMAT, **document}, indent=1, ensure_ascii=False) + "\n"
        files.write(record_path(home, name), text.encode(), mode=MODE)


def load_pushes(files: Files, home: str) -> dict[str, HostRecord]:
    """How each host stood after the last push."""
    return _parse_hosts(load_record(files, home, PUSH).get("hosts"))


def save_pushes(
    ports: Ports, home: str, errors: Mapping[str, str | None], *, of: Collection[str] = ()
) -> None:
    """Note how each host stands after a push. ``errors``: ``None`` where all is well.

    ``of``: those of which is kept what is known if they were not pushed to this time.
    """
    now = ports.clock.now().replace(microsecond=0)
    before = _parse_hosts(remembered(ports.files, home, PUSH).get("hosts"))
    hosts = {host: found for host, found in before.items() if host in of}
    hosts.update((host, _after(before.get(host), error, now)) for host, error in errors.items())
    document = {host: found.to_json() for host, found in sorted(hosts.items())}
    save_record(ports.files, home, PUSH, {"hosts": document})


def moment(value: object) -> datetime | None:
    """A moment out of a record, ``None`` if there is none or it cannot be read."""
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


@contextlib.contextmanager
def disk_faults_told(path: str) -> Iterator[None]:
    """Turn what the operating system says of a file into what a person can act on.

    Raises: `EdgeError`.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or path
        remedy = f"see that there is space and that {path} is writable and belongs to hitless"
        words = (error.strerror or str(error)).lower()
        raise EdgeError(f"{where} cannot be read or written: {words}; {remedy}") from error


def _after(before: HostRecord | None, error: str | None, now: datetime) -> HostRecord:
    if error is None:
        return HostRecord(now, last_ok=now)
    last_ok = before.last_ok if before else None
    since = before.failing_since if before and before.failing_since else now
    return HostRecord(now, error, since, last_ok)


def _parse_hosts(hosts: object) -> dict[str, HostRecord]:
    read = {name: _parse_host(value) for name, value in dict(_mapping(hosts)).items()}
    return {str(name): found for name, found in read.items() if found is not None}


def _parse_host(value: object) -> HostRecord | None:
    fields = _mapping(value)
    at = moment(fields.get("at"))
    if at is None:
        return None
    error = fields.get("error")
    return HostRecord(
        at,
        str(error) if error is not None else None,
        moment(fields.get("failing_since")),
        moment(fields.get("last_ok")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None
