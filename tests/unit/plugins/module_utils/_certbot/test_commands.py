# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What certbot is told, and what becomes of its answers."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.commands import (
    Order,
    Tool,
    find_version,
    place_order,
    words_of,
)
from ansible_collections.hitless.edge.plugins.module_utils._certbot.conf import Terms
from ansible_collections.hitless.edge.plugins.module_utils._certbot.versions import Version
from ansible_collections.hitless.edge.plugins.module_utils._core.errors import (
    Busy,
    Refused,
    Unavailable,
)
from ansible_collections.hitless.edge.plugins.module_utils._core.ports import Completed
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from fakes import FakeClock, FakeRunner

TERMS = Terms("f4ff7e", "https://ca.test/dir")
PLAIN = Lineage("a.test", KeyType.ECDSA, ("a.test", "www.a.test"))
RICH = Lineage("b", KeyType.RSA, ("b.test", "2001:db8::1"), "shortlived", "ISRG Root X2")
BUSY = Completed(1, "", "Another instance of Certbot is already running.\n")
NONCE = Completed(1, "", "An unexpected error occurred:\nJWS has an invalid anti-replay nonce: x\n")
REFUSED = Completed(
    1,
    "Requesting a certificate for a.test\n- - -\nCertbot failed to authenticate some domains\n",
    "Saving debug log to /var/log/letsencrypt/letsencrypt.log\n"
    "Some challenges have failed.\n"
    "Ask for help or search for solutions at https://community.letsencrypt.org.\n",
)


def test_a_first_order_names_everything() -> None:
    """CA, account, lineage, names and kind of key; nothing is left to certbot's own files."""
    argv = Order(PLAIN, "a.test", has_one=False).arguments("/etc/letsencrypt", TERMS)
    assert " ".join(argv) == (
        "certonly --non-interactive --config-dir /etc/letsencrypt --server https://ca.test/dir"
        " --account f4ff7e --manual --manual-auth-hook /bin/true --preferred-challenges http-01"
        " --no-directory-hooks --cert-name a.test --key-type ecdsa"
        " --domain a.test --domain www.a.test"
    )


def test_a_further_order_asks_nothing_back() -> None:
    """Names that differ are confirmed, and what is not due for certbot is renewed."""
    argv = Order(RICH, "b-rsa", has_one=True).arguments("/etc/letsencrypt", TERMS)
    for words in (
        ("--renew-with-new-domains", "--force-renewal"),
        ("--required-profile", "shortlived"),
        ("--preferred-chain", "ISRG Root X2"),
        ("--key-type", "rsa"),
        ("--ip-address", "2001:db8::1"),
        ("--cert-name", "b-rsa"),
    ):
        assert " ".join(words) in " ".join(argv)


def test_a_private_endpoint_is_trusted_by_its_file() -> None:
    """In certbot's environment; its command line has no such option."""
    assert Tool("/c").argv("renew") == ("/c", "renew")
    argv = Tool("/c", ca_bundle="/etc/lab/ca.pem").argv("renew")
    assert argv == ("env", "REQUESTS_CA_BUNDLE=/etc/lab/ca.pem", "/c", "renew")


def test_the_version_is_asked_for() -> None:
    """Of the command itself."""
    runner = FakeRunner(lambda _argv: Completed(0, "certbot 5.8.0\n", ""))
    assert find_version(runner, Tool("/c")) == Version(5, 8)
    assert runner.runs == [("/c", "--version")]


@pytest.mark.parametrize("passing", [BUSY, NONCE], ids=["busy", "nonce"])
def test_what_passes_is_waited_for(passing: Completed) -> None:
    """The timer's run, and a nonce that the CA refused twice."""
    answers = [passing, passing, Completed(0, "", "")]
    clock = FakeClock()
    runner = FakeRunner(lambda _argv: answers.pop(0))
    place_order(runner, clock, ("certbot",), budget_seconds=60)
    assert answers == []
    assert len(clock.slept) == 2


def test_waiting_ends_with_the_budget() -> None:
    """With the words of who was in the way."""
    clock = FakeClock()
    runner = FakeRunner(lambda _argv: BUSY)
    with pytest.raises(Busy, match="Another instance of Certbot"):
        place_order(runner, clock, ("certbot",), budget_seconds=10)
    assert clock.monotonic() <= 10


def test_without_time_nothing_is_ordered() -> None:
    """What was left over is for the next run."""
    runner = FakeRunner()
    with pytest.raises(Unavailable, match="the next one goes on"):
        place_order(runner, FakeClock(), ("certbot",), budget_seconds=0)
    assert runner.runs == []


def test_a_refusal_is_told_once_in_its_own_words() -> None:
    """It is not tried again, as that costs one of five failures an hour."""
    runner = FakeRunner(lambda _argv: REFUSED)
    with pytest.raises(Refused) as caught:
        place_order(runner, FakeClock(), ("certbot",), budget_seconds=60)
    assert len(runner.runs) == 1
    assert caught.value.words == (
        "Some challenges have failed.\nCertbot failed to authenticate some domains"
    )


def test_words_are_short() -> None:
    """A screen of them is enough."""
    assert len(words_of(Completed(1, "", "word\n" * 500)).splitlines()) <= 12
