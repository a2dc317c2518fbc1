# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of the tests that others push to: in memory, but with the real `openssl verify`."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from ansible_collections.hitless.edge.plugins.module_utils._acme.due import Facts
from ansible_collections.hitless.edge.plugins.module_utils._acme.store import Store
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import (
    KeyType,
    generate_key,
    self_signed,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.x509 import (
    Certificate,
    parse_chain,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.receive import receive
from ansible_collections.hitless.edge.plugins.module_utils._renewal.settings import (
    SETTINGS,
    Settings,
    load,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Answer,
    Offer,
    Reply,
    Request,
    parse_reply,
    render_reply,
    render_request,
)
from delivering import Balancer
from fakes import NOON, FakeFiles

HOME = "/var/lib/hitless-edge"
DIRECTORY = "https://ca.test/directory"
ROOTS = "/etc/hitless-edge/roots.pem"
DAY = timedelta(days=1)
FACTS = Facts("ca", DIRECTORY, None, None, NOON)
THUMBPRINT = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"


class OpenSsl:
    """Runs the real tool on files of a host in memory; there is no other command."""

    def __init__(self, files: FakeFiles) -> None:
        self.files = files
        self.judged = 0

    def __call__(self, argv: Sequence[str]) -> Completed:
        if argv[0] != "openssl":
            return Completed(3, "inactive", "")
        self.judged += 1
        paths = {word: self.files.read(word) for word in argv if word.startswith("/")}
        return _run(tuple(argv), tuple(paths.items()))


@functools.cache
def _run(argv: tuple[str, ...], files: tuple[tuple[str, bytes | None], ...]) -> Completed:
    """The same files are judged once in a run of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        real = {path: Path(folder, path.replace("/", "_")) for path, _content in files}
        for path, content in files:
            if content is not None:
                real[path].write_bytes(content)
        words = [str(real.get(word, word)) for word in argv]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    return Completed(done.returncode, done.stdout, done.stderr)


@functools.cache
def authority(name: str) -> tuple[trustme.CA, trustme.CA]:
    """A root and its intermediate; another name is another CA."""
    del name
    root = trustme.CA(key_type=trustme.KeyType.ECDSA)
    return root, root.create_child_ca(key_type=trustme.KeyType.ECDSA)


def roots(*names: str) -> str:
    """PEM of the roots of some CAs."""
    return "".join(authority(name)[0].cert_pem.bytes().decode() for name in names or ("",))


@functools.cache
def issue(
    *names: str,
    age: timedelta = DAY,
    lifetime: timedelta = 90 * DAY,
    ca: str = "",
    kind: KeyType = KeyType.ECDSA,
    common_name: str | None = None,
) -> str:
    """A bundle for names, issued so long before noon."""
    issued = authority(ca)[1].issue_cert(
        *names,
        common_name=common_name,
        key_type=trustme.KeyType[kind.name],
        not_before=NOON - age,
        not_after=NOON - age + lifetime,
    )
    chain = [blob.bytes().decode() for blob in issued.cert_chain_pems]
    return "".join([issued.private_key_pem.bytes().decode(), *chain])


@functools.cache
def own(*names: str, now: datetime = NOON) -> str:
    """A bundle that is signed by itself."""
    key = generate_key(KeyType.ECDSA)
    return key + self_signed(key, names, now=now, lifetime=90 * DAY)


def leaf_of(pem: str) -> Certificate:
    """The first certificate."""
    return parse_chain(pem, "pem")[0]


def offer(name: str, bundle: str, *, only_asks: bool = False, **other: Any) -> Offer:
    """What a sender that has this bundle says."""
    leaf = leaf_of(bundle)
    fields: dict[str, Any] = {
        "name": name,
        "key_type": KeyType.ECDSA,
        "fingerprint": leaf.fingerprint,
        "not_before": leaf.not_before,
        "facts": FACTS,
        "pem": None if only_asks else bundle,
    }
    return Offer(**{**fields, **other})


CERTIFICATES = [
    {"name": "a.test", "domains": ["a.test", "www.a.test"]},
    {"name": "b.test", "domains": ["b.test"]},
    {"name": "own.test", "domains": ["own.test"], "source": "selfsigned"},
    {"name": "mine.test", "domains": ["mine.test"], "source": "provided"},
    {"name": "rsa.test", "domains": ["rsa.test"], "key_types": ["rsa"]},
    {"name": "*.w.test", "domains": ["*.w.test"], "source": "certbot"},
]


def document(**other: Any) -> dict[str, Any]:
    """Settings of a host that is both, with another one of each kind."""
    hosts = ("here", "issuer", "balancer")
    return {
        "format": 1,
        "host": "here",
        "home": HOME,
        "certificates": CERTIFICATES,
        "authorities": [{"name": "ca", "directory": DIRECTORY, "roots": ROOTS}],
        "account": None,
        "certbot": None,
        "issuers": ["issuer", "here"],
        "balancers": [{"name": name, "addresses": []} for name in ("here", "balancer")],
        "hosts": {name: {"address": f"{name}.test"} for name in hosts},
        **other,
    }


class Receiver(Balancer):
    """A balancer and standby that others push to. ``other``: fields of its settings."""

    def __init__(self, *, running: bool = True, **other: Any) -> None:
        super().__init__(running=running)
        self.openssl = OpenSsl(self.files)
        self.host.runner.answer = self.openssl
        self.files.write(ROOTS, roots().encode())
        self.files.write(SETTINGS, json.dumps(document(**other)).encode())
        self.settings: Settings = load(self.files)

    @property
    def store(self) -> Store:
        """What it keeps as an issuer."""
        return Store(self.files, HOME)

    def say(self, text: str) -> Reply:
        """Hand it any text; its reply is one that others can read."""
        reply = receive(self.host.ports, self.settings, text)
        assert parse_reply(render_reply(reply)) == reply
        return reply

    def tell(self, *offers: Offer, **other: Any) -> tuple[Answer, ...]:
        """Hand it a request; what becomes of each bundle."""
        return self.say(render_request(Request("issuer", offers, **other))).bundles

    def stored(self, name: str, kind: KeyType = KeyType.ECDSA) -> str:
        """The fingerprint in the store, empty if there is none."""
        wished = self.settings.find(name, kind)
        held = self.store.held(wished.lineage) if wished else None
        return held.leaf.fingerprint if held else ""
