# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with certbot, in memory: the command, and lineages as the real one leaves them.

What it writes and says is that of 5.8.0, of which 2.1.0 and 4.0.0 differ in words alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.hitless.edge.plugins.module_utils._certbot.account import (
    AccountFolder,
    CertbotAccount,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.conf import Conf, render_conf
from ansible_collections.hitless.edge.plugins.module_utils._certbot.jwk import AccountJwk, parse_jwk
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from ansible_collections.hitless.edge.plugins.module_utils._pki.trust import HOST_ROOTS
from fakes import NOON, FakeHost
from minted import Minted, mint

CONFIG = "/etc/letsencrypt"
COMMAND = "/opt/certbot/bin/certbot"
DIRECTORY = "https://ca.test/dir"
HOME = "/home"
KEY = """{"kty": "EC", "crv": "P-256",
 "x": "n62Erq4Iu-9_AQAU2CzvagneKwz4cbXODE8dE6WaWTQ",
 "y": "B8tFdp8QcOLCRw_lsb_mMTPAsM3GTqS_N5Go7CoH_U8",
 "d": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEjRWeJCrze8"}"""


@dataclass
class FakeCertbot:
    """The command, as a `FakeRunner` answers it, on a host whose OpenSSL trusts every chain.

    ``failures``: what it says instead of getting a certificate, one after the other.
    """

    host: FakeHost
    version: str = "5.8.0"
    failures: list[str] = field(default_factory=list)
    orders: list[tuple[str, ...]] = field(default_factory=list)
    issued: int = 0
    gives_nothing: bool = False

    def __post_init__(self) -> None:
        self.host.runner.answer = self
        self.host.files.write(COMMAND, b"#!", mode=0o755)
        self.host.files.write(HOST_ROOTS[0], b"roots")

    def __call__(self, argv: Sequence[str]) -> Completed:
        """Answer one call."""
        words = list(argv)
        if words[0] == "env":
            del words[:2]
        if words[0] == "openssl":
            return Completed(0, "OK\n", "")
        assert words[0] == COMMAND
        if words[1:] == ["--version"]:
            return Completed(0, f"certbot {self.version}\n", "")
        assert words[1] == "certonly", words
        assert "--non-interactive" in words
        if self.failures:
            said = self.failures.pop(0)
            return Completed(
                1, "Requesting a certificate for x\n", f"Saving debug log to y\n{said}"
            )
        self.orders.append(tuple(words))
        if not self.gives_nothing:
            self._issue(words)
        return Completed(0, "Successfully received certificate.\n", "")

    def _issue(self, words: list[str]) -> None:
        name = words[words.index("--cert-name") + 1]
        assert self.host.files.read(f"{CONFIG}/renewal/{name}.conf") is None or (
            "--force-renewal" in words
        ), "certbot keeps what is not due"
        domains = [words[i + 1] for i, word in enumerate(words) if word == "--domain"]
        kind = KeyType(words[words.index("--key-type") + 1])
        self.issued += 1
        now = self.host.clock.now()
        made = mint(
            *domains,
            serial=1000 + self.issued,
            kind=kind,
            not_before=now,
            not_after=now + timedelta(days=90),
        )
        place_lineage(self.host, name, made, {"server": DIRECTORY, **parameters_of(words)})


def parameters_of(words: list[str]) -> dict[str, str]:
    """What certbot writes down of its arguments."""
    found = {
        "account": words[words.index("--account") + 1],
        "key_type": words[words.index("--key-type") + 1],
        "authenticator": "manual",
        "manual_auth_hook": "/bin/true",
        "pref_challs": "http-01,",
        "config_dir": CONFIG,
    }
    for option in ("required-profile", "preferred-chain"):
        if f"--{option}" in words:
            found[option.replace("-", "_")] = words[words.index(f"--{option}") + 1]
    return found


def place_lineage(
    host: FakeHost, name: str, made: Minted, parameters: dict[str, str] | None = None
) -> None:
    """A lineage as certbot leaves it; the next version of one that is there."""
    archive, live = f"{CONFIG}/archive/{name}", f"{CONFIG}/live/{name}"
    number = 1 + sum(entry.startswith("cert") for entry in host.files.names(archive))
    leaf, *chain = made.chain
    parts = {
        "cert": leaf,
        "privkey": made.key,
        "chain": "".join(chain),
        "fullchain": "".join(made.chain),
    }
    for kind, text in parts.items():
        host.files.write(f"{archive}/{kind}{number}.pem", text.encode())
        host.files.link(f"../../archive/{name}/{kind}{number}.pem", f"{live}/{kind}.pem")
    if parameters is not None:
        paths = {kind: f"{live}/{kind}.pem" for kind in parts}
        conf = Conf(
            {"version": "5.8.0", "archive_dir": archive, **paths}, {"renewalparams": parameters}
        )
        host.files.write(f"{CONFIG}/renewal/{name}.conf", render_conf(conf).encode())


def account_key() -> AccountJwk:
    """The key of certbot's account; always the same."""
    return parse_jwk(KEY)


def register(host: FakeHost) -> CertbotAccount:
    """Give certbot its account at the CA."""
    account = CertbotAccount(account_key(), f"{DIRECTORY}/account/1")
    AccountFolder(host.files, CONFIG).write(DIRECTORY, account, host="lb1", now=NOON)
    return account


def options(*certificates: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The options of `certbot_certificates` for these wishes."""
    return {
        "home": HOME,
        "authorities": [{"name": "ca1", "directory": DIRECTORY, "weekly_limit": 5}],
        "certificates": [{"source": "certbot", **one} for one in certificates],
        "command": COMMAND,
        "config": CONFIG,
        "failures": "reported",
        **changed,
    }


def wished(*domains: str, **changed: Any) -> dict[str, Any]:
    """A wish for one certificate, called like its first domain."""
    return {"name": domains[0], "domains": list(domains), **changed}
