# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signed requests to a CA; the only file that knows `acme`, `josepy` and `requests`.

It stands on `acme.jws` (ACME's JOSE headers), `acme.messages.ExternalAccountBinding`, josepy's keys
and a `requests` session, not on `acme.client.ClientNetwork`. That class (acme 5.9) raises before it
keeps the nonce of an error, retries badNonce once, turns HTTP 409 into a `ConflictError` without
its problem document, drops status and Retry-After of every error, fails on a success without
Replay-Nonce, and reads an HTTP date in local time. To repair this, six of its nine methods would be
overridden, four of them private; the request loop below is shorter than that and has no such seam.

One `Session` is used by many threads: the nonces are guarded by a lock, `requests` pools the
connections, everything else is set once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core.errors import EdgeError, Fault, InvalidInput
from .answer import Answer, Nonces, usable_nonce
from .authority import Authority, ExternalAccount
from .problems import Problem, Unreachable
from .waiting import Budget, Patience, parse_retry_after

try:
    import requests
    from acme import jws, messages
    from josepy import b64, jwa, jwk
    from josepy.errors import Error as JoseError
    from requests.adapters import HTTPAdapter
    from requests.utils import get_environ_proxies

    MISSING = None
except ImportError as error:
    MISSING = error

USER_AGENT = "hitless.edge"
TIMEOUT_SECONDS = (10, 45)
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
JOSE_HEADERS = {"Content-Type": "application/jose+json"}


def require_libraries() -> None:
    """Demand the libraries of this file.

    Raises: `EdgeError` that names the interpreter and what it lacks.
    """
    if MISSING is not None:
        raise EdgeError(
            f"the Python that runs this module ({sys.executable}) lacks acme >= 5: {MISSING}; "
            "let it run with the issuer's virtual environment (ansible_python_interpreter), "
            "or install acme >= 5 there",
            cause=str(MISSING),
        )


class AccountKey:
    """The private key of an account: what signs, and whose digest answers challenges."""

    def __init__(self, pem: bytes, path: str = "account key") -> None:
        require_libraries()
        try:
            self._key = jwk.JWK.load(pem)
        except JoseError as error:
            raise InvalidInput([Fault(path, f"cannot be read: {error}")]) from error
        self._algorithm = _algorithm(self._key, path)

    @property
    def thumbprint(self) -> str:
        """The digest of the public key. Source: RFC 7638."""
        return b64.b64encode(self._key.thumbprint()).decode()

    @property
    def public(self) -> Mapping[str, Any]:
        """The public key as JSON Web Key."""
        return dict(self._key.public_key().to_json())

    @property
    def private(self) -> Mapping[str, Any]:
        """Both halves of the key as JSON Web Key."""
        return dict(self._key.to_json())

    def sign(self, payload: bytes, *, url: str, nonce: str | None, account: str | None) -> str:
        """A JWS; with the account's URL in it, or the public key where there is no account.

        Source: RFC 8555 §6.2.
        """
        signed = jws.JWS.sign(
            payload,
            key=self._key,
            alg=self._algorithm,
            nonce=None if nonce is None else b64.b64decode(nonce),
            url=url,
            kid=account,
        )
        return str(signed.json_dumps())

    def bind(self, external: ExternalAccount, new_account_url: str) -> Mapping[str, Any]:
        """The proof that an account at the CA's shop stands behind this key.

        Source: RFC 8555 §7.3.4.
        """
        try:
            return messages.ExternalAccountBinding.from_data(
                self._key.public_key(),
                external.kid,
                external.hmac_key,
                messages.Directory({"newAccount": new_account_url}),
                external.algorithm.value,
            )
        except (TypeError, ValueError) as error:
            fault = Fault("eab.hmac_key", "is not base64url", "copy it as the CA shows it")
            raise InvalidInput([fault]) from error


def _algorithm(key: Any, path: str) -> Any:
    if isinstance(key, jwk.JWKRSA):
        return jwa.RS256
    curves = {256: jwa.ES256, 384: jwa.ES384, 521: jwa.ES512}
    if isinstance(key, jwk.JWKEC) and key.key.key_size in curves:
        return curves[key.key.key_size]
    raise InvalidInput([Fault(path, "is neither an RSA nor an EC key in PEM")])


def open_http(workers: int) -> requests.Session:
    """Connections that are kept, one for each worker."""
    require_libraries()
    http = requests.Session()
    http.headers["User-Agent"] = USER_AGENT
    http.trust_env = False
    http.verify = first_bundle(trusted_by_host())
    for scheme in ("https://", "http://"):
        http.mount(scheme, HTTPAdapter(pool_maxsize=workers))
    return http


def trusted_by_host() -> tuple[str | None, ...]:
    """Where the certificates may be that this host trusts."""
    return (os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("SSL_CERT_FILE"), *BUNDLES)


def first_bundle(paths: Iterable[str | None]) -> str | bool:
    """The first that exists; ``True``, for those that `requests` brings, if none does."""
    return next((path for path in paths if path and Path(path).exists()), True)


class Session:
    """Requests to one CA within one budget."""

    def __init__(self, authority: Authority, budget: Budget, http: requests.Session) -> None:
        self.authority = authority
        self.budget = budget
        self._http = http
        # Once, not for each request: reading the environment costs a third of a request.
        http.proxies = get_environ_proxies(authority.directory, no_proxy=None)
        self._verify = authority.ca_bundle or http.verify
        self._nonces = Nonces()

    def get(self, url: str) -> Answer:
        """An unsigned GET, for the directory and renewal information."""
        patience = Patience(self.authority.name, self.budget)
        while True:
            answer = self._try("GET", url, patience)
            if isinstance(answer, Answer):
                return answer

    def post(
        self,
        signer: Signer,
        url: str,
        payload: Mapping[str, Any] | None = None,
        *,
        is_repeatable: bool = True,
    ) -> Answer:
        """A signed POST; POST-as-GET without a payload.

        What is not repeatable is sent once more only if the CA surely did not act on it.
        Raises: `AcmeRefused`, `RateLimited`, `Unreachable`.
        """
        body = b"" if payload is None else json.dumps(payload).encode()
        patience = Patience(self.authority.name, self.budget, is_repeatable)
        nonce: str | None = None
        while True:
            nonce = nonce or self._nonces.take() or self._fresh_nonce(signer.new_nonce_url)
            data = signer.key.sign(body, url=url, nonce=nonce, account=signer.account)
            outcome = self._try("POST", url, patience, data)
            if isinstance(outcome, Answer):
                self._nonces.put(outcome.nonce)
                return outcome
            nonce = outcome

    def _fresh_nonce(self, url: str) -> str:
        patience = Patience(self.authority.name, self.budget)
        while True:
            answer = self._try("HEAD", url, patience)
            if isinstance(answer, Answer) and answer.nonce:
                return answer.nonce
            if isinstance(answer, Answer):
                patience.endure_silence("its newNonce gives no nonce")

    def _try(
        self, method: str, url: str, patience: Patience, data: str | None = None
    ) -> Answer | str | None:
        """One request: the success; else, once the failure is endured, the nonce it came with."""
        try:
            raw = self._send(method, url, data)
        except Dropped as dropped:
            patience.endure_silence(str(dropped))
            return None
        headers = {name.lower(): value for name, value in raw.headers.items()}
        retry_at = parse_retry_after(headers.get("retry-after"), self.budget.clock.now())
        if raw.ok:
            return Answer(raw.status_code, headers, raw.content, retry_at, url)
        problem = Problem.from_body(raw.content, raw.status_code)
        try:
            patience.endure(problem, retry_at)
        except EdgeError:
            self._nonces.put(usable_nonce(headers))
            raise
        # After a wait the nonce may have aged; after badNonce it is the one that the CA wants.
        return usable_nonce(headers) if problem.code == "badNonce" else None

    def _send(self, method: str, url: str, data: str | None) -> requests.Response:
        headers = JOSE_HEADERS if data is not None else {}
        try:
            return self._http.request(
                method,
                url,
                data=data,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                verify=self._verify,
                allow_redirects=method != "POST",
            )
        except requests.exceptions.SSLError as error:
            raise Unreachable(
                f"{self.authority.name}: TLS with {url} failed: {error}; "
                "the endpoint of a private CA needs ca_bundle"
            ) from error
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise Dropped(f"{method} {url}: {error}") from error
        except (requests.RequestException, OSError, ValueError) as error:
            # ValueError: a URL of the CA that is none.
            raise Unreachable(f"{self.authority.name}: {method} {url}: {error}") from error


class Dropped(Exception):
    """A connection that failed or broke; the request may or may not have arrived."""


@dataclass(frozen=True)
class Signer:
    """Who signs: a key, and the URL of its account where it has one."""

    key: AccountKey
    new_nonce_url: str
    account: str | None = None


def encode_base64url(content: bytes) -> str:
    """Without padding, as JOSE has it."""
    return b64.b64encode(content).decode()
