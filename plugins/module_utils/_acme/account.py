# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account: one key for all CAs, a registration at each; and the change that makes it so.

One key has one thumbprint, whatever the CA, so that balancers answer the challenges of all CAs with
the same digest. At a rollover the old key is kept beside the new one until every CA knows the new;
each registration says by thumbprint which of the two its CA knows. So a rollover that was
interrupted is finished by the next run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._core.errors import EdgeError, Fault, InvalidInput, Refused
from .._core.ports import Files
from .._pki.keys import KeyType, generate_key
from .authority import Authority
from .directory import Directory
from .problems import AcmeRefused, Malformed
from .transport import AccountKey, Session, Signer


@dataclass(frozen=True)
class Registration:
    """An account at one CA. ``thumbprint``: of the key that the CA knows."""

    url: str
    contact: tuple[str, ...]
    thumbprint: str
    caa_identities: tuple[str, ...] = ()

    def caa_records(self) -> tuple[str, ...]:
        """CAA records that let only this account issue, and only by what we do.

        Source: RFC 8657 §3, §4.
        """
        return tuple(
            f'0 issue "{identity}; accounturi={self.url}; validationmethods=http-01"'
            for identity in self.caa_identities
        )


def contact_url(address: str) -> str:
    """A contact as CAs want it: a mail address becomes a URL."""
    return address if address.startswith(("mailto:", "tel:")) else f"mailto:{address}"


@dataclass
class Accounts:
    """Keys and registrations below ``home``; shared by threads."""

    files: Files
    home: str
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key_path(self) -> str:
        """The current key."""
        return f"{self.home}/account/key.pem"

    @property
    def previous_key_path(self) -> str:
        """The key before, while a CA may know only that."""
        return f"{self.home}/account/previous-key.pem"

    def key(self) -> AccountKey | None:
        """The current key, ``None`` before it was made."""
        return self._read_key(self.key_path)

    def previous_key(self) -> AccountKey | None:
        """The key before, during a rollover."""
        return self._read_key(self.previous_key_path)

    def make_key(self) -> AccountKey:
        """Make the first key, or the next and keep the one before."""
        self._make_folder()
        current = self.files.read(self.key_path)
        if current is not None:
            self.files.write(self.previous_key_path, current)
        pem = generate_key(KeyType.ECDSA).encode()
        self.files.write(self.key_path, pem)
        return AccountKey(pem, self.key_path)

    def put_key(self, pem: bytes) -> None:
        """Take over a key that was made elsewhere."""
        self._make_folder()
        self.files.write(self.key_path, pem)

    def forget_previous_key(self) -> None:
        """End a rollover."""
        self.files.remove(self.previous_key_path)

    def registrations(self) -> dict[str, Registration]:
        """Directory URL -> registration."""
        content = self.files.read(self._registrations_path)
        if content is None:
            return {}
        try:
            return {
                directory: Registration(
                    url=value["url"],
                    contact=tuple(value["contact"]),
                    thumbprint=value["thumbprint"],
                    caa_identities=tuple(value["caa_identities"]),
                )
                for directory, value in json.loads(content).items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            fault = Fault(self._registrations_path, f"cannot be read: {error!r}", "remove it")
            raise InvalidInput([fault]) from error

    def save(self, directory: str, registration: Registration | None) -> None:
        """Keep a registration, or forget it."""
        with self._lock:
            found = self.registrations()
            found.pop(directory, None)
            if registration is not None:
                found[directory] = registration
            document = {
                url: {
                    "url": kept.url,
                    "contact": kept.contact,
                    "thumbprint": kept.thumbprint,
                    "caa_identities": kept.caa_identities,
                }
                for url, kept in sorted(found.items())
            }
            self._make_folder()
            text = json.dumps(document, indent=1) + "\n"
            self.files.write(self._registrations_path, text.encode())

    def key_of(self, registration: Registration) -> AccountKey:
        """The key that the registration's CA knows.

        Raises: `Refused` if it is neither the current one nor the one before.
        """
        for key in (self.key(), self.previous_key()):
            if key is not None and key.thumbprint == registration.thumbprint:
                return key
        raise Refused(
            f"the account {registration.url} belongs to a key that is not in {self.home}/account; "
            "restore that key, or remove registrations.json to register the present one"
        )

    def _read_key(self, path: str) -> AccountKey | None:
        pem = self.files.read(path)
        return None if pem is None else AccountKey(pem, path)

    @property
    def _registrations_path(self) -> str:
        return f"{self.home}/account/registrations.json"

    def _make_folder(self) -> None:
        for path in (self.home, f"{self.home}/account"):
            if self.files.mode(path) is None:
                self.files.make_directory(path)


@dataclass(frozen=True)
class AccountAtCa:
    """One CA and the requests that concern an account there. Source: RFC 8555 §7.3."""

    session: Session
    directory: Directory

    @property
    def authority(self) -> Authority:
        """The CA."""
        return self.session.authority

    def signer(self, key: AccountKey, account: str | None) -> Signer:
        """Who signs requests of an account."""
        return Signer(key, self.directory.new_nonce, account)

    def register(self, key: AccountKey, contact: tuple[str, ...]) -> Registration:
        """Make an account, or find the one that the key already has.

        The terms of service are agreed to: only call it for a user who said so.
        """
        payload: dict[str, Any] = {"termsOfServiceAgreed": True}
        if contact:
            payload["contact"] = [contact_url(address) for address in contact]
        binding = self._binding(key)
        if binding:
            payload["externalAccountBinding"] = binding
        answer = self.session.post(self.signer(key, None), self.directory.new_account, payload)
        if not answer.location:
            raise Malformed(f"{self.authority.name} made an account, but does not say where it is")
        found = Registration(
            answer.location, contact, key.thumbprint, self.directory.caa_identities
        )
        return self.update(key, found, contact) if answer.status == 200 else found

    def update(
        self, key: AccountKey, registration: Registration, contact: tuple[str, ...]
    ) -> Registration:
        """Change the contacts."""
        payload = {"contact": [contact_url(address) for address in contact]}
        self.session.post(self.signer(key, registration.url), registration.url, payload)
        return replace(registration, contact=contact)

    def roll_over(self, old: AccountKey, new: AccountKey, found: Registration) -> Registration:
        """Give the account a new key. Source: RFC 8555 §7.3.5."""
        url = self.directory.key_change
        if url is None:
            raise Refused(f"{self.authority.name} offers no key change")
        inner = {"account": found.url, "oldKey": old.public}
        signed = new.sign(json.dumps(inner).encode(), url=url, nonce=None, account=None)
        try:
            self.session.post(self.signer(old, found.url), url, json.loads(signed))
        except AcmeRefused:
            # An answer that was lost: the CA has changed the key and refuses to do it again.
            if self._find(new) != found.url:
                raise
        return replace(found, thumbprint=new.thumbprint)

    def deactivate(self, key: AccountKey, registration: Registration) -> None:
        """End the account for ever. Source: RFC 8555 §7.3.6."""
        payload = {"status": "deactivated"}
        self.session.post(self.signer(key, registration.url), registration.url, payload)

    def _find(self, key: AccountKey) -> str | None:
        payload = {"onlyReturnExisting": True}
        try:
            answer = self.session.post(self.signer(key, None), self.directory.new_account, payload)
        except AcmeRefused:
            return None
        return answer.location

    def _binding(self, key: AccountKey) -> Mapping[str, Any] | None:
        external = self.authority.external_account
        if external is not None:
            return key.bind(external, self.directory.new_account)
        if self.directory.needs_external_account:
            raise EdgeError(
                f"{self.authority.name} wants an external account: "
                "get a key ID and an HMAC key from it and set eab"
            )
        return None
