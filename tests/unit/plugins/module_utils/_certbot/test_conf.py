# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``renewal/NAME.conf`` as configobj writes it, and as we want it."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._acme.wish import Lineage
from ansible_collections.hitless.edge.plugins.module_utils._certbot.conf import (
    Conf,
    Terms,
    at_default_places,
    parse_conf,
    render_conf,
)
from ansible_collections.hitless.edge.plugins.module_utils._pki.keys import KeyType
from hypothesis import given
from hypothesis import strategies as st

TERMS = Terms("f4ff7e", "https://ca.test/dir")
LINEAGE = Lineage("a.test", KeyType.ECDSA, ("a.test",), "shortlived", "ISRG Root X2")
TUTORIAL = """# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/a.test
cert = /etc/letsencrypt/live/a.test/cert.pem
privkey = /etc/letsencrypt/live/a.test/privkey.pem
chain = /etc/letsencrypt/live/a.test/chain.pem
fullchain = /etc/letsencrypt/live/a.test/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = 0123abcd
authenticator = standalone
pre_hook = service haproxy stop
post_hook = service haproxy start
renew_hook = "cat live/a.test/*.pem > '/etc/haproxy/ssl/a.test.pem'"
server = https://acme-v02.api.letsencrypt.org/directory
key_type = ecdsa
rsa_key_size = 4096
[[webroot_map]]
a.test = /var/www
[acme_renewal_info]
ari_retry_after = 2026-11-22T17:26:25
"""
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\"'\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)
VALUES = WORDS.map(str.strip)
SECTIONS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=3)


@given(st.dictionaries(NAMES, VALUES, max_size=5), SECTIONS)
def test_what_is_written_is_what_is_read(
    paths: dict[str, str], sections: dict[str, dict[str, str]]
) -> None:
    """Parse is the inverse of render, whatever certbot may have to quote."""
    conf = Conf(paths, sections)
    assert parse_conf(render_conf(conf)) == conf


@given(st.text(max_size=300))
def test_any_text_is_a_file(text: str) -> None:
    """What a person left half-edited does not stop a run."""
    parse_conf(text)


def test_a_file_of_certbots_is_read() -> None:
    """Comments are not, quotes are taken off, subsections do no harm."""
    conf = parse_conf(TUTORIAL)
    assert conf.paths["archive_dir"] == "/etc/letsencrypt/archive/a.test"
    assert conf.parameters["authenticator"] == "standalone"
    assert conf.parameters["renew_hook"].startswith("cat live/a.test/*.pem > '/etc")
    assert "renew_before_expiry" not in conf.paths
    assert not conf.is_ours


def test_after_settling_nothing_is_stopped_or_started() -> None:
    """Hooks, the authenticator and the account of before are gone; what does no harm stays."""
    settled = parse_conf(TUTORIAL).settled(LINEAGE, TERMS, is_renewed=True)
    assert settled.is_ours
    assert settled.parameters == {
        "account": "f4ff7e",
        "authenticator": "manual",
        "manual_auth_hook": "/bin/true",
        "pref_challs": "http-01,",
        "server": "https://ca.test/dir",
        "key_type": "ecdsa",
        "required_profile": "shortlived",
        "preferred_chain": "ISRG Root X2",
        "rsa_key_size": "4096",
    }
    assert settled.sections["acme_renewal_info"]
    assert settled.profile == "shortlived"


def test_what_is_settled_stays() -> None:
    """Also in the form that certbot writes after a renewal, with its folders."""
    settled = at_default_places("/c", "a.test").settled(LINEAGE, TERMS, is_renewed=True)
    written = parse_conf(render_conf(settled) + "config_dir = /etc/letsencrypt\n")
    assert written.settled(LINEAGE, TERMS, is_renewed=True) is written
    assert "pref_challs = http-01,\n" in render_conf(settled)


@pytest.mark.parametrize("is_renewed", [True, False])
def test_renewal_is_switched_both_ways(is_renewed: bool) -> None:
    """A standby's certbot leaves it alone until its turn has come."""
    before = at_default_places("/c", "a").settled(LINEAGE, TERMS, is_renewed=not is_renewed)
    after = before.settled(LINEAGE, TERMS, is_renewed=is_renewed)
    assert ("autorenew" in after.parameters) is not is_renewed
    assert before != after


def test_what_the_ca_said_of_another_certificate_is_forgotten() -> None:
    """Else certbot would not ask for hours whether the new one is due."""
    assert set(parse_conf(TUTORIAL).forgetful().sections) == {"renewalparams"}
