# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate by the plain `acme` library, with none of our own code: key, leaf, chain in PEM.

Whoever answers the challenges must know the thumbprint of the account key: `--thumbprint` prints
it, and makes the key where there is none.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import josepy
from acme import challenges, client, crypto_util, errors, messages
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def new_key() -> bytes:
    """A key of the curve P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def account_key(path: Path) -> josepy.JWK:
    """The key of the account; a new one where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(new_key())
    return josepy.JWKEC.load(path.read_bytes())


def account_at(acme: client.ClientV2) -> messages.RegistrationResource:
    """The account of this key, which is made where there is none."""
    wish = messages.NewRegistration.from_data(terms_of_service_agreed=True)
    try:
        return acme.new_account(wish)
    except errors.ConflictError as known:
        return messages.RegistrationResource(body=wish, uri=known.location)


def buy(directory: str, key: josepy.JWK, domains: list[str]) -> str:
    """A new certificate."""
    network = client.ClientNetwork(key, alg=josepy.ES256)
    acme = client.ClientV2(client.ClientV2.get_directory(directory, network), network)
    network.account = account_at(acme)
    pem = new_key()
    order = acme.new_order(crypto_util.make_csr(pem, domains))
    for authorization in order.authorizations:
        for challenge in authorization.body.challenges:
            if isinstance(challenge.chall, challenges.HTTP01):
                acme.answer_challenge(challenge, challenge.response(key))
    return pem.decode() + str(acme.poll_and_finalize(order).fullchain_pem)


def buy_at_last(directory: str, key: josepy.JWK, domains: list[str]) -> str:
    """The same, again and again while the CA finds fault with nonces, as Pebble does at random."""
    while True:
        try:
            return buy(directory, key, domains)
        except messages.Error as error:
            if error.code != "badNonce":
                raise


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory")
    parser.add_argument("--key", required=True, help="file of the account key")
    parser.add_argument("--cacert", default="/etc/lab/acme-ca.pem")
    parser.add_argument("--thumbprint", action="store_true")
    parser.add_argument("domains", nargs="*")
    arguments = parser.parse_args()
    os.environ["REQUESTS_CA_BUNDLE"] = arguments.cacert
    key = account_key(Path(arguments.key))
    if arguments.thumbprint:
        sys.stdout.write(josepy.b64encode(key.thumbprint()).decode() + "\n")
    else:
        sys.stdout.write(buy_at_last(arguments.directory, key, arguments.domains))


if __name__ == "__main__":
    main()
