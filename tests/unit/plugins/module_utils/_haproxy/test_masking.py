# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a config is shown, and a changed one is seen."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.masking import (
    MASK,
    hide,
    mask,
    mask_both,
)

LINES = [
    "    user ann password {}",
    "    user ann insecure-password {}",
    "    user ann groups ops insecure-password {} # of Ann",
    "\tstats auth ann:{}",
    "    http-request set-header Authorization {}",
    "    http-check send meth GET uri / hdr X-Api-Key {}",
    "    presetenv DB_PASSWORD {}",
    "    tcp-check send AUTH\\ {}",
]
SECRETS = ["s3cr3t", "$6$salt$hash/.x", '"se cr et"', "'se\"cr et'", "se\\ cr\\ et"]


@pytest.mark.parametrize("line", LINES, ids=[line.split("{")[0].strip() for line in LINES])
@pytest.mark.parametrize("secret", SECRETS, ids=["plain", "hash", "quoted", "single", "escaped"])
def test_a_secret_is_masked_and_nothing_else(line: str, secret: str) -> None:
    """Name and rest of the line stay, and the lines around it."""
    text = f"global\n{line}\n    mode http\n"
    assert mask(text.format(secret)) == text.format(MASK)


@pytest.mark.parametrize(
    "line",
    [
        "    http-request auth realm ops unless { http_auth(people) }",
        "    http-request del-header Authorization if plain",
        "    acl known req.hdr(authorization) -m found",
        "    user ann groups ops",
        "    setenv REGION eu",
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    """A diff is there to be read."""
    assert mask(line) == line


def test_a_changed_secret_shows_in_a_diff() -> None:
    """Without being shown; one that stays is the same on both sides."""
    text = "    user ann password {}\n    user bob password same\n"
    before, after = mask_both(text.format("one"), text.format("two"))
    assert before.splitlines()[0] == f"    user ann password {MASK} (old)"
    assert after.splitlines()[0] == f"    user ann password {MASK} (new)"
    assert before.splitlines()[1] == after.splitlines()[1] == f"    user bob password {MASK}"


def test_two_secrets_that_change_places_show() -> None:
    """Each belongs to a user."""
    before, after = mask_both(
        "user a password x\nuser b password y\n", "user a password y\nuser b password x\n"
    )
    assert before != after


def test_words_about_a_config_hold_none_of_its_secrets() -> None:
    """HAProxy quotes what it does not understand."""
    config = 'userlist u\n    user ann insecure-password "hunter22"\n'
    words = "[ALERT] unknown keyword 'hunter22' ; line 2: user ann insecure-password hunter22"
    assert "hunter22" not in hide(words, config)
    assert hide("[ALERT] cannot bind", config) == "[ALERT] cannot bind"
