# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a thief who stole the push key may say; the number of inputs that were tried is printed."""

from __future__ import annotations

import base64
import copy
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.transport import AccountKey
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType, generate_key
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire import (
    Action,
    Answer,
    Request,
    render_request,
)
from ansible_collections.hitless.edge.plugins.module_utils._renewal.wire_fields import LIMIT_BYTES
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from fakes import NOON
from forged import Recipe, chimera, forge, intermediate, leaf_as_signer
from hypothesis import given, settings
from hypothesis import strategies as st
from receiving import DAY, DIRECTORY, FACTS, HOME, Receiver, issue, leaf_of, offer, own

NAMES = ("a.test", "www.a.test")
HELD, NEW, OLDER = issue(*NAMES), issue(*NAMES, age=timedelta(0)), issue(*NAMES, age=9 * DAY)
B, OWN = issue("b.test"), own("own.test")
KEY, OTHER_KEY = generate_key(KeyType.ECDSA), generate_key(KeyType.ECDSA)
PIN = AccountKey(KEY.encode()).thumbprint
SETTINGS: dict[str, Any] = {
    "account": {"thumbprint": PIN, "registrations": {}},
    "certbot": {
        "thumbprint": PIN,
        "account": "https://ca.test/2",
        "directory": DIRECTORY,
        "config": "/etc/letsencrypt",
        "command": "/opt/certbot/bin/certbot",
    },
}
OURS = ("/etc/haproxy/ssl/", f"{HOME}/", "/scratch")


def chain_of(pem: str) -> str:
    """Without its key."""
    return pem[pem.index("-----BEGIN CERTIFICATE") :]


def key_of(pem: str) -> str:
    """Without its chain."""
    return pem[: pem.index("-----BEGIN CERTIFICATE")]


def by_ca(*names: str, **other: Any) -> str:
    """What the listed CA signed."""
    return forge(Recipe(names, **other), intermediate()).pem


PEMS: dict[str, str] = {
    "of another name": B,
    "with one more name": issue(*NAMES, "evil.test"),
    "with fewer names": issue("a.test", age=timedelta(0)),
    "with a wildcard over it": issue("*.a.test", age=timedelta(0)),
    "with a wildcard over all": issue("*.test", age=timedelta(0)),
    "with a wildcard beside it": issue(*NAMES, "*.a.test", age=timedelta(0)),
    "with an address": issue(*NAMES, "192.0.2.1", age=timedelta(0)),
    "with another common name": by_ca(*NAMES, common_names=("b.test",)),
    "with only a common name": by_ca(common_names=("a.test",)),
    "with two common names": by_ca(*NAMES, common_names=("a.test", "b.test")),
    "with a NUL in its name": by_ca("a.test\0.evil.test"),
    "with a path for a name": by_ca("../../../etc/passwd"),
    "with the key of another leaf": key_of(B) + chain_of(NEW),
    "with half the key of its leaf": chimera(key_of(B), key_of(NEW), PrivateFormat.PKCS8)
    + chain_of(NEW),
    "with two keys": key_of(B) + NEW,
    "without a key": chain_of(NEW),
    "without a certificate": key_of(NEW),
    "without its intermediate": NEW[: NEW.index("-----END CERTIFICATE-----") + 26],
    "with a tangled chain": NEW + chain_of(B),
    "expired": issue(*NAMES, age=2 * DAY, lifetime=DAY),
    "not yet valid": issue(*NAMES, age=-DAY),
    "signed by itself": own(*NAMES),
    "signed by another CA": issue(*NAMES, ca="evil", age=timedelta(0)),
    "signed by a leaf": forge(Recipe(NAMES), leaf_as_signer("b.test")).pem,
    "a CA for itself": forge(Recipe(NAMES, is_ca=True)).pem,
    "for clients": by_ca(*NAMES, usage=ExtendedKeyUsageOID.CLIENT_AUTH),
    "for signing code": by_ca(*NAMES, usage=ExtendedKeyUsageOID.CODE_SIGNING),
    "of another key type": issue(*NAMES, kind=KeyType.RSA, age=timedelta(0)),
    "older than what is held": OLDER,
    "of 64 KiB and one more": NEW + "x" * (65_537 - len(NEW)),
    "of a thousand beginnings": "-----BEGIN CERTIFICATE-----\n" * 1000,
    "with an enormous key": "-----BEGIN PRIVATE KEY-----\n"
    f"{'A' * 60_000}\n-----END PRIVATE KEY-----",
    "with a shell in it": "$(reboot)`reboot`; reboot",
    "with an end of the payload": NEW.replace("-----BEGIN CERT", "\n\n-----BEGIN CERT", 1) + "\n\n",
    "empty": "",
}
"""Nothing of it may be taken for a.test but what is the same as `NEW` in other clothes."""

STRINGS = (
    *("", " ", "\0", "a\0b", "a\nb", "\x1b[31m", "\u2028", "\u202e", "\ufeff", "é", "\U0001f512"),
    *("../../../etc/passwd", "/etc/passwd", "..", ".", "a.test/../b.test", "a.test/", "/a.test"),
    *("A.TEST", "a.test.", "a.test ", "*.test", "_.w.test", "*", "a.test.ecdsa.pem", "_default"),
    *("; reboot", "$(reboot)", "`reboot`", "-oProxyCommand=x", "--help", "%s%n", "{{ 7*7 }}"),
    *("null", "true", "NaN", "9" * 400, "A" * 64, "a" * 64, "x" * 2001, "x" * 100_000),
    *("2026-11-22T12:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "now"),
)
VALUES = (
    *STRINGS,
    *(None, True, False, 0, 1, -1, 2**31, 10**14, [], {}, [[]], [None], {"": ""}, [{}] * 3),
    *(["x"] * 1001, {str(n): n for n in range(17)}, {"name": "a.test"}, ["../x"]),
)
TEXTS = (
    *("", " ", "\n", "null", "true", "0", "[]", "{}", '""', "{", "[", '"', "\\", "\0", "\ufeff{}"),
    *("[" * 200_000, '{"a":' * 200_000, "[" * 5000 + "]" * 5000, "1" * 100_000, "-" * 99, "1e999"),
    *('{"format":1,"format":2}', '{"\\ud800":1}', '["\\udc00"]', "NaN", "Infinity", "-Infinity"),
    *(
        "GET / HTTP/1.1\r\n\r\n",
        "exit\n",
        "hitless-edge sync",
        "\x1b]0;x\x07",
        "PK\x03\x04",
        "#!/bin/sh",
    ),
)


def document(pem: str | None = NEW) -> dict[str, Any]:
    """A request that is right, of two bundles."""
    offers = (offer("a.test", NEW), offer("own.test", OWN, facts=None))
    said = json.loads(render_request(Request("issuer", offers, PIN)))
    said["bundles"][0]["pem"] = pem
    assert isinstance(said, dict)
    return said


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something else can stand in a document."""
    yield way
    if isinstance(value, dict):
        inner = list(value.items())
    else:
        inner = list(enumerate(value)) if isinstance(value, list) else []
    for key, one in inner:
        yield from places(one, (*way, key))


def changed(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    """The document with something else at a place."""
    if not way:
        return value
    found = copy.deepcopy(document)
    inner = found
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return found


class Target:
    """A host that holds and serves two certificates, and counts what is said to it."""

    ALLOWED = frozenset(leaf_of(pem).fingerprint for pem in (HELD, NEW, B, OWN))
    TAKEN = frozenset({Action.ADDED, Action.SWAPPED, Action.WRITTEN, Action.HELD})

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.renew()

    def renew(self) -> None:
        """As before anybody said anything."""
        self.host = Receiver(**SETTINGS)
        self.host.tell(offer("a.test", HELD), offer("b.test", B), account_key=KEY)
        self.before = self._state()

    def say(self, text: str) -> tuple[Answer, ...]:
        """Say something, and demand that it did no harm."""
        written = len(self.host.files.writes)
        answers: tuple[Answer, ...] = ()
        try:
            answers = self.host.say(text).bundles
        except EdgeError as error:
            assert error.message.strip()
            self.tried["requests refused"] += 1
        for answer in answers:
            self._demand_reason(answer)
        assert all(path.startswith(OURS) for path in self.host.files.writes[written:])
        assert not self.host.files.locked
        if self._state() != self.before:
            self._demand_wished()
            self.renew()
        return answers

    def _state(self) -> tuple[Any, ...]:
        process = self.host.process
        content = {p: c for p, c in self.host.files.content.items() if p != "/scratch"}
        return content, dict(process.stores), list(process.entries), process.transaction

    def _demand_reason(self, answer: Answer) -> None:
        is_taken = answer.action in self.TAKEN
        self.tried["bundles taken" if is_taken else "bundles refused or not wanted"] += 1
        assert answer.reason or answer.action is not Action.REFUSED
        assert answer.fingerprint in self.ALLOWED | {None}

    def _demand_wished(self) -> None:
        """Whatever changed: only what is wished is served and stored, under its own name."""
        host = self.host
        assert host.serves("b.test") == leaf_of(B).fingerprint == host.stored("b.test")
        wished = {leaf_of(pem).fingerprint for pem in (HELD, NEW)}
        assert {host.serves("a.test"), host.stored("a.test")} <= wished
        own = {leaf_of(OWN).fingerprint, ""}
        assert {host.serves("own.test"), host.stored("own.test")} <= own
        assert {host.serves("rsa.test"), host.serves("*.w.test"), host.serves("mine.test")} == {""}
        assert host.files.content[f"{HOME}/account/key.pem"] == KEY.encode()
        assert not host.files.content.get(f"{HOME}/account/certbot-key.json")


@pytest.fixture(scope="module")
def target() -> Target:
    """One for all, whose count is printed at the end."""
    return Target()


def attempt(target: Target, text: str) -> tuple[Answer, ...]:
    """One input."""
    target.tried["inputs"] += 1
    return target.say(text)


@pytest.mark.parametrize("said", PEMS)
def test_no_hostile_bundle_is_taken(target: Target, said: str) -> None:
    """Under no name of the wish, whatever is told of it."""
    pem = PEMS[said]
    try:
        leaf = leaf_of(pem)
    except EdgeError:
        leaf = leaf_of(NEW)
    for wished in target.host.settings.wished:
        name, kind = wished.lineage.name, wished.lineage.key_type
        lie = offer(name, NEW, pem=pem, fingerprint=leaf.fingerprint, key_type=kind)
        (answer,) = attempt(target, render_request(Request("issuer", (lie,))))
        is_right = said == "with an end of the payload" and name == "a.test"
        is_right = is_right or (said == "of another name" and name == "b.test")
        assert (answer.action in Target.TAKEN) == is_right, (name, answer)


def test_no_hostile_value_does_harm(target: Target) -> None:
    """In every field of a request."""
    for way in places(document()):
        for value in VALUES:
            attempt(target, json.dumps(changed(document(), way, value)))


def test_no_hostile_text_does_harm(target: Target) -> None:
    """Anything but a request, up to one that is too long."""
    for text in (*TEXTS, "x" * (LIMIT_BYTES + 1), '"' + "x" * (LIMIT_BYTES - 2) + '"'):
        assert attempt(target, text) == ()


@pytest.mark.parametrize("field", ["account_key", "certbot_key"])
@pytest.mark.parametrize(
    "value", [OTHER_KEY, NEW, "{}", '{"kty":"EC"}', "[" * 9999, "\0", "../x", KEY + OTHER_KEY]
)
def test_no_other_account_key_is_taken(target: Target, field: str, value: str) -> None:
    """The one that is held stays, and none is taken for certbot."""
    attempt(target, json.dumps({**document(), field: value}))


@pytest.mark.parametrize(
    "facts",
    [
        {"directory": "https://evil.test/"},
        {"directory": "file:///etc/passwd"},
        {"profile": "evil"},
        {"preferred_chain": "evil"},
        {"authority": "../../x"},
        {"issued_at": "9999-01-01T00:00:00Z"},
        {"issued_at": "0001-01-01T00:00:00Z"},
    ],
)
def test_no_told_fact_makes_an_order(target: Target, facts: dict[str, str]) -> None:
    """Not listed, or not wished: the bundle counts, the facts do not."""
    said = document()
    said["bundles"][0]["facts"] |= facts
    attempt(target, json.dumps(said))
    host = Receiver(**SETTINGS)
    host.say(json.dumps(said))
    wished = host.settings.find("a.test", KeyType.ECDSA)
    assert wished is not None
    held = host.store.held(wished.lineage)
    assert held is not None
    assert held.facts is None or (
        (held.facts.authority, held.facts.directory) == (FACTS.authority, FACTS.directory)
        and leaf_of(NEW).not_before <= held.facts.issued_at <= NOON
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(STRINGS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
WAYS = list(places(document()))
RIGHT = json.dumps(document())
DER = base64.b64decode("".join(chain_of(NEW).splitlines()[1:]).partition("-----END")[0])


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A right request of which a part is cut out, doubled or replaced."""
    start, length = draw(st.integers(0, len(RIGHT))), draw(st.integers(0, 40))
    part = draw(st.text(max_size=9) | st.just(RIGHT[start : start + length] * 2))
    return RIGHT[:start] + part + RIGHT[start + length :]


@st.composite
def bent(draw: st.DrawFn) -> str:
    """A right request whose leaf has other bytes at some places."""
    der = bytearray(DER)
    for _time in range(draw(st.integers(1, 3))):
        der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    text = base64.b64encode(bytes(der)).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    rest = chain_of(NEW).split("-----END CERTIFICATE-----", 1)[1]
    block = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"
    said = document(key_of(NEW) + block + rest)
    said["bundles"][0]["fingerprint"] = draw(st.sampled_from([leaf_of(NEW).fingerprint, None]))
    return json.dumps(said)


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        (st.binary(max_size=400).map(lambda raw: raw.decode(errors="replace")), 300),
        (st.text(max_size=400), 300),
        (JSON.map(json.dumps), 500),
        (
            st.builds(changed, st.just(document()), st.sampled_from(WAYS), JSON).map(json.dumps),
            1000,
        ),
        (edited(), 1000),
        (bent(), 600),
    ],
    ids=["bytes", "text", "JSON", "values", "edited", "bent certificates"],
)
def test_nothing_made_by_chance_does_harm(target: Target, texts: Any, count: int) -> None:
    """Thousands of each kind."""

    @settings(max_examples=count, deadline=None)
    @given(texts)
    def one(text: str) -> None:
        attempt(target, text)

    one()


def test_what_is_right_is_taken_after_all_that(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """The host is not worn out, and the tests can tell; how much was tried is printed."""
    answers = attempt(target, RIGHT)
    assert [answer.action for answer in answers] == [Action.SWAPPED, Action.ADDED]
    total = target.tried.pop("inputs")
    counts = ", ".join(f"{number} {what}" for what, number in sorted(target.tried.items()))
    with capsys.disabled():
        sys.stderr.write(f"\nhostile requests: {total} tried, {counts}\n")
    assert total > 5000
