# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wish that certbot cannot fulfil is told on the controller."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.hitless.edge.plugins.filter.certbot_faults import (
    FilterModule,
    certbot_faults,
)

SHORT = {"name": "a.test", "domains": ["a.test"], "profile": "shortlived", "source": "certbot"}


def test_only_certbots_wishes_are_held_against_it() -> None:
    """Those of our own client are none of its business."""
    assert certbot_faults([SHORT], "5.8.0") == []
    assert certbot_faults([{**SHORT, "source": "acme"}], "2.1.0") == []
    (fault,) = certbot_faults([SHORT], "2.1.0-4")
    assert fault.startswith("a.test: certbot 2.1 has no profiles (shortlived)")
    assert "certbot_install: venv" in fault


def test_a_version_that_is_not_known_is_asked_later() -> None:
    """The module asks the command itself, once it is there."""
    assert certbot_faults([SHORT], "") == []


@pytest.mark.parametrize(("wish", "version"), [({"name": "a"}, "5.8.0"), (SHORT, "(none)")])
def test_what_cannot_be_read_is_told(wish: dict[str, object], version: str) -> None:
    """In Ansible's own kind of error."""
    with pytest.raises(AnsibleFilterError):
        certbot_faults([{"source": "certbot", **wish}], version)


def test_ansible_finds_it() -> None:
    """By its name."""
    assert FilterModule().filters() == {"certbot_faults": certbot_faults}
